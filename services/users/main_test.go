package main

import (
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/pressly/goose/v3/lock"

	"github.com/atoll-dev/atoll/services/internal/postgrestest"
)

const (
	name       = "users"
	collection = "/users"
	creation   = `{"name": "Ada", "email": "ada@example.com"}`
)

// peers returns what the service needs to know of the services it calls: it calls none.
func peers(*testing.T) (environment []string) { return nil }

// headers are what a creation needs beside its body.
func headers() []string { return nil }

func TestReadyFollowsTheDatabase(t *testing.T) {
	database := postgrestest.NewOutage(t)
	service := start(t, append(peers(t), "DATABASE_URL="+database.URL)...)

	eventually(t, "unready because there is no database yet", service.unready(t, "no such file"))
	if status, _ := service.get(t, "/healthz"); status != http.StatusOK {
		t.Errorf("/healthz answered %d without a database, want 200: a restart would not help", status)
	}
	database.End(t)
	eventually(t, "unready because there is no schema yet", service.unready(t, "waiting for the migrate subcommand"))
	mustMigrate(t, database.URL)
	eventually(t, "ready with a database", service.ready(t))
	database.Begin(t)
	eventually(t, "unready without its database", service.unready(t, "reaching the database"))
	database.End(t)
	eventually(t, "ready again", service.ready(t))
	if status, body := service.get(t, collection); status != http.StatusOK {
		t.Errorf("%s answered %d after the outage, want 200: %s", collection, status, body)
	}
}

func TestServeLeavesTheSchemaToMigrate(t *testing.T) {
	databaseURL := postgrestest.NewDatabase(t)
	service := start(t, append(peers(t), "DATABASE_URL="+databaseURL)...)

	eventually(t, "unready until the schema is there",
		service.unready(t, "the schema has version 0 and needs 1; waiting for the migrate subcommand"))
	postgrestest.Exec(t, databaseURL, `DO $$ BEGIN
		ASSERT NOT EXISTS (SELECT FROM pg_tables WHERE schemaname = 'public'), 'serve made tables';
	END $$`)
	mustMigrate(t, databaseURL)
	eventually(t, "ready after migrate", service.ready(t))
}

func TestSecondMigrateDoesNothing(t *testing.T) {
	databaseURL := postgrestest.NewDatabase(t)
	if output := mustMigrate(t, databaseURL); !strings.Contains(output, "applied 00001_"+name+".sql in ") {
		t.Errorf("migrate printed %q, want the name of its migration", output)
	}
	if diff := cmp.Diff("nothing to do: the schema has version 1\n", mustMigrate(t, databaseURL)); diff != "" {
		t.Errorf("the second migrate printed (-want +got):\n%s", diff)
	}
}

