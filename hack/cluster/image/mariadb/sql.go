package main

import (
	"io"
	"os"
	"strings"

	"github.com/atoll-dev/atoll/hack/cluster/image/firststart"
)

// setUp creates the users and the application's database and runs the scripts.
func (s settings) setUp(env []string) error {
	if err := client(env, strings.NewReader(s.statements())).Run(); err != nil {
		return err
	}
	return firststart.RunScripts(firststart.ScriptFolder, env, func(path string) error {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		program := client(append([]string{"MYSQL_PWD=" + s.rootPassword}, env...), file)
		if s.database != "" {
			program.Args = append(program.Args, "--database="+s.database)
		}
		return program.Run()
	})
}

func client(env []string, input io.Reader) firststart.Program {
	return firststart.Program{Name: "mariadb", Args: []string{"--user=root", "--binary-mode"}, Env: env, Input: input}
}

// statements returns SQL that creates the users and the application's database.
func (s settings) statements() string {
	out := []string{
		// The SQL mode must not disable backslash escapes.
		"SET SESSION sql_mode = ''",
		// These users would have no password.
		"DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1'",
		"ALTER USER 'root'@'localhost' IDENTIFIED BY " + quoteText(s.rootPassword),
	}
	if s.rootHost != "localhost" {
		root := "'root'@" + quoteText(s.rootHost)
		out = append(out,
			"CREATE USER "+root+" IDENTIFIED BY "+quoteText(s.rootPassword),
			"GRANT ALL ON *.* TO "+root+" WITH GRANT OPTION")
	}
	if s.database != "" {
		out = append(out, "CREATE DATABASE "+quoteIdentifier(s.database))
	}
	if s.user != "" {
		user := quoteText(s.user) + "@'%'"
		out = append(out, "CREATE USER "+user+" IDENTIFIED BY "+quoteText(s.password))
		if s.database != "" {
			out = append(out, "GRANT ALL ON "+quoteIdentifier(wildcards.Replace(s.database))+".* TO "+user)
		}
	}
	return strings.Join(out, ";\n") + ";\n"
}

var (
	quotes = strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	// GRANT treats these characters as wildcards.
	wildcards = strings.NewReplacer(`\`, `\\`, "_", `\_`, "%", `\%`)
)

func quoteText(s string) string { return "'" + quotes.Replace(s) + "'" }

func quoteIdentifier(s string) string { return "`" + strings.ReplaceAll(s, "`", "``") + "`" }
