// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// TestBackupsHeld checks that no backup starts while a migration runs, and that this loses
// none.
func TestBackupsHeld(t *testing.T) {
	backup := func(in *inputs.Inputs) {
		in.Microservice.Spec.Database.Backup = &v1alpha1.DatabaseBackup{Schedule: "@daily",
			Destination: v1alpha1.BackupLocation{PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: "backups"}}}
	}
	overdue := func(in *inputs.Inputs) { in.BackupOverdue = true }
	noPod := func(in *inputs.Inputs) { in.Pods = nil }
	for name, tc := range map[string]struct {
		of      string
		changes []func(*inputs.Inputs)
		want    bool
	}{
		"no migration":                                  {"backup-claim", nil, false},
		"a migration runs":                              {"migration-running", nil, true},
		"a migration is about to start":                 {"migration-running", []func(*inputs.Inputs){noPod}, true},
		"a migration can't start":                       {"migration-running", []func(*inputs.Inputs){noPod, stuck(runningMigration, v1alpha1.ComponentMigration)}, false},
		"a migration has ended":                         {"migration-complete", nil, false},
		"a migration has ended beside a proxy":          {"migration-running", []func(*inputs.Inputs){declares("orders"), containers(ended("orders", 0, ""), running("proxy"))}, false},
		"a migration failed beside a proxy":             {"migration-running", []func(*inputs.Inputs){declares("orders"), containers(ended("orders", 1, ""), running("proxy"))}, false},
		"a migration has failed":                        {"error-migration-failed", nil, false},
		"an earlier migration runs":                     {"migration-earlier-running", nil, true},
		"a migration runs, and the backup is overdue":   {"migration-running", []func(*inputs.Inputs){overdue}, false},
		"the database waits for a restore":              {"restore-running", nil, true},
		"a restore is awaited, and a backup is overdue": {"restore-running", []func(*inputs.Inputs){overdue}, true},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := CronJobs(builtCase(t, tc.of, append(tc.changes, backup)...))
			if err != nil || len(objects) != 1 {
				t.Fatalf("%d CronJobs: %v", len(objects), err)
			}
			if held := *objects[0].(*batchv1.CronJob).Spec.Suspend; held != tc.want {
				t.Errorf("the backups are held: %t, want %t", held, tc.want)
			}
		})
	}
	if grace := graceAfterRun("@yearly").Seconds(); grace >= backupDeadlineSeconds {
		t.Errorf("a backup that was held until it is overdue, after %.0f s, may start only for %d s", grace, backupDeadlineSeconds)
	}
}

func TestMigrationWaitsForBackup(t *testing.T) {
	waits := &condition.Health{Reason: v1alpha1.ReasonMigrating, Progressing: true,
		Message: condition.ParseMessage(`The migration of image "ghcr.io/example/orders:1.4.0" waits for the backup that runs`)}
	starts := &condition.Health{Reason: v1alpha1.ReasonMigrating, Progressing: true,
		Message: condition.ParseMessage(`The migration of image "ghcr.io/example/orders:1.4.0" is about to start`)}
	backup := func(statuses ...corev1.ContainerStatus) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			in.Jobs = append(in.Jobs, &batchv1.Job{})
			in.Jobs[0].Name, in.Jobs[0].Spec.Template.Spec.Containers = "b-1", []corev1.Container{{Name: "dump"}}
			in.Jobs[0].Labels = map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentBackup}
			podOfJob(v1alpha1.ComponentBackup, "b-1", statuses...)(in)
		}
	}
	checkHealth(t, MigrationHealth, map[string]healthCase{
		"a backup runs":                      {of: "migration-due", changes: []func(*inputs.Inputs){backup(running("dump"))}, want: waits},
		"a backup can't start":               {of: "migration-due", changes: []func(*inputs.Inputs){stuck("b-1", v1alpha1.ComponentBackup)}, want: starts},
		"a backup is done, and a proxy runs": {of: "migration-due", changes: []func(*inputs.Inputs){backup(ended("dump", 0, report), running("proxy"))}, want: starts},
	})
	if db := builtCase(t, "migration-due", backup(running("dump"))); !MigrationWaits(db) {
		t.Error("the migration starts while a backup runs")
	}
}
