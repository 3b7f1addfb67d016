// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// report is the report of a backup's container.
const report = `{"time":"2026-03-01T03:00:00Z","size":1234,"location":"pvc://backups/orders/20260301T030000Z.dump"}`

// backedUp adds a pod of a backup, in a phase, with its termination message.
func backedUp(phase corev1.PodPhase, message string) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		pod := inputstest.WaitingPod(v1alpha1.ComponentBackup, "", "")
		pod.Status.Phase = phase
		switch phase {
		case corev1.PodSucceeded:
			pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: message}}
		case corev1.PodFailed:
			pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: message, ExitCode: 1}}
		default:
			pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
		}
		inputstest.OfJob(&pod, "orders-backup-1")
		in.Pods = append(in.Pods, pod)
	}
}

// remembered adds a backup to the status.
func remembered(hour int) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		in.Microservice.Status.Database = &v1alpha1.DatabaseStatus{LastBackup: &v1alpha1.BackupStatus{Time: inputstest.At(hour), Location: "remembered"}}
	}
}

// failedAt adds a failed Job of a backup, and its pod if it has output.
func failedAt(hour int, name, said string) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		in.Jobs = append(in.Jobs, &batchv1.Job{
			ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentBackup}},
			Status:     batchv1.JobStatus{Conditions: []batchv1.JobCondition{{Type: batchv1.JobFailed, Status: corev1.ConditionTrue, LastTransitionTime: inputstest.At(hour)}}},
		})
		if said != "" {
			pod := inputstest.WaitingPod(v1alpha1.ComponentBackup, "", "")
			inputstest.OfJob(&pod, name)
			pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: 1, FinishedAt: inputstest.At(hour), Message: said}}
			in.Pods = append(in.Pods, pod)
		}
	}
}

// archived gives the Cluster's bucket a status.
func archived(servers map[string]any) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		in.ObjectStore = &unstructured.Unstructured{Object: map[string]any{"status": map[string]any{"serverRecoveryWindow": servers}}}
	}
}

