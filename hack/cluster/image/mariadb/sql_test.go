package main

import (
	"strings"
	"testing"
)

func TestStatements(t *testing.T) {
	tests := map[string]struct {
		settings settings
		want     []string // in addition to the fixed statements
	}{
		"root only": {
			settings: settings{rootPassword: "hush", rootHost: "%"},
			want: []string{
				"ALTER USER 'root'@'localhost' IDENTIFIED BY 'hush'",
				"CREATE USER 'root'@'%' IDENTIFIED BY 'hush'",
				"GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION",
			},
		},
		"local root only": {
			settings: settings{rootPassword: "hush", rootHost: "localhost"},
			want:     []string{"ALTER USER 'root'@'localhost' IDENTIFIED BY 'hush'"},
		},
		"database and user": {
			settings: settings{rootPassword: "hush", rootHost: "localhost", database: "shop", user: "orders", password: "secret"},
			want: []string{
				"ALTER USER 'root'@'localhost' IDENTIFIED BY 'hush'",
				"CREATE DATABASE `shop`",
				"CREATE USER 'orders'@'%' IDENTIFIED BY 'secret'",
				"GRANT ALL ON `shop`.* TO 'orders'@'%'",
			},
		},
		"user without a database": {
			settings: settings{rootPassword: "hush", rootHost: "localhost", user: "orders", password: "secret"},
			want: []string{
				"ALTER USER 'root'@'localhost' IDENTIFIED BY 'hush'",
				"CREATE USER 'orders'@'%' IDENTIFIED BY 'secret'",
			},
		},
		"quotes and wildcards": {
			settings: settings{rootPassword: `a'b\c`, rootHost: "localhost", database: "my_`shop", user: "o'k", password: `\`},
			want: []string{
				`ALTER USER 'root'@'localhost' IDENTIFIED BY 'a\'b\\c'`,
				"CREATE DATABASE `my_``shop`",
				`CREATE USER 'o\'k'@'%' IDENTIFIED BY '\\'`,
				"GRANT ALL ON `my\\_``shop`.* TO 'o\\'k'@'%'",
			},
		},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			always := []string{"SET SESSION sql_mode = ''", "DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1'"}
			want := strings.Join(append(always, tc.want...), ";\n") + ";\n"
			if got := tc.settings.statements(); got != want {
				t.Errorf("statements returned\n%s\nwant\n%s", got, want)
			}
		})
	}
}
