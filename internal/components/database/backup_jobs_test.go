// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
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
	accepting := func(in *inputs.Inputs) {
		in.StatefulSet = &appsv1.StatefulSet{Status: appsv1.StatefulSetStatus{ReadyReplicas: 1}}
	}
	for name, tc := range map[string]struct {
		of      string
		changes []func(*inputs.Inputs)
		want    bool
	}{
		"the database is down":                          {"backup-claim", nil, true},
		"no migration":                                  {"backup-claim", []func(*inputs.Inputs){accepting}, false},
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
	uploading := func(in *inputs.Inputs) {
		backup(running("upload"))(in)
		in.Jobs[0].Spec.Template.Spec = corev1.PodSpec{InitContainers: []corev1.Container{{Name: "dump"}}, Containers: []corev1.Container{{Name: "upload"}}}
	}
	checkHealth(t, MigrationHealth, map[string]healthCase{
		"a backup runs":                      {of: "migration-due", changes: []func(*inputs.Inputs){backup(running("dump"))}, want: waits},
		"a backup can't start":               {of: "migration-due", changes: []func(*inputs.Inputs){stuck("b-1", v1alpha1.ComponentBackup)}, want: starts},
		"a backup uploads its dump":          {of: "migration-due", changes: []func(*inputs.Inputs){uploading}, want: starts},
		"a backup is done, and a proxy runs": {of: "migration-due", changes: []func(*inputs.Inputs){backup(ended("dump", 0, report), running("proxy"))}, want: starts},
	})
	if db := builtCase(t, "migration-due", backup(running("dump"))); !MigrationWaits(db) {
		t.Error("the migration starts while a backup runs")
	}
}

// TestEvictedBackup checks that an eviction is reported, until the backup succeeds.
func TestEvictedBackup(t *testing.T) {
	evicted := func(in *inputs.Inputs) {
		in.Jobs = append(in.Jobs, &batchv1.Job{})
		in.Jobs[0].Name, in.Jobs[0].Spec.Template.Spec.Containers = "b-1", []corev1.Container{{Name: "dump"}}
		in.Jobs[0].Labels = map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentBackup}
		podOfJob(v1alpha1.ComponentBackup, "b-1")(in)
		in.Pods[0].Status = corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "Usage of EmptyDir volume exceeds the limit."}
	}
	later := func(in *inputs.Inputs) {
		job := in.Jobs[0].DeepCopy()
		job.Name = "b-2"
		in.Jobs = append(in.Jobs, job)
		podOfJob(v1alpha1.ComponentBackup, "b-2", ended("dump", 0, report))(in)
		in.Pods[1].CreationTimestamp = inputstest.At(2)
	}
	complete := &condition.Health{Ready: true, Reason: v1alpha1.ReasonBackedUp, Message: condition.ParseMessage("The last backup is complete and was read back; see status.database.lastBackup")}
	checkHealth(t, BackupHealth, map[string]healthCase{
		"it was evicted": {of: "backup-claim", changes: []func(*inputs.Inputs){evicted}, want: &condition.Health{Reason: v1alpha1.ReasonBackupFailed, Message: condition.ParseMessage(
			"The last backup failed: The kubelet evicted the pod: Usage of EmptyDir volume exceeds the limit.; to fix: set staging of the bucket in database.backup.destination, or free space on the node; create a backup now with kubectl create job -n shop --from=cronjob/orders-backup orders-backup-now")}},
		"a later try succeeded": {of: "backup-claim", changes: []func(*inputs.Inputs){evicted, podOfJob(v1alpha1.ComponentBackup, "b-1", ended("dump", 0, report))},
			want: complete},
		"a later backup succeeded": {of: "backup-claim", changes: []func(*inputs.Inputs){evicted, later}, want: complete},
	})
}

// TestStagingRequest checks the ephemeral storage that a dump requests.
func TestStagingRequest(t *testing.T) {
	const mib = 1 << 20
	dumped := func(size int64) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			remembered(3)(in)
			in.Microservice.Status.Database.LastBackup.Size = size
		}
	}
	staged := func(in *inputs.Inputs) {
		in.Microservice.Spec.Database.Backup.Destination.S3.Staging = &v1alpha1.StagingStorage{Size: "1Gi"}
	}
	for name, tc := range map[string]struct {
		of      string
		changes []func(*inputs.Inputs)
		want    string
	}{
		"no dump is known":            {"backup-s3", nil, "0"},
		"a small dump":                {"backup-s3", []func(*inputs.Inputs){dumped(1)}, "64Mi"},
		"a dump":                      {"backup-s3", []func(*inputs.Inputs){dumped(100 * mib)}, "128Mi"},
		"a larger dump":               {"backup-s3", []func(*inputs.Inputs){dumped(110 * mib)}, "144Mi"},
		"one that is a little larger": {"backup-s3", []func(*inputs.Inputs){dumped(115 * mib)}, "144Mi"},
		"a dump larger than a claim":  {"backup-s3", []func(*inputs.Inputs){dumped(20 << 30)}, "10Gi"},
		"a staging volume":            {"backup-s3", []func(*inputs.Inputs){dumped(100 * mib), staged}, "0"},
	} {
		t.Run(name, func(t *testing.T) {
			objects, err := CronJobs(builtCase(t, tc.of, tc.changes...))
			if err != nil || len(objects) != 1 {
				t.Fatalf("%d CronJobs: %v", len(objects), err)
			}
			requests := objects[0].(*batchv1.CronJob).Spec.JobTemplate.Spec.Template.Spec.InitContainers[0].Resources.Requests
			if got := requests.StorageEphemeral().String(); got != tc.want {
				t.Errorf("the dump requests %s, want %s", got, tc.want)
			}
		})
	}
	if request := stagingRequest(builtCase(t, "backup-claim", dumped(mib)), builtCase(t, "backup-claim").backup()); request != nil {
		t.Errorf("a backup to a volume requests %s", request)
	}
}
