// Command postgres-entrypoint is the entry point of the PostgreSQL image. It
// keeps to the conventions of the official image: the first start makes the
// database from POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB in PGDATA, and
// then postgres takes its place with the arguments given.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
)

func main() {
	if err := run(os.Args[1:], settingsFrom(os.Getenv)); err != nil {
		fmt.Fprintln(os.Stderr, "postgres-entrypoint:", err)
		os.Exit(1)
	}
}

type settings struct {
	user, password, database, data, trust, initArgs string
}

func settingsFrom(getenv func(string) string) settings {
	s := settings{
		user: getenv("POSTGRES_USER"), password: getenv("POSTGRES_PASSWORD"), database: getenv("POSTGRES_DB"),
		data: getenv("PGDATA"), trust: getenv("POSTGRES_HOST_AUTH_METHOD"), initArgs: getenv("POSTGRES_INITDB_ARGS"),
	}
	if s.user == "" {
		s.user = "postgres"
	}
	if s.database == "" {
		s.database = s.user
	}
	if s.data == "" {
		s.data = "/var/lib/postgresql/data"
	}
	return s
}

func run(args []string, s settings) error {
	argv := command(args)
	program, err := exec.LookPath(argv[0])
	if err != nil {
		return err
	}
	if argv[0] == "postgres" {
		if err := os.Setenv("PGDATA", s.data); err != nil {
			return err
		}
		if err := ensureDatabase(s); err != nil {
			return fmt.Errorf("making the database in %s: %w", s.data, err)
		}
	}
	return syscall.Exec(program, argv, os.Environ())
}

// command is what to run: arguments alone are those of postgres.
func command(args []string) []string {
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return append([]string{"postgres"}, args...)
	}
	return args
}

// ensureDatabase makes the database in a folder inside PGDATA, which may be a
// mount and so can't be replaced, and moves it up when it is whole: an
// interrupted start is begun again from nothing.
func ensureDatabase(s settings) error {
	if _, err := os.Stat(filepath.Join(s.data, "PG_VERSION")); err == nil {
		return nil
	}
	if s.password == "" && s.trust != "trust" {
		return errors.New("POSTGRES_PASSWORD is not set")
	}
	if err := refuseForeign(s.data); err != nil {
		return err
	}
	if err := clear(s.data); err != nil {
		return err
	}
	if err := os.MkdirAll(s.data, 0o700); err != nil {
		return err
	}
	// A volume's root may belong to somebody else, who set its mode.
	if err := os.Chmod(s.data, 0o700); err != nil && !errors.Is(err, os.ErrPermission) {
		return err
	}
	staging := filepath.Join(s.data, stagingName)
	if err := initialise(s, staging); err != nil {
		return err
	}
	return promote(staging, s.data)
}

const (
	// stagingName is the folder in which the database is made.
	stagingName = ".initdb"
	// marker says that the files in PGDATA are still being moved there.
	marker = ".initdb-incomplete"
)

// refuseForeign refuses a folder with files that are not an interrupted start's.
func refuseForeign(data string) error {
	if _, err := os.Stat(filepath.Join(data, marker)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(data)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); name != stagingName && name != "lost+found" {
			return fmt.Errorf("it is neither empty nor a database: it holds %q", name)
		}
	}
	return nil
}

// clear takes away what an interrupted start left.
func clear(data string) error {
	entries, err := os.ReadDir(data)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if name := entry.Name(); name != "lost+found" && name != marker {
			if err := os.RemoveAll(filepath.Join(data, name)); err != nil {
				return err
			}
		}
	}
	return nil
}

// promote moves a whole database up. The marker is there for as long as it is
// under way, and PG_VERSION, which is the sign of a database, comes last.
func promote(staging, data string) error {
	if err := os.WriteFile(filepath.Join(data, marker), nil, 0o600); err != nil {
		return err
	}
	entries, err := os.ReadDir(staging)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Name() == "PG_VERSION" {
			continue
		}
		if err := os.Rename(filepath.Join(staging, entry.Name()), filepath.Join(data, entry.Name())); err != nil {
			return err
		}
	}
	if err := os.Rename(filepath.Join(staging, "PG_VERSION"), filepath.Join(data, "PG_VERSION")); err != nil {
		return err
	}
	return errors.Join(os.Remove(staging), os.Remove(filepath.Join(data, marker)))
}

// initialise makes a database cluster and the application's database in it. The
// server that does it listens on a socket alone: nobody sees it half made.
func initialise(s settings, dir string) error {
	password, err := os.CreateTemp("", "password-*")
	if err != nil {
		return err
	}
	defer os.Remove(password.Name())
	if _, err := password.WriteString(s.password + "\n"); err != nil {
		return err
	}
	if err := password.Close(); err != nil {
		return err
	}
	args := []string{
		"--pgdata=" + dir, "--username=" + s.user, "--encoding=UTF8", "--locale=C.UTF-8",
		"--auth-local=trust", "--auth-host=scram-sha-256",
	}
	if s.password != "" {
		args = append(args, "--pwfile="+password.Name())
	}
	if err := call("initdb", append(args, strings.Fields(s.initArgs)...)...); err != nil {
		return err
	}
	method := "scram-sha-256"
	if s.trust != "" {
		method = s.trust
	}
	if err := appendTo(filepath.Join(dir, "pg_hba.conf"), strings.Join([]string{"\nhost", "all", "all", "all", method + "\n"}, " ")); err != nil {
		return err
	}
	if err := appendTo(filepath.Join(dir, "postgresql.conf"), "\nlisten_addresses = '*'\n"); err != nil {
		return err
	}
	if s.database == "postgres" {
		return nil
	}
	return createDatabase(s, dir)
}

func createDatabase(s settings, dir string) error {
	sockets, err := os.MkdirTemp("", "init-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(sockets)
	options := fmt.Sprintf("-c listen_addresses='' -c unix_socket_directories='%s'", sockets)
	if err := call("pg_ctl", "--pgdata="+dir, "--options="+options, "--wait", "--silent", "start"); err != nil {
		return err
	}
	err = call("createdb", "--host="+sockets, "--username="+s.user, "--maintenance-db=postgres", s.database)
	return errors.Join(err, call("pg_ctl", "--pgdata="+dir, "--mode=fast", "--wait", "--silent", "stop"))
}

func call(program string, args ...string) error {
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w", program, err)
	}
	return nil
}

func appendTo(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
