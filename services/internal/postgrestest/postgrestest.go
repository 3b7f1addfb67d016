// Package postgrestest runs a real PostgreSQL server for the tests of a package.
package postgrestest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/atoll-dev/atoll/services/internal/postgres"
)

// socketName is the file name of PostgreSQL's socket for the default port.
const socketName = ".s.PGSQL.5432"

// directory has the data and the socket of the server of this test binary.
var directory string

var databases atomic.Int64

// Main starts a server, runs the tests and stops it. Call it from TestMain.
func Main(m *testing.M) (code int) {
	stop, err := start()
	if err != nil {
		log.Print("starting PostgreSQL: ", err)
		return 1
	}
	defer stop()
	return m.Run()
}

// NewDatabase creates an empty database and returns its URL.
func NewDatabase(t testing.TB) string {
	t.Helper()
	return urlOf(directory, create(t))
}

// Open opens a database and applies the migrations to it.
func Open(t testing.TB, databaseURL string, migrations fs.FS) *postgres.DB {
	t.Helper()
	opened, err := postgres.Open(t.Context(), postgres.Config{URL: databaseURL, PoolSize: 10}, migrations)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(opened.Close)
	if err := opened.Migrate(t.Context(), func(line string) { t.Log(line) }); err != nil {
		t.Fatal(err)
	}
	return opened
}

func create(t testing.TB) (database string) {
	t.Helper()
	database = fmt.Sprintf("test%d", databases.Add(1))
	Exec(t, urlOf(directory, "postgres"), "CREATE DATABASE "+database)
	return database
}

// urlOf returns the URL of a database on the server with its socket in directory.
func urlOf(directory, database string) string {
	return "postgres://postgres@/" + database + "?host=" + url.QueryEscape(directory)
}

// Exec runs one statement.
func Exec(t testing.TB, databaseURL, statement string, args ...any) {
	t.Helper()
	connection, err := pgx.Connect(t.Context(), databaseURL)
	if err != nil {
		t.Fatalf("connecting to the test database: %v", err)
	}
	_, err = connection.Exec(t.Context(), statement, args...)
	if err := errors.Join(err, connection.Close(t.Context())); err != nil {
		t.Fatalf("running %q: %v", statement, err)
	}
}

func start() (stop func(), err error) {
	bin, err := binaries()
	if err != nil {
		return nil, err
	}
	// Not t.TempDir(), because the path of a socket may have at most 107 characters.
	if directory, err = os.MkdirTemp("", "postgrestest"); err != nil {
		return nil, err
	}
	remove := func() { _ = os.RemoveAll(directory) }
	data := filepath.Join(directory, "data")
	account, err := account()
	if err != nil {
		remove()
		return nil, err
	}
	if account != nil {
		if err := os.Chown(directory, int(account.Uid), int(account.Gid)); err != nil {
			remove()
			return nil, err
		}
	}
	initdb := command(account, filepath.Join(bin, "initdb"), "--pgdata", data, "--username=postgres",
		"--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
	if output, err := initdb.CombinedOutput(); err != nil {
		remove()
		return nil, fmt.Errorf("initdb: %w: %s", err, output)
	}
	stopServer, err := serve(account, filepath.Join(bin, "postgres"), "-D", data, "-k", directory,
		"-p", "5432", "-c", "listen_addresses=", "-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")
	if err != nil {
		remove()
		return nil, err
	}
	return stopServer, nil
}

// serve starts the server and waits until it accepts connections.
func serve(account *syscall.Credential, postgres ...string) (stop func(), err error) {
	// The shell stops the server when its standard input is closed. That happens even if this process crashes.
	const script = `"$@" & read -r _; kill -INT $!; wait $!; rm -rf "$0"`
	server := command(account, "/bin/sh", append([]string{"-c", script, directory}, postgres...)...)
	alive, err := server.StdinPipe()
	if err != nil {
		return nil, err
	}
	messages, err := server.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := server.Start(); err != nil {
		return nil, err
	}
	stop = func() {
		_ = alive.Close()
		// The exit code of a server that was stopped does not matter.
		_ = server.Wait()
	}
	var seen []string
	for lines := bufio.NewScanner(messages); lines.Scan(); {
		if strings.Contains(lines.Text(), "ready to accept connections") {
			go func() { _, _ = io.Copy(io.Discard, messages) }()
			return stop, nil
		}
		seen = append(seen, lines.Text())
	}
	stop()
	return nil, fmt.Errorf("the server ended early: %s", strings.Join(seen, "\n"))
}

func command(account *syscall.Credential, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(context.Background(), name, args...)
	cmd.Dir = directory
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	if account != nil {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: account}
	}
	return cmd
}

// binaries returns the directory of initdb. Debian does not add it to PATH.
func binaries() (string, error) {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(initdb), nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", errors.New("no initdb in PATH or /usr/lib/postgresql: apt-get install postgresql")
	}
	return filepath.Dir(slices.Max(found)), nil
}

// account returns the user to run the server as if this process is root. PostgreSQL does not run as root.
func account() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		known, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.ParseUint(known.Uid, 10, 32)
		if err != nil {
			return nil, err
		}
		gid, err := strconv.ParseUint(known.Gid, 10, 32)
		if err != nil {
			return nil, err
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, errors.New("root needs a user postgres or nobody to run PostgreSQL as")
}
