// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	engines "github.com/atoll-dev/atoll/internal/engine"
)

// restoreContainer is the container that restores a backup from a volume.
func restoreContainer(t *testing.T, engine v1alpha1.DatabaseEngine, name string) *corev1.Container {
	t.Helper()
	spec := &v1alpha1.Database{Engine: engine, Restore: &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{
		PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: "backups"}, Backup: name}}}
	job := planOf(t, engine).RestoreJob("x", "atoll_restore_1", spec, "", nil)
	return &job.Spec.Template.Spec.Containers[0]
}

func TestRestoreRuns(t *testing.T) {
	held := map[v1alpha1.DatabaseEngine][2]string{
		v1alpha1.EnginePostgreSQL: {"3 tables, views or sequences, among them a\nb", "3 tables, views or sequences, among them a b"},
		v1alpha1.EngineMariaDB:    {"3 tables or views, among them a", "3 tables or views, among them a"},
		v1alpha1.EngineValkey:     {"# Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0\r\n", "3 keys in database 0"},
	}
	// A server that does not answer is not empty.
	for _, env := range []string{"FAKE_DEAF=1", "FAKE_LOADING=1"} {
		m := newMachine(t)
		m.takeBackup(v1alpha1.EngineValkey, 7, "01", "data of 01")
		m.Write("", "report")
		m.Write(held[v1alpha1.EngineValkey][0], "held")
		if output, succeeded := m.Run(restoreContainer(t, v1alpha1.EngineValkey, ""), env); succeeded || m.Read("told") != "" {
			t.Errorf("%s: succeeded is %t, and the database received %q: %s", env, succeeded, m.Read("told"), output)
		}
	}
	for engine := range engines.Engines {
		for name, tc := range map[string]struct {
			backup string
			// change happens after three backups, of 1, 2 and 3 o'clock.
			change func(*machine)
			env    string
			// wantData is what reaches the database; empty if the restore fails before it
			// changes anything, with wantSaid.
			wantData, wantFile, wantSaid string
		}{
			"the newest":           {wantData: "data of 03", wantFile: "03"},
			"a named one":          {backup: file(engine, "02"), wantData: "data of 02", wantFile: "02"},
			"one without checksum": {change: func(m *machine) { m.remove(file(engine, "03") + ".sha256") }, wantData: "data of 03", wantFile: "03"},
			"one of another name is ignored": {
				change: func(m *machine) {
					m.Write("mine", "backup", "order-book", "manual."+engines.Engines[engine].Extension())
				}, wantData: "data of 03", wantFile: "03"},
			"one of another name that is requested": {
				backup: "manual",
				change: func(m *machine) {
					m.Write(m.Read("backup", "order-book", file(engine, "02")), "backup", "order-book", "manual")
				}, wantData: "data of 02", wantFile: "manual"},
			"a partial one is ignored": {
				change: func(m *machine) { m.Write("half", "backup", "order-book", "."+file(engine, "04")+".partial") }, wantData: "data of 03", wantFile: "03"},
			"a damaged one": {
				change:   func(m *machine) { m.append("x", file(engine, "03")) },
				wantSaid: "backup " + file(engine, "03") + " at pvc://backups/order-book is damaged: its checksum differs"},
			"an incomplete one without a checksum": {
				change:   func(m *machine) { m.Write("no dump", "backup", "order-book", file(engine, "04")) },
				wantSaid: "not"},
			"a database with data": {
				change:   func(m *machine) { m.Write(held[engine][0], "held") },
				wantSaid: "the database is not empty: it holds " + held[engine][1]},
			"a missing one": {
				backup: file(engine, "09"), wantSaid: "there is no backup " + file(engine, "09") + " at pvc://backups/order-book"},
			"an empty folder": {
				change: func(m *machine) {
					for _, name := range m.files() {
						m.remove(name)
					}
				},
				wantSaid: "there is no backup with the extension " + engines.Engines[engine].Extension() + " at pvc://backups/order-book"},
			"a missing folder": {
				change: func(m *machine) {
					for _, name := range m.files() {
						m.remove(name)
					}
					m.remove("")
				},
				wantSaid: "there is no backup with the extension " + engines.Engines[engine].Extension() + " at pvc://backups/order-book"},
			"a server that is down": {env: "FAKE_DOWN=1", wantSaid: "connection refused"},
		} {
			t.Run(string(engine)+": "+name, func(t *testing.T) {
				m := newMachine(t)
				for _, hour := range []string{"01", "02", "03"} {
					m.takeBackup(engine, 7, hour, "data of "+hour)
				}
				m.Write("", "report")
				if tc.change != nil {
					tc.change(m)
				}
				output, succeeded := m.Run(restoreContainer(t, engine, tc.backup), tc.env)
				told, report := m.Read("told"), m.Read("report")
				if tc.wantData == "" {
					if succeeded || told != "" || report != "" {
						t.Errorf("succeeded is %t, the database received\n%s\nand the report is %q; want a failure before any change; output:\n%s", succeeded, told, report, output)
					}
					if !strings.Contains(output, tc.wantSaid) {
						t.Errorf("output:\n%s\nwant %q", output, tc.wantSaid)
					}
					return
				}
				if !succeeded || !strings.Contains(told, tc.wantData+"\n") {
					t.Errorf("succeeded is %t, and the database received\n%s\nwant %q; output:\n%s", succeeded, told, tc.wantData, output)
				}
				want := "pvc://backups/order-book/" + tc.wantFile
				if tc.backup != tc.wantFile {
					want = "pvc://backups/order-book/" + file(engine, tc.wantFile)
				}
				if report != want {
					t.Errorf("report is %q, want %q", report, want)
				}
			})
		}
	}
}