func TestRollbackRunsOnANewerSchema(t *testing.T) {
	databaseURL := migrated(t)
	postgrestest.Exec(t, databaseURL, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (7, true)")

	want := "nothing to do: the schema has version 7, and the newest known here is 1\n"
	if diff := cmp.Diff(want, mustMigrate(t, databaseURL)); diff != "" {
		t.Errorf("migrate printed (-want +got):\n%s", diff)
	}
	service := start(t, append(peers(t), "DATABASE_URL="+databaseURL)...)
	eventually(t, "ready", service.ready(t))
}

func TestMigrationsAtOnceTakeTurns(t *testing.T) {
	databaseURL := postgrestest.NewDatabase(t)
	// It holds the lock until it ends, as a migration would.
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
	eventually(t, "every migration waits for the first", func() (all bool) {
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
	// goose itself has the version 0.
	postgrestest.Exec(t, databaseURL, `DO $$ BEGIN
		ASSERT (SELECT count(*) = count(DISTINCT version_id) AND count(*) > 1 FROM goose_db_version);
	END $$`)
}

func TestFailedMigrateEndsWithTheCause(t *testing.T) {
	taken := postgrestest.NewDatabase(t)
	postgrestest.Exec(t, taken, "CREATE VIEW "+name+" AS SELECT 1")
	tests := map[string]struct {
		environment []string
		want        string
	}{
		"a migration that is wrong": {
			environment: []string{"DATABASE_URL=" + taken},
			want:        `migrate failed: applying 00001_` + name + `\.sql: ERROR: relation "` + name + `" already exists .*`,
		},
		"no database in time": {
			environment: []string{"DATABASE_URL=" + postgrestest.NewOutage(t).URL, "MIGRATE_TIMEOUT=500ms"},
			want:        `migrate failed: gave up after MIGRATE_TIMEOUT \(500ms\): reading the schema version: .* no such file or directory`,
		},
		"a bad setting": {
			environment: []string{"ATOLL_DB_POOL=many"},
			want:        `migrate failed: .*ATOLL_DB_POOL is "many", want a whole number of at least 1`,
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			output, err := runMigrate(test.environment...)
			var exit *exec.ExitError
			if !errors.As(err, &exit) || exit.ExitCode() != 1 {
				t.Errorf("migrate ended with %v, want exit code 1", err)
			}
			lines := strings.Split(strings.TrimSuffix(output, "\n"), "\n")
			last := lines[len(lines)-1]
			if !regexp.MustCompile("^" + test.want + "$").MatchString(last) {
				t.Errorf("the last line is %q, want %s", last, test.want)
			}
		})
	}
}

func TestPoolHasASize(t *testing.T) {
	for _, size := range []string{"0", "-1", "1.5", "many"} {
		t.Run(size, func(t *testing.T) {
			t.Setenv("ATOLL_DB_POOL", size)
			if err := users.Run(t.Context(), nil); err == nil || !strings.Contains(err.Error(), "ATOLL_DB_POOL is \""+size+"\"") {
				t.Errorf("got %v, want an error that names ATOLL_DB_POOL", err)
			}
		})
	}
	service := start(t, append(peers(t), "DATABASE_URL="+migrated(t), "ATOLL_DB_POOL=3")...)
	if _, metrics := service.get(t, "/metrics"); !strings.Contains(metrics, "\npgxpool_max_conns 3\n") {
		t.Error("/metrics does not have pgxpool_max_conns 3")
	}
}

func TestRequestInFlightSurvivesSIGTERM(t *testing.T) {
	var exported sync.Map
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		exported.Store(r.URL.Path, true)
	}))
	defer collector.Close()
	service := start(t, append(peers(t), "DATABASE_URL="+migrated(t),
		"OTEL_EXPORTER_OTLP_ENDPOINT="+collector.URL)...)
	eventually(t, "ready", service.ready(t))

	request := service.sendHalf(t, collection, creation, headers()...)
	eventually(t, "the request is in flight", func() bool {
		_, metrics := service.get(t, "/metrics")
		return strings.Contains(metrics, "\nhttp_requests_in_flight 1\n")
	})
	service.terminate(t)
	eventually(t, "no new connections", func() bool {
		connection, err := net.Dial("tcp", service.address)
		if err == nil {
			_ = connection.Close()
		}
		return err != nil
	})
	if status := request.finish(t); status != http.StatusCreated {
		t.Errorf("the request in flight was answered %d, want 201", status)
	}
	if err := service.wait(t); err != nil {
		t.Errorf("the service ended with %v, want success", err)
	}
	if _, ok := exported.Load("/v1/traces"); !ok {
		t.Error("the trace of the request was not exported before the end")
	}
}

func TestUnfinishedRequestDoesNotHoldUpTheEnd(t *testing.T) {
	service := start(t, append(peers(t), "DATABASE_URL="+migrated(t), "SHUTDOWN_TIMEOUT=10ms")...)
	service.sendHalf(t, collection, creation, headers()...)
	eventually(t, "the request is in flight", func() bool {
		_, metrics := service.get(t, "/metrics")
		return strings.Contains(metrics, "\nhttp_requests_in_flight 1\n")
	})
	service.terminate(t)
	if err := service.wait(t); err == nil {
		t.Error("the service ended with success, although it cut a request off")
	}
}

func TestUnreadyWhileItStillAccepts(t *testing.T) {
	service := start(t, append(peers(t), "DATABASE_URL="+migrated(t), "SHUTDOWN_DELAY=1h")...)
	service.terminate(t)
	eventually(t, "unready because of the end", service.unready(t, "shutting down"))
}

func TestRequestsAreLoggedTracedAndCounted(t *testing.T) {
	service := start(t, append(peers(t), "DATABASE_URL="+migrated(t))...)
	eventually(t, "ready", service.ready(t))
	const traceID = "4bf92f3577b34da6a3ce929d0e0e4736"
	const unknown = "/01890a5d-ac96-774b-bcce-b302099a8057"
	request, err := http.NewRequest(http.MethodGet, "http://"+service.address+collection+unknown, nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Traceparent", "00-"+traceID+"-00f067aa0ba902b7-01")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()

	eventually(t, "one access log line, and none of probes", func() bool { return len(service.logged("Answered")) == 1 })
	line := service.logged("Answered")[0]
	want := map[string]any{"method": "GET", "route": collection + "/{id}", "status": 404.0, "trace_id": traceID}
	for key, value := range want {
		if line[key] != value {
			t.Errorf("the access log has %s %v, want %v", key, line[key], value)
		}
	}
	_, metrics := service.get(t, "/metrics")
	for _, series := range []string{
		`http_request_duration_seconds_count{code="404",method="get",route="` + collection + `/{id}"} 1`,
		"http_requests_in_flight 0",
		"pgxpool_max_conns 10",
	} {
		if !strings.Contains(metrics, "\n"+series+"\n") {
			t.Errorf("/metrics does not have %s", series)
		}
	}
}

func TestUnknownCommandIsRefused(t *testing.T) {
	if err := users.Run(t.Context(), []string{"destroy"}); err == nil || !strings.Contains(err.Error(), "[serve|migrate]") {
		t.Errorf("got %v, want the usage", err)
	}
}
