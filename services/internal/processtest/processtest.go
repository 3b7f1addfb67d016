// Package processtest tests the binary of a service as a process with a real database.
package processtest

import (
	"context"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/atoll-dev/atoll/services/internal/postgrestest"
)

// Service has the parameters of the tests for one service.
type Service struct {
	// Name is the name of the service and of the table that its first migration creates.
	Name string
	// Run runs a subcommand in this process.
	Run func(ctx context.Context, args []string) error
	// Collection is the path for GET of the list and for POST.
	Collection string
	// Creation is a valid body for the POST, and Headers are the headers that it needs.
	Creation string
	Headers  []string
	// Peers starts the services that this one calls and returns the environment variables with their URLs.
	// Unset means that it calls none.
	Peers func(t *testing.T) (environment []string)
	// PeerVariable is the environment variable with the URL that serve requires. Unset means none.
	PeerVariable string
}

// binary is the path of the service's binary.
var binary string

// Main builds the service in the current directory and runs the tests. Call it from TestMain.
func (s Service) Main(m *testing.M) int {
	directory, err := os.MkdirTemp("", s.Name)
	if err != nil {
		log.Print(err)
		return 1
	}
	defer func() { _ = os.RemoveAll(directory) }()
	binary = filepath.Join(directory, s.Name)
	if output, err := exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		log.Printf("building the service: %v: %s", err, output)
		return 1
	}
	return postgrestest.Main(m)
}

// Test runs the tests that all services have in common.
func (s Service) Test(t *testing.T) {
	tests := map[string]func(*testing.T){
		"readiness follows the database":                      s.readinessFollowsTheDatabase,
		"serve does not change the schema":                    s.serveDoesNotChangeTheSchema,
		"the service is unready during the shutdown delay":    s.unreadyDuringTheShutdownDelay,
		"a second migrate changes nothing":                    s.secondMigrateChangesNothing,
		"the service runs on a newer schema after a rollback": s.serviceRunsOnANewerSchema,
		"concurrent migrations run one after the other":       s.concurrentMigrationsRunInTurn,
		"a failed migrate prints the cause last":              s.failedMigratePrintsTheCauseLast,
		"a request in flight finishes after SIGTERM":          s.requestInFlightFinishesAfterSIGTERM,
		"an unfinished request does not delay the exit":       s.unfinishedRequestDoesNotDelayTheExit,
		"requests are logged, traced and counted":             s.requestsAreLoggedTracedAndCounted,
		"the pool has the size of ATOLL_DB_POOL":              s.poolHasTheConfiguredSize,
		"an unknown subcommand is rejected":                   s.unknownSubcommandIsRejected,
	}
	if s.PeerVariable != "" {
		tests["serve requires the URL of its peer"] = s.serveRequiresThePeerURL
	}
	for name, test := range tests {
		t.Run(name, test)
	}
}

// start starts the service with its peers.
func (s Service) start(t *testing.T, databaseURL string, environment ...string) *Process {
	t.Helper()
	environment = append(environment, "DATABASE_URL="+databaseURL)
	if s.Peers != nil {
		environment = append(environment, s.Peers(t)...)
	}
	return Start(t, environment...)
}

func (s Service) serveRequiresThePeerURL(t *testing.T) {
	t.Setenv(s.PeerVariable, "")
	if err := s.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), s.PeerVariable) {
		t.Errorf("got %v, want an error that names %s", err, s.PeerVariable)
	}
}
