// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	engines "github.com/atoll-dev/atoll/internal/engine"
)

// backup returns a schedule of backups to a volume.
func backup(schedule string, keep int32) *v1alpha1.DatabaseBackup {
	return &v1alpha1.DatabaseBackup{Schedule: schedule, Keep: ptr.To(keep), Destination: v1alpha1.BackupLocation{
		PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: "backups"}}}
}

// backupContainer is the container that dumps a database to a volume.
func backupContainer(t *testing.T, engine v1alpha1.DatabaseEngine, keep int32) *corev1.Container {
	t.Helper()
	job := planOf(t, engine).BackupCronJob(backup("@daily", keep), "", false, nil)
	return &job.Spec.JobTemplate.Spec.Template.Spec.Containers[0]
}

// takeBackup backs data up at an hour of a day.
func (m *machine) takeBackup(engine v1alpha1.DatabaseEngine, keep int32, hour, data string) string {
	m.T.Helper()
	output, succeeded := m.Run(backupContainer(m.T, engine, keep), "FAKE_TIME=2026-03-01T"+hour+":00:00Z", "FAKE_DATA="+data)
	if !succeeded {
		m.T.Fatalf("the backup failed:\n%s", output)
	}
	return output
}

// file is the name of the backup of an hour.
func file(engine v1alpha1.DatabaseEngine, hour string) string {
	return "20260301T" + hour + "0000Z." + engines.Engines[engine].Extension()
}

