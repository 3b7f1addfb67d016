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
			// changes anything, with wantOutput.
			wantData, wantFile, wantOutput string
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
				change:     func(m *machine) { m.append("x", file(engine, "03")) },
				wantOutput: "backup " + file(engine, "03") + " at pvc://backups/order-book is damaged: its checksum differs"},
			"an incomplete one without a checksum": {
				change:     func(m *machine) { m.Write("no dump", "backup", "order-book", file(engine, "04")) },
				wantOutput: "not"},
			"a database with data": {
				change:     func(m *machine) { m.Write(held[engine][0], "held") },
				wantOutput: "the database is not empty: it holds " + held[engine][1]},
			"a missing one": {
				backup: file(engine, "09"), wantOutput: "there is no backup " + file(engine, "09") + " at pvc://backups/order-book"},
			"an empty folder": {
				change: func(m *machine) {
					for _, name := range m.files() {
						m.remove(name)
					}
				},
				wantOutput: "there is no backup with the extension " + engines.Engines[engine].Extension() + " at pvc://backups/order-book"},
			"a missing folder": {
				change: func(m *machine) {
					for _, name := range m.files() {
						m.remove(name)
					}
					m.remove("")
				},
				wantOutput: "there is no backup with the extension " + engines.Engines[engine].Extension() + " at pvc://backups/order-book"},
			"a server that is down": {env: "FAKE_DOWN=1", wantOutput: "connection refused"},
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
					if !strings.Contains(output, tc.wantOutput) {
						t.Errorf("output:\n%s\nwant %q", output, tc.wantOutput)
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
		wantOutput  string
	}{
		"the newest":              {stored: []string{file(engine, "01"), file(engine, "02"), "orders.dump"}, want: []string{file(engine, "02")}},
		"a named one":             {backup: "orders.dump", stored: []string{file(engine, "01"), "orders.dump"}, want: []string{"orders.dump"}},
		"none of a backup's name": {stored: []string{"orders.dump"}},
		"a wrong key":             {env: "FAKE_KEY=who are you", stored: []string{file(engine, "01")}, wantOutput: "AccessDenied: who are you"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			for _, file := range tc.stored {
				m.Write("data", "store", "shop", "shop", "order-book", file)
			}
			spec := &v1alpha1.Database{Engine: engine, Restore: &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{S3: &v1alpha1.S3Location{Bucket: "shop"}, Backup: tc.backup}}}
			pod := planOf(t, engine).RestoreJob("x", "atoll_restore_1", spec, "", nil).Spec.Template.Spec
			output, succeeded := m.Run(&pod.InitContainers[0], tc.env)
			if succeeded != (tc.wantOutput == "") || !strings.Contains(output, tc.wantOutput) {
				t.Errorf("succeeded is %t; output:\n%s\nwant %q", succeeded, output, tc.wantOutput)
			}
			if diff := cmp.Diff(tc.want, m.files(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("downloaded (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMariaDBRestore(t *testing.T) {
	const dump = "/*M!999999\\- enable the sandbox mode */ \n" +
		"INSERT INTO `t` VALUES\n(1,'DEFINER=`ada`@`%`');\n" +
		"/*!50003 CREATE*/ /*!50017 DEFINER=`users_b`@`%`*/ /*!50003 TRIGGER t1 */\nCREATE DEFINER=`root`@`localhost` PROCEDURE `p`()\n" +
		"/*!50106 CREATE*/ /*!50117 DEFINER=`users_b`@`%`*/ /*!50106 EVENT `e` */\nCREATE DEFINER=`a role` FUNCTION `f`()\n" +
		"/*!50013 DEFINER=`users_b`@`%` SQL SECURITY DEFINER */"
	for name, tc := range map[string]struct {
		env  string
		want bool
		// wantTold comes in this order.
		wantTold []string
	}{
		"one that succeeds": {want: true, wantTold: []string{
			"CREATE DATABASE IF NOT EXISTS atoll_restore_1;", "--user=root", "CREATE OR REPLACE DATABASE `order_book`;", "SET GLOBAL max_allowed_packet = 1073741824;",
			"--user=secret --max-allowed-packet=1G --binary-mode --local-infile=0 --sandbox order_book", "(1,'DEFINER=`ada`@`%`')",
			"/*!50017 DEFINER=CURRENT_USER*/ /*!50003 TRIGGER", "CREATE DEFINER=CURRENT_USER PROCEDURE", "/*!50117 DEFINER=CURRENT_USER*/ /*!50106 EVENT",
			"CREATE DEFINER=CURRENT_USER FUNCTION", "/*!50013 DEFINER=CURRENT_USER SQL SECURITY DEFINER */", "--user=root", "EXECUTE IMMEDIATE @limit;", "DROP DATABASE atoll_restore_1;"}},
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
			told := m.Read("told")
			wantInOrder(t, told, tc.wantTold...)
			if strings.Contains(told, "CREATE USER") || strings.Contains(told, "sandbox mode") {
				t.Errorf("users were created, or the client received a command:\n%s", told)
			}
		})
	}
}

// TestValkeyRestoreFails checks that the server is no replica afterwards.
func TestValkeyRestoreFails(t *testing.T) {
	for name, tc := range map[string]struct {
		env        []string
		wantOutput string
	}{
		"a server that was restarted":            {env: []string{"FAKE_ROLE=master"}, wantOutput: "no replica any more"},
		"a server that was restarted at the end": {env: []string{"FAKE_RESTARTS=1"}, wantOutput: "the server was restarted while"},
		"a server that can't write":              {env: []string{"FAKE_REWRITTEN=err"}, wantOutput: "could not write the data"},
		"a source that ends":                     {env: []string{"FAKE_LINK=down", "FAKE_ENDS=1"}, wantOutput: "the server that holds the backup has ended"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.takeBackup(v1alpha1.EngineValkey, 7, "01", "data of 01")
			m.Write("", "report")
			output, succeeded := m.Run(restoreContainer(t, v1alpha1.EngineValkey, ""), tc.env...)
			told := m.Read("told")
			if succeeded || !strings.Contains(output, tc.wantOutput) || m.Read("report") != "" {
				t.Errorf("succeeded is %t, the report is %q; output:\n%s\nwant %q", succeeded, m.Read("report"), output, tc.wantOutput)
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
