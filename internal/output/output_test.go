// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"plain text stays":                    {"ready: 2/2\n\tμ ü — ✓", "ready: 2/2\n\tμ ü — ✓"},
		"a colour":                            {"\x1b[31mRED\x1b[0m", "RED"},
		"the title of the window":             {"a\x1b]0;pwned\x07b", "ab"},
		"a title that ends with a string":     {"a\x1b]0;pwned\x1b\\b", "ab"},
		"a title without an end":              {"a\x1b]0;pwned\nb", "a\nb"},
		"a link":                              {"\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "click"},
		"a clear screen, a bell":              {"\x1b[2J bell\x07", " bell"},
		"an introducer of one character":      {"\u009b31mC1\u009d0;pwned\u009c.", "C1."},
		"a title of C1 that ends with a bell": {"a\u009d0;pwned\x07b\u0090q#0\x1b\\c", "abc"},
		"a title of C1 without an end":        {"a\u009d0;pwned b", "a0;pwned b"},
		"quotes that were encoded twice":      {"\u00e2\u0080\u009ca\u00e2\u0080\u009d or \u00e2\u0080\u009cb\u00e2\u0080\u009d, and \u00e2\u0080\u0098c\u00e2\u0080\u0099", "âaâ or âbâ, and âcâ"},
		"an introducer that is no UTF-8":      {"\x9b31m", "?31m"},
		"a direction override":                {"rtl\u202eevil\u202c \u2066x\u2069\u200f\u061c", "rtlevil x"},
		"a carriage return and a backspace":   {"safe\revil\b\x00\x7f", "safeevil"},
		"a device control string":             {"\x1bPq#0\x1b\\x", "x"},
		"a reset and a change of characters":  {"\x1bc\x1b(0x", "x"},
		"an escape at the end":                {"x\x1b", "x"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Printable(tc.text)
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if again := Printable(got); again != got {
				t.Errorf("a second time: %q", again)
			}
		})
	}
}

