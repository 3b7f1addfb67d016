// Command mariadb-entrypoint is the entry point of the MariaDB image. It keeps to
// the conventions of the official image: the first start makes the database from
// MARIADB_ROOT_PASSWORD, MARIADB_DATABASE, MARIADB_USER and MARIADB_PASSWORD, and
// then mariadbd takes its place with the arguments given.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/atoll-dev/atoll/hack/cluster/image/firststart"
)

const server = "mariadbd"

func main() {
	if err := run(os.Args[1:], settingsFrom(os.Getenv)); err != nil {
		fmt.Fprintln(os.Stderr, "mariadb-entrypoint:", err)
		os.Exit(1)
	}
}

type settings struct {
	rootPassword, rootHost, database, user, password string
	autoUpgrade                                      bool
}

func settingsFrom(getenv func(string) string) settings {
	s := settings{
		rootPassword: getenv("MARIADB_ROOT_PASSWORD"), rootHost: getenv("MARIADB_ROOT_HOST"),
		database: getenv("MARIADB_DATABASE"), user: getenv("MARIADB_USER"), password: getenv("MARIADB_PASSWORD"),
		autoUpgrade: getenv("MARIADB_AUTO_UPGRADE") != "",
	}
	if s.rootHost == "" {
		s.rootHost = "%"
	}
	return s
}

// check refuses settings that make no usable database.
func (s settings) check() error {
	if s.rootPassword == "" {
		return errors.New("MARIADB_ROOT_PASSWORD is not set")
	}
	if (s.user == "") != (s.password == "") {
		return errors.New("MARIADB_USER and MARIADB_PASSWORD go together: one of them is not set")
	}
	if s.user == "root" {
		return errors.New(`MARIADB_USER is "root", which there is always: leave it unset`)
	}
	return nil
}

func run(args []string, s settings) error {
	argv := firststart.WithServer(server, args)
	if argv[0] == server {
		if err := prepare(argv[1:], s); err != nil {
			return err
		}
	}
	return firststart.Become(argv)
}

// prepare makes the database, or brings an older server's up to date.
func prepare(given []string, s settings) error {
	configured, err := configuredOptions(given)
	if err != nil {
		return err
	}
	data := firststart.Data{Dir: dataFolder(append(configured, given...)), Sign: "mysql"}
	if !data.Exists() {
		if err := s.check(); err != nil {
			return err
		}
		err := data.Make(func(dir string) error { return initialise(s, given, dir) })
		if err != nil {
			return fmt.Errorf("making the database in %s: %w", data.Dir, err)
		}
		return nil
	}
	if s.autoUpgrade {
		if err := upgrade(given, data.Dir); err != nil {
			return fmt.Errorf("upgrading the database in %s: %w", data.Dir, err)
		}
	}
	return nil
}

// initialise makes the system tables, the users and the application's database.
func initialise(s settings, given []string, dir string) error {
	args := append(withoutBlanks(withoutDataFolder(given)),
		"--datadir="+dir, "--auth-root-authentication-method=normal", "--skip-test-db", "--cross-bootstrap")
	if err := (firststart.Program{Name: "mariadb-install-db", Args: args}).Run(); err != nil {
		return err
	}
	return withServer(given, dir, nil, s.furnish)
}

// upgrade brings the system tables of an older server's data up to date.
func upgrade(given []string, dir string) error {
	needed, err := upgradeNeeded(dir)
	if err != nil || !needed {
		return err
	}
	return withServer(given, dir, []string{"--skip-grant-tables"}, func(env []string) error {
		return firststart.Program{Name: "mariadb-upgrade", Args: []string{"--upgrade-system-tables"}, Env: env}.Run()
	})
}
