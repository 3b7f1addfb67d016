package postgres_test

import (
	"context"
	"io/fs"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/postgrestest"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

func migrationOf(statement string) *fstest.MapFile {
	return &fstest.MapFile{Data: []byte("-- +goose Up\n" + statement + ";\n")}
}

func TestMigrate(t *testing.T) {
	first, second := migrationOf("CREATE TABLE first ()"), migrationOf("CREATE TABLE second ()")
	tests := map[string]struct {
		before, migrations fstest.MapFS
		want               []string
		wantErr            string
		wantUnready        string
	}{
		"an empty database gets every migration": {
			migrations: fstest.MapFS{"00001_first.sql": first, "00002_second.sql": second},
			want:       []string{"applied 00001_first.sql", "applied 00002_second.sql"},
		},
		"an older schema gets the missing migrations": {
			before:     fstest.MapFS{"00001_first.sql": first},
			migrations: fstest.MapFS{"00001_first.sql": first, "00002_second.sql": second},
			want:       []string{"applied 00002_second.sql"},
		},
		"a current schema gets nothing": {
			before:     fstest.MapFS{"00001_first.sql": first},
			migrations: fstest.MapFS{"00001_first.sql": first},
			want:       []string{"nothing to do: the schema has version 1"},
		},
		"a newer schema is not changed": {
			before:     fstest.MapFS{"00001_first.sql": first, "00002_second.sql": second},
			migrations: fstest.MapFS{"00001_first.sql": first},
			want:       []string{"nothing to do: the schema has version 2, and the newest known here is 1"},
		},
		"a newer schema with other migrations is not changed": {
			before:     fstest.MapFS{"00003_all.sql": first},
			migrations: fstest.MapFS{"00001_first.sql": first, "00002_second.sql": second},
			want:       []string{"nothing to do: the schema has version 3, and the newest known here is 2"},
		},
		"migrations before a failed one stay applied": {
			migrations:  fstest.MapFS{"00001_first.sql": first, "00002_again.sql": first},
			want:        []string{"applied 00001_first.sql"},
			wantErr:     `applying 00002_again.sql: ERROR: relation "first" already exists (SQLSTATE 42P07)`,
			wantUnready: "the schema has version 1 and needs 2; waiting for the migrate subcommand",
		},
		"a migration older than the schema is an error": {
			before:     fstest.MapFS{"00002_second.sql": second},
			migrations: fstest.MapFS{"00001_first.sql": first, "00002_second.sql": second},
			wantErr:    "migrating the schema: detected 1 missing (out-of-order) migration lower than database version (2): version 1",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			databaseURL := postgrestest.NewDatabase(t)
			if test.before != nil {
				postgrestest.Open(t, databaseURL, test.before)
			}
			db := open(t, databaseURL, test.migrations)
			var got []string
			err := db.Migrate(t.Context(), func(line string) {
				line, _, _ = strings.Cut(line, " in ")
				got = append(got, line)
			})
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("reported (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.wantErr, message(err)); diff != "" {
				t.Errorf("failed with (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.wantUnready, unready(t, db)); diff != "" {
				t.Errorf("serve is unready because of (-want +got):\n%s", diff)
			}
		})
	}
}

func open(t *testing.T, databaseURL string, migrations fs.FS) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), postgres.Config{URL: databaseURL, PoolSize: 1}, migrations)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// unready returns the reason why serve must wait for the schema. It is empty if the schema is ready.
func unready(t *testing.T, db *postgres.DB) (reason string) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := db.AwaitSchema(ctx, func(err error) {
		reason = err.Error()
		cancel()
	})
	if err != nil && reason == "" {
		t.Errorf("AwaitSchema failed and gave no reason: %v", err)
	}
	return reason
}

func message(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
