package processtest

import (
	"errors"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3/lock"

	"github.com/atoll-dev/atoll/services/internal/eventually"
	"github.com/atoll-dev/atoll/services/internal/postgrestest"
)

func (s Service) secondMigrateChangesNothing(t *testing.T) {
	databaseURL := postgrestest.NewDatabase(t)
	if output := mustMigrate(t, databaseURL); !strings.Contains(output, "applied 00001_"+s.Name+".sql in ") {
		t.Errorf("migrate printed %q, want the name of its migration", output)
	}
	if diff := cmp.Diff("nothing to do: the schema has version 1\n", mustMigrate(t, databaseURL)); diff != "" {
		t.Errorf("the second migrate printed (-want +got):\n%s", diff)
	}
}

func (s Service) serviceRunsOnANewerSchema(t *testing.T) {
	databaseURL := Migrated(t)
	postgrestest.Exec(t, databaseURL, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (7, true)")

	want := "nothing to do: the schema has version 7, and the newest known here is 1\n"
	if diff := cmp.Diff(want, mustMigrate(t, databaseURL)); diff != "" {
		t.Errorf("migrate printed (-want +got):\n%s", diff)
	}
	process := s.start(t, databaseURL)
	eventually.Holds(t, "ready", process.Ready(t))
}

func (s Service) concurrentMigrationsRunInTurn(t *testing.T) {
	databaseURL := postgrestest.NewDatabase(t)
	// This connection holds the lock until it is closed, like a running migration.
	first, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := first.Exec(t.Context(), "SELECT pg_advisory_lock($1)", lock.DefaultLockID); err != nil {
		t.Fatal(err)
	}
	errs := make([]error, 3)
	var migrations sync.WaitGroup
	for i := range errs {
		migrations.Go(func() { _, errs[i] = runMigrate("DATABASE_URL=" + databaseURL) })
	}
	eventually.Holds(t, "every migration waits for the first", func() (all bool) {
		if err := first.QueryRow(t.Context(), `SELECT count(*) = $1 FROM pg_stat_activity
			WHERE datname = current_database() AND query LIKE '%pg_try_advisory_lock%' AND pid <> pg_backend_pid()`,
			len(errs)).Scan(&all); err != nil {
			t.Fatal(err)
		}
		return all
	})
	if err := first.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	migrations.Wait()
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	// goose adds a row with version 0.
	postgrestest.Exec(t, databaseURL, `DO $$ BEGIN
		ASSERT (SELECT count(*) = count(DISTINCT version_id) AND count(*) > 1 FROM goose_db_version);
	END $$`)
}

func (s Service) failedMigratePrintsTheCauseLast(t *testing.T) {
	taken := postgrestest.NewDatabase(t)
	postgrestest.Exec(t, taken, "CREATE VIEW "+s.Name+" AS SELECT 1")
	tests := map[string]struct {
		environment []string
		want        string
	}{
		"a wrong migration": {
			environment: []string{"DATABASE_URL=" + taken},
			want:        `migrate failed: applying 00001_` + s.Name + `\.sql: ERROR: relation "` + s.Name + `" already exists .*`,
		},
		"no database in time": {
			environment: []string{"DATABASE_URL=" + postgrestest.NewOutage(t).URL, "MIGRATE_TIMEOUT=500ms"},
			want:        `migrate failed: gave up after MIGRATE_TIMEOUT \(500ms\): reading the schema version: .* no such file or directory`,
		},
		"an invalid setting": {
			environment: []string{"ATOLL_DB_POOL=many"},
			want:        `migrate failed: .*ATOLL_DB_POOL is "many", want a whole number of at least 1`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			output, err := runMigrate(test.environment...)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("migrate exited with %v, want exit code 1", err)
			}
			lines := strings.Split(strings.TrimSuffix(output, "\n"), "\n")
			last := lines[len(lines)-1]
			if !regexp.MustCompile("^" + test.want + "$").MatchString(last) {
				t.Errorf("the last line is %q, want %s", last, test.want)
			}
		})
	}
}

// runMigrate runs the migrate subcommand and returns its output.
func runMigrate(environment ...string) (output string, err error) {
	cmd := exec.Command(binary, "migrate")
	cmd.Env = append(os.Environ(), environment...)
	printed, err := cmd.CombinedOutput()
	return string(printed), err
}

// mustMigrate runs the migrate subcommand, which must succeed.
func mustMigrate(t *testing.T, databaseURL string) (output string) {
	t.Helper()
	output, err := runMigrate("DATABASE_URL=" + databaseURL)
	if err != nil {
		t.Fatalf("migrate exited with %v: %s", err, output)
	}
	return output
}

// Migrated creates a database with the current schema and returns its URL.
func Migrated(t *testing.T) (databaseURL string) {
	t.Helper()
	databaseURL = postgrestest.NewDatabase(t)
	mustMigrate(t, databaseURL)
	return databaseURL
}