func TestRedact(t *testing.T) {
	const secret = "hunter2/x+y"
	for name, tc := range map[string]struct{ text, want string }{
		"plain text stays":             {`password authentication failed for user "users"`, `password authentication failed for user "users"`},
		"a URL without userinfo stays": {"GET http://users:8080/find?mail=a@example.com: 500", "GET http://users:8080/find?mail=a@example.com: 500"},
		"a URL of a mail stays":        {"see http://users/find?mail=a@example.com", "see http://users/find?mail=a@example.com"},
		"a key without a value stays":  {"no password: \nnext line", "no password: \nnext line"},
		"an unexpected token stays":    {"unexpected token: }", "unexpected token: }"},
		"Valkey's refusal stays":       {"WRONGPASS invalid username-password pair or user is disabled.", "WRONGPASS invalid username-password pair or user is disabled."},
		"MariaDB's refusal stays":      {"Access denied for user 'orders'@'10.1.0.3' (using password: YES)", "Access denied for user 'orders'@'10.1.0.3' (using password: YES)"},
		"words stay":                   {"requires basic authentication; Basic configuration loaded; bearer of news", "requires basic authentication; Basic configuration loaded; bearer of news"},
		"a rule for passwords stays":   {"password: must have at least 8 characters", "password: must have at least 8 characters"},
		"a folder stays":               {"pwd: /app\nPWD=/app", "pwd: /app\nPWD=/app"},
		"an address and a path stay":   {"GET http://[fd00::12]:8080/users?mail=a@example.com", "GET http://[fd00::12]:8080/users?mail=a@example.com"},
		"a field after a URL stays":    {`{"error":"timeout","peer":"http://users:8080","user":"ada@example.com"}`, `{"error":"timeout","peer":"http://users:8080","user":"ada@example.com"}`},
		"a field after a password":     {`{"error":"connection refused","msg":"dsn password=pw1"}`, `{"error":"connection refused","msg":"dsn password=***"}`},
		"a field before a driver":      {`{"dsn":"u:pw1@tcp(db:3306)/x","msg":"no route"}`, `{"dsn":"***@tcp(db:3306)/x","msg":"no route"}`},
		"large numbers stay":           {`{"id":9007199254740993,"token":12345678}`, `{"id":9007199254740993,"token":"***"}`},
		"JSON in a field":              {`{"msg":"config {\"password\":\"pw1\"}"}`, `{"msg":"config {\"password\":\"***\"}"}`},
		"JSON behind a time":           {`12:00 config {"password":"pw1","db":"x"}`, `12:00 config {"password":"***","db":"x"}`},
		"JSON in a text in JSON":       {`12:00 {\"client_secret\":\"pw1\"}`, `12:00 {\"client_secret\":\"***\"}`},
		"a number and a path":          {"postgres://u:1234/pw1@db/users and postgresql://o:7#pw1@db:5432/o", "postgres://***@db/users and postgresql://***@db:5432/o"},
		"a URL behind one of HTTP":     {"peer=http://users:8080/,db=postgres://u:s/pw1@db", "peer=http://users:8080/,db=postgres://***@db"},
		"statements of SQL":            {"ALTER ROLE app PASSWORD 'pw1''pw1'; SET PASSWORD FOR a = PASSWORD('pw1'); IDENTIFIED BY 'pw1'", "ALTER ROLE app PASSWORD ***; SET PASSWORD FOR a = PASSWORD(***); IDENTIFIED BY ***"},
		"short names":                  {"DB_PASS=pw1 pass=pw1", "DB_PASS=*** pass=***"},
		"other settings of YAML":       {"client_secret: pw1\napi_key: 'pw1'\nhost: db", "client_secret: ***\napi_key: ***\nhost: db"},
		"a setting of Valkey":          {">>> 'requirepass pw1'", ">>> 'requirepass ***'"},
		"a connection string of ODBC":  {"Server=db;Uid=a;Pwd=pw1;", "Server=db;Uid=a;Pwd=***;"},
		"a URL":                        {"cannot connect to postgresql://users:pw1@users-db:5432/users", "cannot connect to postgresql://***@users-db:5432/users"},
		"a URL without a user":         {"redis://:pw1@cache:6379", "redis://***@cache:6379"},
		"a URL with a token":           {"fetch https://ghp_pw1@github.com/x", "fetch https://***@github.com/x"},
		"a password with @ and /":      {"postgres://u:pw1@/#x@db/users", "postgres://***@db/users"},
		"a password with quotes":       {`"postgres://u:pw1'"pw1@db/users"`, `"postgres://***@db/users"`},
		"two URLs":                     {"amqp://a:pw1@b and amqp://c:pw1@d", "amqp://***@b and amqp://***@d"},
		"a driver of MySQL":            {"dial users:pw1@tcp(db:3306)/users", "dial ***@tcp(db:3306)/users"},
		"a connection string":          {"host=db user=users password=pw1 dbname=users", "host=db user=users password=*** dbname=users"},
		"a quoted value":               {"password='pw1 pw1' host=db", "password=*** host=db"},
		"a variable":                   {"PGPASSWORD=pw1 MYSQL_PWD=pw1 REDISCLI_AUTH=pw1", "PGPASSWORD=*** MYSQL_PWD=*** REDISCLI_AUTH=***"},
		"a field of JSON":              {`{"user": "u", "password": "pw1\"pw1", "api_key":"pw1"}`, `{"api_key":"***","password":"***","user":"u"}`},
		"YAML":                         {"password: pw1\nhost: db", "password: ***\nhost: db"},
		"a literal of JavaScript":      {`connect { user: 'app', password: 'pw1', port: 5432 }`, `connect { user: 'app', password: ***, port: 5432 }`},
		"a debug format of Rust":       {`Config { password: "pw1 pw1", host: "db" }`, `Config { password: ***, host: "db" }`},
		"a struct of Go":               {"{User:app Password:pw1 Host:db}", "{User:app Password:*** Host:db}"},
		"no space behind the colon":    {"password:pw1", "password:***"},
		"YAML in a line":               {"config {password: pw1, host: db, client_secret: pw1}", "config {password: ***, host: db, client_secret: ***}"},
		"a line of JSON in lines":      {"{\n  \"password\": 12345678,\n  \"api_key\": 12345678\n}", "{\n  \"password\": ***,\n  \"api_key\": ***\n}"},
		"JSON with a brace too many":   {`{"msg":"x"}}`, `{"msg":"x"}}`},
		"JSON without a secret":        {`{"z": 1, "a": "<x>"}`, `{"z": 1, "a": "<x>"}`},
		"an argument":                  {"valkey-cli --pass pw1 --db-password pw1 ping", "valkey-cli --pass *** --db-password *** ping"},
		"a header":                     {"Authorization: Bearer pw1pw1pw1.x", "Authorization: Bearer ***"},
		"a key of a bucket":            {"AWS_SECRET_ACCESS_KEY=pw1/x", "AWS_SECRET_ACCESS_KEY=***"},
		"a known password":             {"I know " + secret + ".", "I know ***."},
		"one in a URL":                 {"user=hunter2%2Fx%2By", "user=***"},
		"one in Base64":                {"aHVudGVyMi94K3k=", "***"},
	} {
		t.Run(name, func(t *testing.T) {
			got := Redact(tc.text, secret, "", "abc")
			if got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
			if strings.Contains(got, "pw1") {
				t.Errorf("%q still has a password", got)
			}
			if again := Redact(got, secret); again != got {
				t.Errorf("a second time: %q", again)
			}
		})
	}
}

func TestSafeFindsPasswordsBehindEscapes(t *testing.T) {
	if got, want := Safe("post\x1b[0mgres://u:p\x1b[1mw@db"), "postgres://***@db"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
