// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"strings"
	"testing"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// contents is what pg_restore lists of an archive.
const contents = `;
; Archive created at 2026-03-01
;
13; 2615 17801 SCHEMA - app orders
4569; 0 0 COMMENT - SCHEMA app orders
2; 3079 16387 EXTENSION - postgis
4573; 0 0 COMMENT - EXTENSION postgis
215; 1259 16400 TABLE public EXTENSION orders
4384; 0 16700 TABLE DATA public spatial_ref_sys postgres
`

func TestPostgreSQLRestore(t *testing.T) {
	run := func(m *machine, env ...string) (string, bool) {
		return m.Run(restoreContainer(t, v1alpha1.EnginePostgreSQL, ""), env...)
	}
	backedUp := func() *machine {
		m := newMachine(t)
		m.takeBackup(v1alpha1.EnginePostgreSQL, 7, "01", "data of 01")
		m.Write(contents, "contents")
		m.Write("", "report")
		return m
	}
	t.Run("the administrator creates extensions, and the service's user restores the rest", func(t *testing.T) {
		m := backedUp()
		if output, succeeded := run(m); !succeeded {
			t.Fatal(output)
		}
		wantInOrder(t, m.Read("told"),
			"--username postgres", "SET LOCAL ROLE", "CREATE EXTENSION IF NOT EXISTS %I", "GRANT", "IS 'filling by atoll_restore_1 from 5'",
			"pg_restore as secret", "--single-transaction", "--no-owner --no-privileges --role order_book",
			"COMMENT - SCHEMA app", "TABLE public EXTENSION", "TABLE DATA public spatial_ref_sys", "data of 01",
			"--username postgres", "IS 'filled by atoll_restore_1'", "REVOKE")
		if got, want := m.Read("scratch", "extensions"), "CREATE EXTENSION IF NOT EXISTS postgis WITH SCHEMA public;\n"; got != want {
			t.Errorf("the administrator reads the extensions from %q, want %q", got, want)
		}
		for _, leftOut := range []string{"SCHEMA - app orders\n2;", "EXTENSION - postgis"} {
			if strings.Contains(m.Read("told"), leftOut) {
				t.Errorf("the service's user restores %q too:\n%s", leftOut, m.Read("told"))
			}
		}
	})
	t.Run("what only the administrator may create is refused before any change", func(t *testing.T) {
		m := backedUp()
		m.Write(contents+"3345; 3466 16420 EVENT TRIGGER - audit postgres\n", "contents")
		output, succeeded := run(m)
		if succeeded || m.Read("told") != "" || !strings.Contains(output, "what only the administrator may create") || !strings.Contains(output, "\n  EVENT TRIGGER - audit postgres\n") {
			t.Errorf("succeeded is %t, received:\n%s\n%s", succeeded, m.Read("told"), output)
		}
	})
	t.Run("a try that fails leaves no mark, and the next one restores", func(t *testing.T) {
		m := backedUp()
		output, succeeded := run(m, "FAKE_TORN=1")
		if succeeded || m.Read("mark") != "" || m.Read("report") != "" || !strings.Contains(output, "could not read from input file") {
			t.Errorf("succeeded is %t, the mark is %q, the report is %q: %s", succeeded, m.Read("mark"), m.Read("report"), output)
		}
		if output, succeeded := run(m); !succeeded || m.Read("mark") != "filled by atoll_restore_1\n" {
			t.Errorf("succeeded is %t, the mark is %q: %s", succeeded, m.Read("mark"), output)
		}
	})
	t.Run("a try that fails after a part was committed is no success", func(t *testing.T) {
		m := backedUp()
		output, succeeded := run(m, "FAKE_TORN=1", "FAKE_COMMITS=1")
		if succeeded || m.Read("mark") != "" || !strings.Contains(output, "a part of it is in the database") {
			t.Errorf("succeeded is %t, the mark is %q: %s", succeeded, m.Read("mark"), output)
		}
	})
	t.Run("a try that was killed is repeated", func(t *testing.T) {
		m := backedUp()
		run(m, "FAKE_KILLED=1")
		if got := m.Read("mark"); got != "filling by atoll_restore_1 from 5\n" {
			t.Fatalf("the mark is %q", got)
		}
		output, succeeded := run(m)
		if got := strings.Count(m.Read("told"), "data of 01"); !succeeded || got != 2 || m.Read("mark") != "filled by atoll_restore_1\n" {
			t.Errorf("succeeded is %t, restored %d times, the mark is %q: %s", succeeded, got, m.Read("mark"), output)
		}
	})
	t.Run("a try that was killed after its commit is not repeated", func(t *testing.T) {
		m := backedUp()
		run(m, "FAKE_KILLED=1", "FAKE_COMMITS=1")
		output, succeeded := run(m)
		if got := strings.Count(m.Read("told"), "data of 01"); !succeeded || got != 1 || m.Read("mark") != "filled by atoll_restore_1\n" || m.Read("report") == "" {
			t.Errorf("succeeded is %t, restored %d times, the mark is %q: %s", succeeded, got, m.Read("mark"), output)
		}
	})
	t.Run("a complete restore is not repeated", func(t *testing.T) {
		m := backedUp()
		m.Write("filled by atoll_restore_1\n", "mark")
		output, succeeded := run(m)
		if told := m.Read("told"); !succeeded || m.Read("report") == "" || strings.Contains(told, "data of 01") || !strings.Contains(told, "REVOKE") {
			t.Errorf("succeeded is %t, received:\n%s\n%s", succeeded, told, output)
		}
	})
}

// wantInOrder checks that a text has several parts in this order.
func wantInOrder(t *testing.T, text string, parts ...string) {
	t.Helper()
	at := 0
	for _, want := range parts {
		next := strings.Index(text[at:], want)
		if next < 0 {
			t.Fatalf("%q is missing or out of order:\n%s", want, text)
		}
		at += next + len(want)
	}
}
