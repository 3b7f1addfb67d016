// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package output

import (
	"strings"
	"testing"
)

func TestPrintable(t *testing.T) {
	for name, tc := range map[string]struct{ text, want string }{
		"plain text stays":                   {"ready: 2/2\n\tμ ü — ✓", "ready: 2/2\n\tμ ü — ✓"},
		"a colour":                           {"\x1b[31mRED\x1b[0m", "RED"},
		"the title of the window":            {"a\x1b]0;pwned\x07b", "ab"},
		"a title that ends with a string":    {"a\x1b]0;pwned\x1b\\b", "ab"},
		"a title without an end":             {"a\x1b]0;pwned\nb", "a\nb"},
		"a link":                             {"\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\", "click"},
		"a clear screen, a bell":             {"\x1b[2J bell\x07", " bell"},
		"an introducer of one character":     {"\u009b31mC1\u009d0;pwned\u009c.", "C1."},
		"an introducer that is no UTF-8":     {"\x9b31m", "?31m"},
		"a direction override":               {"rtl\u202eevil\u202c \u2066x\u2069\u200f\u061c", "rtlevil x"},
		"a carriage return and a backspace":  {"safe\revil\b\x00\x7f", "safeevil"},
		"a device control string":            {"\x1bPq#0\x1b\\x", "x"},
		"a reset and a change of characters": {"\x1bc\x1b(0x", "x"},
		"an escape at the end":               {"x\x1b", "x"},
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
		"a field of JSON":              {`{"user": "u", "password": "pw1\"pw1", "api_key":"pw1"}`, `{"user": "u", "password": ***, "api_key":***}`},
		"YAML":                         {"password: pw1\nhost: db", "password: ***\nhost: db"},
		"an argument":                  {"valkey-cli --pass x --password pw1 ping", "valkey-cli --pass x --password *** ping"},
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