func TestDownloadRuns(t *testing.T) {
	const engine = v1alpha1.EnginePostgreSQL
	for name, tc := range map[string]struct {
		backup, env string
		stored      []string
		want        []string
		wantSaid    string
	}{
		"the newest":              {stored: []string{file(engine, "01"), file(engine, "02"), "orders.dump"}, want: []string{file(engine, "02")}},
		"a named one":             {backup: "orders.dump", stored: []string{file(engine, "01"), "orders.dump"}, want: []string{"orders.dump"}},
		"none of a backup's name": {stored: []string{"orders.dump"}},
		"a wrong key":             {env: "FAKE_KEY=who are you", stored: []string{file(engine, "01")}, wantSaid: "AccessDenied: who are you"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			for _, file := range tc.stored {
				m.Write("data", "store", "shop", "shop", "order-book", file)
			}
			spec := &v1alpha1.Database{Engine: engine, Restore: &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{S3: &v1alpha1.S3Location{Bucket: "shop"}, Backup: tc.backup}}}
			pod := planOf(t, engine).RestoreJob("x", "atoll_restore_1", spec, "", nil).Spec.Template.Spec
			output, succeeded := m.Run(&pod.InitContainers[0], tc.env)
			if succeeded != (tc.wantSaid == "") || !strings.Contains(output, tc.wantSaid) {
				t.Errorf("succeeded is %t; output:\n%s\nwant %q", succeeded, output, tc.wantSaid)
			}
			if diff := cmp.Diff(tc.want, m.files(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("downloaded (-want +got):\n%s", diff)
			}
		})
	}
}

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
	t.Run("extensions come between schemas and data, as the administrator", func(t *testing.T) {
		m := backedUp()
		if output, succeeded := run(m); !succeeded {
			t.Fatal(output)
		}
		told, at := m.Read("told"), 0
		for _, want := range []string{
			"BEGIN;", "COMMENT ON DATABASE",
			"--role order_book", "SCHEMA - app", "WHERE name = 'postgis'; CREATE EXTENSION IF NOT EXISTS postgis", "RESET ROLE;", "COMMENT - SCHEMA app", "COMMENT - EXTENSION postgis", "GRANT",
			"--single-transaction --role order_book", "TABLE public EXTENSION", "TABLE DATA public spatial_ref_sys", "data of 01", "COMMIT;", "REVOKE",
		} {
			next := strings.Index(told[at:], want)
			if next < 0 {
				t.Fatalf("%q is missing or out of order:\n%s", want, told)
			}
			at += next + len(want)
		}
		for _, once := range []string{"17801 SCHEMA - app", "CREATE EXTENSION"} {
			if got := strings.Count(told, once); got != 1 {
				t.Errorf("%s appears %d times:\n%s", once, got, told)
			}
		}
	})
	t.Run("an incomplete archive is not committed, and the next try restores it", func(t *testing.T) {
		m := backedUp()
		output, succeeded := run(m, "FAKE_TORN=1")
		if succeeded || m.Read("filled") != "" || m.Read("report") != "" || !strings.Contains(output, "could not be read to its end") {
			t.Errorf("succeeded is %t, filled is %q, the report is %q: %s", succeeded, m.Read("filled"), m.Read("report"), output)
		}
		if output, succeeded := run(m); !succeeded || !strings.Contains(m.Read("told"), "data of 01") {
			t.Errorf("succeeded is %t: %s", succeeded, output)
		}
	})
	t.Run("a committed restore is not repeated", func(t *testing.T) {
		m := backedUp()
		m.Write("filled", "filled")
		output, succeeded := run(m)
		if told := m.Read("told"); !succeeded || m.Read("report") == "" || strings.Contains(told, "data of 01") || !strings.Contains(told, "REVOKE") {
			t.Errorf("succeeded is %t, received:\n%s\n%s", succeeded, told, output)
		}
	})
}