func TestLastBackup(t *testing.T) {
	reported := &v1alpha1.BackupStatus{Time: inputstest.At(3), Size: 1234, Location: "pvc://backups/orders/20260301T030000Z.dump"}
	for name, tc := range map[string]struct {
		of      string
		changes []func(*inputs.Inputs)
		want    *v1alpha1.BackupStatus
	}{
		"none yet":                       {of: "backup-claim"},
		"one that a pod reports":         {of: "backup-claim", changes: []func(*inputs.Inputs){backedUp(corev1.PodSucceeded, report)}, want: reported},
		"one that the status remembers":  {of: "backup-claim", changes: []func(*inputs.Inputs){remembered(2)}, want: &v1alpha1.BackupStatus{Time: inputstest.At(2), Location: "remembered"}},
		"a pod's wins over an older one": {of: "backup-claim", changes: []func(*inputs.Inputs){remembered(2), backedUp(corev1.PodSucceeded, report)}, want: reported},
		"a newer one wins over a pod's": {
			of: "backup-claim", changes: []func(*inputs.Inputs){remembered(4), backedUp(corev1.PodSucceeded, report)}, want: &v1alpha1.BackupStatus{Time: inputstest.At(4), Location: "remembered"}},
		"the same one again changes nothing": {
			of: "backup-claim", changes: []func(*inputs.Inputs){remembered(3), backedUp(corev1.PodSucceeded, report)}, want: &v1alpha1.BackupStatus{Time: inputstest.At(3), Location: "remembered"}},
		"the newest of several pods": {
			of: "backup-claim", changes: []func(*inputs.Inputs){
				backedUp(corev1.PodSucceeded, report), backedUp(corev1.PodSucceeded, `{"time":"2026-03-01T01:00:00Z","size":1,"location":"older"}`)}, want: reported},
		"a running pod reports nothing": {of: "backup-claim", changes: []func(*inputs.Inputs){backedUp(corev1.PodRunning, report)}},
		"a pod that a proxy keeps": {
			of: "backup-claim", changes: []func(*inputs.Inputs){backedUp(corev1.PodSucceeded, report), func(in *inputs.Inputs) {
				in.Pods[0].Status.Phase = corev1.PodRunning
				in.Pods[0].Status.ContainerStatuses = append(in.Pods[0].Status.ContainerStatuses, running("proxy"))
			}}, want: reported},
		"a failed pod reports nothing": {of: "backup-claim", changes: []func(*inputs.Inputs){backedUp(corev1.PodFailed, report)}},
		"a report cut short":           {of: "backup-claim", changes: []func(*inputs.Inputs){backedUp(corev1.PodSucceeded, report[:40])}},
		"a log is no report":           {of: "backup-claim", changes: []func(*inputs.Inputs){backedUp(corev1.PodSucceeded, "dumping to x\n")}},
		"a report without a time":      {of: "backup-claim", changes: []func(*inputs.Inputs){backedUp(corev1.PodSucceeded, `{"size":1}`)}},
		"a user's pod with the labels": {
			of: "backup-claim", changes: []func(*inputs.Inputs){backedUp(corev1.PodSucceeded, report), func(in *inputs.Inputs) { in.Pods[0].OwnerReferences = nil }}},
		"a pod of a restore": {
			of: "backup-claim", changes: []func(*inputs.Inputs){backedUp(corev1.PodSucceeded, report), func(in *inputs.Inputs) { in.Pods[0].Labels[v1alpha1.LabelComponent] = v1alpha1.ComponentRestore }}},

		"a Cluster without an archive": {of: "cloudnativepg-all-fields"},
		"a Cluster's newest, of any of its servers": {
			of: "cloudnativepg-all-fields",
			changes: []func(*inputs.Inputs){archived(map[string]any{
				"orders-db": map[string]any{"lastSuccessfulBackupTime": "2026-03-01T05:00:00Z"},
				"older":     map[string]any{"lastSuccessfulBackupTime": "2026-03-01T04:00:00Z"},
				"strange":   map[string]any{"lastSuccessfulBackupTime": "yesterday"},
			})},
			want: &v1alpha1.BackupStatus{Time: inputstest.At(5), Location: "s3://shop-backups/eu/prod/shop/orders-db"}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, LastBackup(builtCase(t, tc.of, tc.changes...))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestBackupHealth(t *testing.T) {
	const now = "create a backup now with kubectl create job -n shop --from=cronjob/orders-backup orders-backup-now"
	none := &condition.Health{Reason: v1alpha1.ReasonNoBackup, Message: condition.ParseMessage(`No backup exists yet; the first one is due by schedule "0 3 * * *" (UTC); to fix: ` + now)}
	made := &condition.Health{Ready: true, Reason: v1alpha1.ReasonBackedUp, Message: condition.ParseMessage("The last backup is complete and was read back; see status.database.lastBackup")}
	failed := func(why, then string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonBackupFailed, Message: condition.ParseMessage("The last backup failed: " + why + "; to fix: " + then)}
	}
	overdue := func(in *inputs.Inputs) { in.BackupOverdue = true }
	server := func(field string) func(*inputs.Inputs) {
		return archived(map[string]any{"orders-db": map[string]any{"lastSuccessfulBackupTime": "2026-03-01T03:00:00Z", field: "2026-03-01T04:00:00Z"}})
	}
	checkHealth(t, BackupHealth, map[string]healthCase{
		"none are wanted":      {of: "database-postgresql-builtin-retain"},
		"no database":          {of: "defaults"},
		"an External database": {of: "database-postgresql-external"},
		"none yet":             {of: "backup-claim", want: none},
		"one succeeded":        {of: "backup-claim", changes: []func(*inputs.Inputs){backedUp(corev1.PodSucceeded, report)}, want: made},
		"the last one failed": {
			of: "backup-claim", changes: []func(*inputs.Inputs){remembered(2), failedAt(4, "b-1", "connection refused")}, want: failed("connection refused", now)},
		"the first one failed": {
			of: "backup-claim", changes: []func(*inputs.Inputs){failedAt(4, "b-1", "connection refused")}, want: failed("connection refused", now)},
		"one failed and its pod was deleted": {
			of: "backup-claim", changes: []func(*inputs.Inputs){failedAt(4, "b-1", "")}, want: failed("see kubectl describe job -n shop b-1", now)},
		"of several failures the newest counts": {
			of: "backup-claim", changes: []func(*inputs.Inputs){failedAt(4, "b-1", "first"), failedAt(6, "b-3", "third"), failedAt(5, "b-2", "second")}, want: failed("third", now)},
		"a failure before the last success": {
			of: "backup-claim", changes: []func(*inputs.Inputs){remembered(5), failedAt(4, "b-1", "connection refused")}, want: made},
		"a Job of another component that failed": {
			of: "backup-claim", changes: []func(*inputs.Inputs){remembered(2), failedAt(4, "b-1", ""), func(in *inputs.Inputs) { in.Jobs[0].Labels[v1alpha1.LabelComponent] = v1alpha1.ComponentMigration }}, want: made},
		"overdue":            {of: "backup-claim", changes: []func(*inputs.Inputs){remembered(2), overdue}, want: &condition.Health{Reason: v1alpha1.ReasonBackupOverdue, Message: condition.ParseMessage(`No backup succeeded at the last time of schedule "0 3 * * *"; to fix: see kubectl describe cronjob -n shop orders-backup; ` + now)}},
		"overdue and failed": {of: "backup-claim", changes: []func(*inputs.Inputs){failedAt(4, "b-1", "disk full"), overdue}, want: failed("disk full", now)},
		"a pod that can't start": {
			of: "backup-claim", changes: []func(*inputs.Inputs){remembered(2), stuck("b-1", v1alpha1.ComponentBackup)},
			want: failed(`Image "orders:1" of container "orders" cannot be pulled: the registry does not have it`, "correct database.version or database.image, or push the image; "+now)},

		"a Cluster without one":               {of: "cloudnativepg-backup-cloud-identity", want: &condition.Health{Reason: v1alpha1.ReasonNoBackup, Message: condition.ParseMessage(`No backup exists yet; the first one is due by schedule "0 3 * * *" (UTC); to fix: create a Backup of CloudNativePG for a backup now`)}},
		"a Cluster's last one":                {of: "cloudnativepg-backup-cloud-identity", changes: []func(*inputs.Inputs){server("firstRecoverabilityPoint")}, want: made},
		"a Cluster whose schedule is overdue": {of: "cloudnativepg-backup-cloud-identity", changes: []func(*inputs.Inputs){overdue}, want: &condition.Health{Reason: v1alpha1.ReasonBackupOverdue, Message: condition.ParseMessage(`No backup succeeded at the last time of schedule "0 3 * * *"; to fix: see kubectl describe scheduledbackups.postgresql.cnpg.io -n shop orders-backup; create a Backup of CloudNativePG for a backup now`)}},
		"a Cluster's last one failed":         {of: "cloudnativepg-backup-cloud-identity", changes: []func(*inputs.Inputs){server("lastFailedBackupTime")}, want: failed("CloudNativePG reports a failure", "see kubectl get backups.postgresql.cnpg.io -n shop; create a Backup of CloudNativePG for a backup now")},
	})
}

func TestBackupDue(t *testing.T) {
	scheduled := func(hour int) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			in.Microservice.CreationTimestamp = metav1.NewTime(inputstest.At(hour).AddDate(-1, 0, 0))
			in.BackupSince = inputstest.At(hour)
		}
	}
	ready := func(hour int) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			in.Microservice.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionDatabaseReady, Status: metav1.ConditionTrue, LastTransitionTime: inputstest.At(hour)}}
		}
	}
	// The schedule is 3 o'clock each day, and a backup may take an hour.
	today, tomorrow := inputstest.At(4).Time, inputstest.At(4).AddDate(0, 0, 1)
	for name, tc := range map[string]struct {
		of      string
		changes []func(*inputs.Inputs)
		want    time.Time
	}{
		"none are wanted":                               {of: "database-postgresql-builtin-retain", changes: []func(*inputs.Inputs){scheduled(1)}},
		"suspended":                                     {of: "backup-suspended", changes: []func(*inputs.Inputs){scheduled(1)}},
		"no schedule yet":                               {of: "backup-claim"},
		"a schedule for an older service":               {of: "backup-claim", changes: []func(*inputs.Inputs){scheduled(1)}, want: today},
		"a schedule created after the time of a run":    {of: "backup-claim", changes: []func(*inputs.Inputs){scheduled(5)}, want: tomorrow},
		"a database that was down at the time of a run": {of: "backup-claim", changes: []func(*inputs.Inputs){scheduled(1), ready(4), remembered(0)}, want: tomorrow},
		"since the last one":                            {of: "backup-claim", changes: []func(*inputs.Inputs){scheduled(1), remembered(3)}, want: tomorrow},
		"one between two runs":                          {of: "backup-claim", changes: []func(*inputs.Inputs){scheduled(1), remembered(2)}, want: today},
	} {
		t.Run(name, func(t *testing.T) {
			if got := BackupDue(builtCase(t, tc.of, tc.changes...)); !got.Equal(tc.want) {
				t.Errorf("overdue at %s, want %s", got, tc.want)
			}
		})
	}
}
