package processtest

import (
	"net/http"
	"testing"

	"github.com/atoll-dev/atoll/services/internal/eventually"
	"github.com/atoll-dev/atoll/services/internal/postgrestest"
)

// noDatabase is what the probe says without a database. The address and the user are only in the log.
const noDatabase = "the database can't be used; see the log of the service"

func (s Service) readinessFollowsTheDatabase(t *testing.T) {
	database := postgrestest.NewOutage(t)
	process := s.start(t, database.URL)

	eventually.Holds(t, "unready because there is no database yet", process.Unready(t, noDatabase))
	if status, _ := process.Get(t, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answered %d without a database, want 200: a restart would not help", status)
	}
	database.End(t)
	eventually.Holds(t, "unready because there is no schema yet", process.Unready(t, "waiting for the migrate subcommand"))
	mustMigrate(t, database.URL)
	eventually.Holds(t, "ready with a database", process.Ready(t))
	database.Begin(t)
	eventually.Holds(t, "unready without its database", process.Unready(t, noDatabase))
	database.End(t)
	eventually.Holds(t, "ready again", process.Ready(t))
	if status, body := process.Get(t, s.Collection); status != http.StatusOK {
		t.Errorf("%s answered %d after the outage, want 200: %s", s.Collection, status, body)
	}
}

func (s Service) serveDoesNotChangeTheSchema(t *testing.T) {
	databaseURL := postgrestest.NewDatabase(t)
	process := s.start(t, databaseURL)

	eventually.Holds(t, "unready until the schema is there",
		process.Unready(t, "the schema has version 0 and needs 1; waiting for the migrate subcommand"))
	postgrestest.Exec(t, databaseURL, `DO $$ BEGIN
		ASSERT NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public'), 'serve made tables';
	END $$`)
	mustMigrate(t, databaseURL)
	eventually.Holds(t, "ready after migrate", process.Ready(t))
}

func (s Service) unreadyDuringTheShutdownDelay(t *testing.T) {
	process := s.start(t, Migrated(t), "SHUTDOWN_DELAY=1h")
	process.Terminate(t)
	eventually.Holds(t, "unready because of the shutdown", process.Unready(t, "shutting down"))
}
