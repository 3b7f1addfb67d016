package main

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// startPostgreSQL runs a PostgreSQL server for one test and returns the URL of a database.
func startPostgreSQL(t *testing.T) (databaseURL string) {
	t.Helper()
	// Debian does not install the server in PATH.
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin")
	if err != nil || len(found) == 0 {
		t.Fatal("no /usr/lib/postgresql/*/bin; run apt-get install postgresql")
	}
	// t.TempDir can't be used: a socket path is limited to 107 characters, and the server's user needs access.
	directory, err := os.MkdirTemp("", "notes")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(directory) })
	account := serverAccount(t)
	if account != nil {
		if err := os.Chown(directory, int(account.Uid), int(account.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(slices.Max(found), name), args...)
		cmd.Dir = directory
		// The kernel stops the server even if the tests crash.
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account, Pdeathsig: syscall.SIGINT}
		return cmd
	}
	data := filepath.Join(directory, "data")
	if output, err := command("initdb", "-D", data, "-U", "ada", "-A", "trust", "-N", "-E", "UTF8", "--locale=C").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v: %s", err, output)
	}
	server := command("postgres", "-D", data, "-k", directory, "-c", "listen_addresses=", "-c", "fsync=off")
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT)
		_ = server.Wait()
	})
	databaseURL = "postgresql://ada@/postgres?host=" + url.QueryEscape(directory)
	eventually(t, "PostgreSQL accepts connections", func() bool {
		connection, err := pgx.Connect(t.Context(), databaseURL)
		return err == nil && connection.Close(t.Context()) == nil
	})
	return databaseURL
}

// serverAccount returns the account that runs the server if this process is root. PostgreSQL
// refuses to run as root.
func serverAccount(t *testing.T) *syscall.Credential {
	t.Helper()
	if os.Getuid() != 0 {
		return nil
	}
	account, err := user.Lookup("postgres")
	if err != nil {
		t.Fatal(err)
	}
	uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
	gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
	if err := errors.Join(uidErr, gidErr); err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func TestPostgreSQL(t *testing.T) {
	databaseURL := startPostgreSQL(t)
	notes, err := open(databaseURL, 3)
	if err != nil {
		t.Fatal(err)
	}
	defer notes.close()
	h := handler(notes)
	expect := func(method, path, body string, wantStatus int, want string) {
		t.Helper()
		if status, response := call(t, h, method, path, body); status != wantStatus || !strings.Contains(response, want) {
			t.Errorf("%s %s: got %d %q, want %d %q", method, path, status, response, wantStatus, want)
		}
	}
	expect("GET", "/readyz", "", http.StatusServiceUnavailable, `relation "notes" does not exist`)
	expect("PUT", "/notes/a", "1", http.StatusInternalServerError, `relation "notes" does not exist`)

	lines := migrateConcurrently(t, notes)
	slices.Sort(lines)
	if want := []string{"created table notes", "table notes already exists", "table notes already exists"}; !slices.Equal(lines, want) {
		t.Errorf("concurrent migrations reported %q, want %q", lines, want)
	}
	expect("GET", "/readyz", "", http.StatusOK, "ok")
	expect("GET", "/whoami", "", http.StatusOK, `"ada"`)
	expect("PUT", "/notes/b", "2", http.StatusNoContent, "")
	expect("PUT", "/notes/a", "0", http.StatusNoContent, "")
	expect("PUT", "/notes/a", "1", http.StatusNoContent, "")
	expect("GET", "/notes/a", "", http.StatusOK, "1")
	expect("GET", "/notes/c", "", http.StatusNotFound, "")
	expect("GET", "/notes", "", http.StatusOK, `{"count":2,"digest":"`+digest(map[string]string{"a": "1", "b": "2"})+`"}`)

	terminateConnections(t, databaseURL)
	expect("PUT", "/notes/c", "3", http.StatusNoContent, "")
}

func migrateConcurrently(t *testing.T, notes store) (lines []string) {
	t.Helper()
	var mu sync.Mutex
	var migrations sync.WaitGroup
	for range 3 {
		migrations.Go(func() {
			err := notes.migrate(t.Context(), func(line string) {
				mu.Lock()
				defer mu.Unlock()
				lines = append(lines, line)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	migrations.Wait()
	return lines
}

// terminateConnections terminates every connection except its own.
func terminateConnections(t *testing.T, databaseURL string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	connection, err := pgx.Connect(ctx, databaseURL)
	if err != nil {
		t.Fatal(err)
	}
	_, err = connection.Exec(ctx, `SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
		WHERE usename = 'ada' AND pid <> pg_backend_pid() AND backend_type = 'client backend'`)
	if err := errors.Join(err, connection.Close(ctx)); err != nil {
		t.Fatal(err)
	}
}