func TestBackupRuns(t *testing.T) {
	for engine := range engines.Engines {
		t.Run(string(engine)+" keeps the wanted number", func(t *testing.T) {
			m := newMachine(t)
			manual, almost := "manual."+engines.Engines[engine].Extension(), "20260301T0000Z."+engines.Engines[engine].Extension()
			for _, mine := range []string{"notes.txt", manual, almost} {
				m.Write("mine", "backup", "order-book", mine)
			}
			m.Write("another's", "backup", "users", file(engine, "00"))
			for _, hour := range []string{"01", "02", "03"} {
				m.takeBackup(engine, 2, hour, "data")
			}
			output := m.takeBackup(engine, 2, "04", "data")
			want := []string{file(engine, "03"), file(engine, "03") + ".sha256", file(engine, "04"), file(engine, "04") + ".sha256", manual, "notes.txt"}
			want = slices.Insert(want, 0, almost)
			if diff := cmp.Diff(want, m.files()); diff != "" {
				t.Errorf("files (-want +got):\n%s", diff)
			}
			if want := "deleting " + file(engine, "02") + ", of which more than 2 newer ones are there"; !strings.Contains(output, want) {
				t.Errorf("output:\n%s\nwant %q", output, want)
			}
			if m.Read("report") == "" {
				t.Error("there is no report")
			}
			if m.Read("backup", "users", file(engine, "00")) == "" {
				t.Error("another service's backup was deleted")
			}
		})
		t.Run(string(engine)+" reports", func(t *testing.T) {
			m := newMachine(t)
			m.takeBackup(engine, 2, "03", "data")
			got := &v1alpha1.BackupStatus{}
			if err := json.Unmarshal([]byte(m.Read("report")), got); err != nil {
				t.Fatal(err)
			}
			want := &v1alpha1.BackupStatus{
				Time: metav1.NewTime(time.Date(2026, time.March, 1, 3, 0, 0, 0, time.UTC)),
				Size: int64(len(m.Read("backup", "order-book", file(engine, "03")))), Location: "pvc://backups/order-book/" + file(engine, "03"),
			}
			if diff := cmp.Diff(want, got); diff != "" || got.Size == 0 {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
		for name, env := range map[string]string{
			"a server that is down": "FAKE_DOWN=1", "a dump that fails": "FAKE_BROKEN=1", "a dump that is not complete": "FAKE_CUT=1",
		} {
			t.Run(string(engine)+": "+name+" leaves no backup", func(t *testing.T) {
				m := newMachine(t)
				m.takeBackup(engine, 1, "01", "data")
				m.Write("", "report")
				before := m.files()
				output, succeeded := m.Run(backupContainer(t, engine, 1), "FAKE_TIME=2026-03-01T02:00:00Z", "FAKE_DATA=data", env)
				if succeeded {
					t.Errorf("it succeeded:\n%s", output)
				}
				// The earlier one is kept, although only one is wanted.
				if diff := cmp.Diff(before, m.files()); diff != "" {
					t.Errorf("files (-before +after):\n%s", diff)
				}
				if got := m.Read("report"); got != "" {
					t.Errorf("it reports %s", got)
				}
			})
		}
	}
}

// TestBackupDeletesPartialFiles checks the files that a killed pod leaves.
func TestBackupDeletesPartialFiles(t *testing.T) {
	m := newMachine(t)
	for name, age := range map[string]time.Duration{".20260227T030000Z.dump.partial": 48 * time.Hour, ".20260301T025900Z.dump.partial": time.Hour} {
		m.Write("half", "backup", "order-book", name)
		written := time.Now().Add(-age)
		if err := os.Chtimes(filepath.Join(m.Dir, "backup", "order-book", name), written, written); err != nil {
			t.Fatal(err)
		}
	}
	m.takeBackup(v1alpha1.EnginePostgreSQL, 7, "03", "data")
	want := []string{".20260301T025900Z.dump.partial", "20260301T030000Z.dump", "20260301T030000Z.dump.sha256"}
	if diff := cmp.Diff(want, m.files()); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

// inBucket returns the containers of a backup to a bucket: one dumps, one uploads.
func inBucket(t *testing.T, engine v1alpha1.DatabaseEngine, keep int32) (dump, upload *corev1.Container) {
	t.Helper()
	spec := backup("@daily", keep)
	spec.Destination = v1alpha1.BackupLocation{S3: &v1alpha1.S3Location{Bucket: "shop"}}
	pod := planOf(t, engine).BackupCronJob(spec, "", false, nil).Spec.JobTemplate.Spec.Template.Spec
	return &pod.InitContainers[0], &pod.Containers[0]
}

func TestUploadRuns(t *testing.T) {
	const engine = v1alpha1.EngineMariaDB
	stored := func(name string) []string { return []string{"store", "shop", "shop", "order-book", name} }
	for name, tc := range map[string]struct {
		env           string
		want          bool
		wantOutput    string
		wantDeleted   bool
		wantsNoReport bool
	}{
		"a bucket that lets it delete": {want: true, wantOutput: "deleting " + file(engine, "01"), wantDeleted: true},
		// The backup exists and counts.
		"a bucket that keeps everything": {env: "FAKE_LOCKED=1", want: true, wantOutput: "warning: " + file(engine, "01") + " could not be deleted"},
		"a wrong key":                    {env: "FAKE_KEY=who are you", wantOutput: "AccessDenied: who are you", wantsNoReport: true},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMachine(t)
			m.Write("mine", stored("manual.sql.gz")...)
			m.Write("data of 01", stored(file(engine, "01"))...)
			m.Write("data of 02", stored(file(engine, "02"))...)
			dump, upload := inBucket(t, engine, 2)
			if output, succeeded := m.Run(dump, "FAKE_TIME=2026-03-01T03:00:00Z", "FAKE_DATA=data"); !succeeded {
				t.Fatal(output)
			}
			output, succeeded := m.Run(upload, tc.env)
			if succeeded != tc.want || !strings.Contains(output, tc.wantOutput) {
				t.Errorf("succeeded is %t, want %t; output:\n%s\nwant %q", succeeded, tc.want, output, tc.wantOutput)
			}
			if got := m.Read("report") == ""; got != tc.wantsNoReport {
				t.Errorf("the report is %q", m.Read("report"))
			}
			if got := m.Read(stored(file(engine, "01"))...) == ""; got != tc.wantDeleted {
				t.Errorf("the oldest is deleted: %t, want %t", got, tc.wantDeleted)
			}
			for _, kept := range []string{"manual.sql.gz", file(engine, "02")} {
				if m.Read(stored(kept)...) == "" {
					t.Errorf("%s was deleted", kept)
				}
			}
			if uploaded := m.Read(stored(file(engine, "03"))...) != ""; uploaded != tc.want {
				t.Errorf("the new one exists: %t, want %t", uploaded, tc.want)
			}
		})
	}
}