func TestMariaDBRestore(t *testing.T) {
	const (
		made = "CREATE USER IF NOT EXISTS `users_b`@`%` IDENTIFIED VIA mysql_native_password USING 'invalid' ACCOUNT LOCK; GRANT ALL PRIVILEGES ON `order_book`.* TO `users_b`@`%`;"
		dump = "INSERT INTO `t` VALUES\n(1,'DEFINER=`nobody`@`%`');\n" +
			"/*!50003 CREATE*/ /*!50017 DEFINER=`users_b`@`%`*/ /*!50003 TRIGGER t1 */\nCREATE DEFINER=`root`@`localhost` PROCEDURE `p`()\n" +
			"/*!50013 DEFINER=`users_b`@`%` SQL SECURITY DEFINER */"
	)
	for name, tc := range map[string]struct {
		env  string
		want bool
		// wantTold comes in this order.
		wantTold []string
	}{
		"one that succeeds": {want: true, wantTold: []string{
			"CREATE DATABASE IF NOT EXISTS atoll_restore_1;", "CREATE OR REPLACE DATABASE `order_book`;", "SET GLOBAL max_allowed_packet = 1073741824;", made,
			"(1,'DEFINER=`nobody`@`%`')", "EXECUTE IMMEDIATE @limit;", "DROP DATABASE atoll_restore_1;"}},
		// The database is empty again: a later write of the user is not the restore's.
		"one that fails": {env: "FAKE_REFUSED=TRIGGER t1", wantTold: []string{
			"CREATE OR REPLACE DATABASE `order_book`;", "TRIGGER t1", "CREATE OR REPLACE DATABASE `order_book`;", "EXECUTE IMMEDIATE @limit;", "DROP DATABASE atoll_restore_1;"}},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.takeBackup(v1alpha1.EngineMariaDB, 7, "01", dump)
			m.Write("", "report")
			output, succeeded := m.Run(restoreContainer(t, v1alpha1.EngineMariaDB, ""), tc.env)
			if reported := m.Read("report") != ""; succeeded != tc.want || reported != tc.want {
				t.Errorf("succeeded is %t, reported is %t, want %t: %s", succeeded, reported, tc.want, output)
			}
			told, at := m.Read("told"), 0
			for _, want := range tc.wantTold {
				next := strings.Index(told[at:], want)
				if next < 0 {
					t.Fatalf("%q is missing or out of order:\n%s", want, told)
				}
				at += next + len(want)
			}
			if strings.Contains(told, "USER IF NOT EXISTS `nobody`") || strings.Contains(told, "USER IF NOT EXISTS `root`") || strings.Count(told, made) != 1 {
				t.Errorf("other users were created, or users_b not once:\n%s", told)
			}
		})
	}
}

// TestValkeyRestoreFails checks that the server is no replica afterwards.
func TestValkeyRestoreFails(t *testing.T) {
	for name, tc := range map[string]struct {
		env      []string
		wantSaid string
	}{
		"a server that was restarted":            {env: []string{"FAKE_ROLE=master"}, wantSaid: "no replica any more"},
		"a server that was restarted at the end": {env: []string{"FAKE_RESTARTS=1"}, wantSaid: "the server was restarted while"},
		"a server that can't write":              {env: []string{"FAKE_REWRITTEN=err"}, wantSaid: "could not write the data"},
		"a source that ends":                     {env: []string{"FAKE_LINK=down", "FAKE_ENDS=1"}, wantSaid: "the server that holds the backup has ended"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.takeBackup(v1alpha1.EngineValkey, 7, "01", "data of 01")
			m.Write("", "report")
			output, succeeded := m.Run(restoreContainer(t, v1alpha1.EngineValkey, ""), tc.env...)
			told := m.Read("told")
			if succeeded || !strings.Contains(output, tc.wantSaid) || m.Read("report") != "" {
				t.Errorf("succeeded is %t, the report is %q; output:\n%s\nwant %q", succeeded, m.Read("report"), output, tc.wantSaid)
			}
			for _, want := range []string{"REPLICAOF NO ONE", "CONFIG SET masterauth \n", "CONFIG SET masteruser \n", "ACL DELUSER atoll_restore_1\n"} {
				if !strings.Contains(told[strings.LastIndex(told, "REPLICAOF"):], want) {
					t.Errorf("the server did not receive %q at the end:\n%s", want, told)
				}
			}
			if strings.Contains(told, "_done") {
				t.Errorf("it is marked as complete:\n%s", told)
			}
		})
	}
}

// TestValkeyRestoresOnce checks a Job whose pod was evicted after its work.
func TestValkeyRestoresOnce(t *testing.T) {
	m := newMachine(t)
	m.takeBackup(v1alpha1.EngineValkey, 7, "01", "data of 01")
	m.Write("user atoll_restore_1_done off\n", "users")
	m.Write("# Keyspace\r\ndb0:keys=3,expires=0,avg_ttl=0\r\n", "held")
	output, succeeded := m.Run(restoreContainer(t, v1alpha1.EngineValkey, ""))
	if !succeeded || m.Read("told") != "" || m.Read("report") == "" {
		t.Errorf("succeeded is %t, received %q, the report is %q: %s", succeeded, m.Read("told"), m.Read("report"), output)
	}
}
