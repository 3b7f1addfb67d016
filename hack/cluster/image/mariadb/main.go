// Command mariadb-entrypoint is the entry point of the MariaDB image. It follows the
// conventions of the official image: the first start creates the database from
// MARIADB_ROOT_PASSWORD, MARIADB_DATABASE, MARIADB_USER and MARIADB_PASSWORD. The entry
// point then executes mariadbd with the given arguments.
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

// check returns an error if the settings cannot create a usable database.
func (s settings) check() error {
	if s.rootPassword == "" {
		return errors.New("MARIADB_ROOT_PASSWORD is not set")
	}
	if (s.user == "") != (s.password == "") {
		return errors.New("only one of MARIADB_USER and MARIADB_PASSWORD is set; set both or neither")
	}
	if s.user == "root" {
		return errors.New(`MARIADB_USER is "root", which always exists; leave it unset`)
	}
	return nil
}

func run(args []string, s settings) error {
	argv := firststart.WithServerName(server, args)
	if argv[0] == server {
		if err := prepare(argv[1:], s); err != nil {
			return err
		}
	}
	return firststart.Exec(argv)
}

// prepare creates the database if it does not exist. Otherwise it upgrades data of an
// older server, if MARIADB_AUTO_UPGRADE is set.
func prepare(given []string, s settings) error {
	configured, err := configuredOptions(given)
	if err != nil {
		return err
	}
	data := firststart.Data{Dir: dataFolder(append(configured, given...)), Sentinel: "mysql"}
	if !data.Exists() {
		if err := s.check(); err != nil {
			return err
		}
		err := data.Create(func(dir string) error { return initialise(s, given, dir) })
		if err != nil {
			return fmt.Errorf("creating the database in %s: %w", data.Dir, err)
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

// initialise creates the system tables, the users and the application's database.
func initialise(s settings, given []string, dir string) error {
	args := append(withoutWhitespace(withoutDataFolder(given)),
		"--datadir="+dir, "--auth-root-authentication-method=normal", "--skip-test-db", "--cross-bootstrap")
	if err := (firststart.Program{Name: "mariadb-install-db", Args: args}).Run(); err != nil {
		return err
	}
	return withTemporaryServer(given, dir, nil, s.setUp)
}

// upgrade upgrades the system tables if an older server wrote the data.
func upgrade(given []string, dir string) error {
	needed, err := upgradeNeeded(dir)
	if err != nil || !needed {
		return err
	}
	return withTemporaryServer(given, dir, []string{"--skip-grant-tables"}, func(env []string) error {
		return firststart.Program{Name: "mariadb-upgrade", Args: []string{"--upgrade-system-tables"}, Env: env}.Run()
	})
}
