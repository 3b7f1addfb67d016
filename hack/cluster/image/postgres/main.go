// Command postgres-entrypoint is the entry point of the PostgreSQL image. It follows the
// conventions of the official image: the first start creates the database in PGDATA from
// POSTGRES_USER, POSTGRES_PASSWORD and POSTGRES_DB. Then it executes postgres with the
// given arguments.
package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/atoll-dev/atoll/hack/cluster/image/firststart"
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
	argv := firststart.WithServerName("postgres", args)
	if argv[0] == "postgres" {
		if err := os.Setenv("PGDATA", s.data); err != nil {
			return err
		}
		if err := ensureDatabase(s); err != nil {
			return fmt.Errorf("creating the database in %s: %w", s.data, err)
		}
	}
	return firststart.Exec(argv)
}

func ensureDatabase(s settings) error {
	data := firststart.Data{Dir: s.data, Sentinel: "PG_VERSION"}
	if data.Exists() {
		return nil
	}
	if s.password == "" && s.trust != "trust" {
		return errors.New("POSTGRES_PASSWORD is not set")
	}
	return data.Create(func(dir string) error { return initialise(s, dir) })
}

// initialise creates a database cluster and the application's database. Its server
// listens only on a private socket, so that no client sees an incomplete database.
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
	if err := runProgram(nil, "initdb", append(args, strings.Fields(s.initArgs)...)...); err != nil {
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
	return setUp(s, dir)
}

// setUp creates the application's database and runs the scripts against it.
func setUp(s settings, dir string) error {
	sockets, err := os.MkdirTemp("", "init-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(sockets)
	options := fmt.Sprintf("-c listen_addresses='' -c unix_socket_directories='%s'", sockets)
	if err := runProgram(nil, "pg_ctl", "--pgdata="+dir, "--options="+options, "--wait", "--silent", "start"); err != nil {
		return err
	}
	env := s.scriptEnv(sockets, dir)
	if s.database != "postgres" {
		err = runProgram(env, "createdb", "--username="+s.user, "--maintenance-db=postgres", s.database)
	}
	if err == nil {
		err = firststart.RunScripts(firststart.ScriptFolder, env, func(path string) error {
			return runProgram(env, "psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", "--username="+s.user, "--dbname="+s.database, "--file="+path)
		})
	}
	return errors.Join(err, runProgram(nil, "pg_ctl", "--pgdata="+dir, "--mode=fast", "--wait", "--silent", "stop"))
}

// scriptEnv points the scripts' psql to the private socket.
func (s settings) scriptEnv(sockets, dir string) []string {
	return []string{"POSTGRES_USER=" + s.user, "POSTGRES_DB=" + s.database, "PGDATA=" + dir, "PGHOST=" + sockets, "PGHOSTADDR="}
}

func runProgram(env []string, program string, args ...string) error {
	return firststart.Program{Name: program, Args: args, Env: env}.Run()
}

func appendTo(path, text string) error {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text)
	return errors.Join(err, file.Close())
}
