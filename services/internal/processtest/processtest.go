// Package processtest tests a service as a process: as it is shipped, with a real database.
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

// Service is what the tests need to know of a service.
type Service struct {
	// Name is the service's, and that of the table that its first migration makes.
	Name string
	// Run is what main runs.
	Run func(ctx context.Context, args []string) error
	// Collection is the path of the list, and of what is created.
	Collection string
	// Creation is the body of a creation, and Headers are what it needs beside the body.
	Creation string
	Headers  []string
	// Peers starts the services that this one calls, and returns the variables that name them. Nil if it calls none.
	Peers func(t *testing.T) (environment []string)
	// PeerVariable is a variable that Peers sets and serve needs.
	PeerVariable string
}

// binary is the service as it is shipped.
var binary string

// Main builds the service of this folder and runs the tests. Call it from TestMain.
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

// Test runs every test that all services have in common.
func (s Service) Test(t *testing.T) {
	tests := map[string]func(*testing.T){
		"ready follows the database":                     s.readyFollowsTheDatabase,
		"serve leaves the schema to migrate":             s.serveLeavesTheSchemaToMigrate,
		"unready while it still accepts":                 s.unreadyWhileItStillAccepts,
		"a second migrate does nothing":                  s.secondMigrateDoesNothing,
		"a rollback runs on a newer schema":              s.rollbackRunsOnANewerSchema,
		"migrations at once take turns":                  s.migrationsAtOnceTakeTurns,
		"a failed migrate ends with the cause":           s.failedMigrateEndsWithTheCause,
		"a request in flight survives SIGTERM":           s.requestInFlightSurvivesSIGTERM,
		"an unfinished request does not hold up the end": s.unfinishedRequestDoesNotHoldUpTheEnd,
		"requests are logged, traced and counted":        s.requestsAreLoggedTracedAndCounted,
		"the pool has a size":                            s.poolHasASize,
		"an unknown command is refused":                  s.unknownCommandIsRefused,
	}
	if s.PeerVariable != "" {
		tests["serve needs its peer"] = s.serveNeedsItsPeer
	}
	for name, test := range tests {
		t.Run(name, test)
	}
}

// start runs the service with its peers.
func (s Service) start(t *testing.T, databaseURL string, environment ...string) *Process {
	t.Helper()
	environment = append(environment, "DATABASE_URL="+databaseURL)
	if s.Peers != nil {
		environment = append(environment, s.Peers(t)...)
	}
	return Start(t, environment...)
}

func (s Service) serveNeedsItsPeer(t *testing.T) {
	t.Setenv(s.PeerVariable, "")
	if err := s.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), s.PeerVariable) {
		t.Errorf("got %v, want an error that names %s", err, s.PeerVariable)
	}
}
