// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/names"
)

const runningMigration = "orders-migrate-4e83927a7b"

// declares gives the live Jobs a container.
func declares(container string) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		for _, job := range in.Jobs {
			job.Spec.Template.Spec.Containers = []corev1.Container{{Name: container}}
		}
	}
}

// containers replaces the container statuses of the first pod.
func containers(statuses ...corev1.ContainerStatus) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) { in.Pods[0].Status.ContainerStatuses = statuses }
}

func running(name string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: inputstest.At(2)}}}
}

func ended(name string, code int32, said string) corev1.ContainerStatus {
	return corev1.ContainerStatus{Name: name, State: corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{ExitCode: code, Message: said, FinishedAt: inputstest.At(3)}}}
}

// jobFailed lets the live Jobs fail.
func jobFailed(reason string, limit int64) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		for _, job := range in.Jobs {
			job.Spec.ActiveDeadlineSeconds = &limit
			job.Status.Conditions = append(job.Status.Conditions, batchv1.JobCondition{
				Type: batchv1.JobFailed, Status: corev1.ConditionTrue, Reason: reason, LastTransitionTime: inputstest.At(4)})
		}
	}
}

func timeout(seconds int64) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) { in.Microservice.Spec.Database.Migration.TimeoutSeconds = &seconds }
}

func TestMigrationBesideOtherContainers(t *testing.T) {
	migrating := func(message string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonMigrating, Progressing: true, Message: condition.ParseMessage(message)}
	}
	const running1 = `Job "` + runningMigration + `" is running the migration of image "ghcr.io/example/orders:1.4.0"`
	done := &condition.Health{Ready: true, Reason: v1alpha1.ReasonMigrated, Message: condition.ParseMessage(`The migration of image "ghcr.io/example/orders:1.4.0" is complete`)}
	checkHealth(t, MigrationHealth, map[string]healthCase{
		"the migration runs beside a proxy": {
			of: "migration-running", changes: []func(*inputs.Inputs){declares("orders"), containers(running("orders"), running("proxy"))},
			want: migrating(running1 + `; running containers: "orders" since 2026-03-01T02:00:00Z`)},
		"the migration ended with 0, and a proxy still runs": {
			of: "migration-running", changes: []func(*inputs.Inputs){declares("orders"), containers(ended("orders", 0, ""), running("proxy"))}, want: done},
		"the migration ended with 0, and a proxy failed": {
			of: "migration-running", changes: []func(*inputs.Inputs){declares("orders"), containers(ended("orders", 0, ""), ended("proxy", 1, ""))}, want: done},
		"the pod of an earlier Job of the same name": {
			of: "migration-running", changes: []func(*inputs.Inputs){declares("orders"), containers(ended("orders", 0, "")), func(in *inputs.Inputs) {
				in.Pods[0].OwnerReferences = []metav1.OwnerReference{{Kind: "Job", UID: "earlier", Controller: ptr.To(true)}}
			}}, want: migrating(running1)},
		"the migration failed, and a proxy keeps the pod": {
			of: "migration-running", changes: []func(*inputs.Inputs){declares("orders"), containers(ended("orders", 3, "no table"), running("proxy"))},
			want: migrating(running1 + `: container "orders" ended with exit code 3, but the pod does not end because of container "proxy", which another client added. Its output: no table` +
				`; to fix: exclude the pod from the injection with database.podMetadata; then delete Job "` + runningMigration + `" to run it again`)},
		"it exceeded its limit": {
			of: "migration-running", changes: []func(*inputs.Inputs){timeout(60), jobFailed(batchv1.JobReasonDeadlineExceeded, 60)},
			want: &condition.Health{Reason: v1alpha1.ReasonMigrationFailed, Stalled: true, Message: condition.ParseMessage(
				`The migration of image "ghcr.io/example/orders:1.4.0" did not end within its limit of 60 seconds, and the rollout waits; to fix: raise database.migration.timeoutSeconds, or correct image, env or database.migration, or delete Job "` + runningMigration + `" to run it again`)}},
		"it exceeded a limit that was raised since": {
			of: "migration-running", changes: []func(*inputs.Inputs){timeout(600), jobFailed(batchv1.JobReasonDeadlineExceeded, 60)},
			want: migrating(`The migration of image "ghcr.io/example/orders:1.4.0" is about to start`)},
		"its next try waits for the database": {
			of: "migration-running", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) {
				in.StatefulSet.Status.ReadyReplicas, in.Pods, in.Jobs[0].Spec.Suspend = 0, nil, ptr.To(true)
			}},
			want: migrating(`The next try of the migration of image "ghcr.io/example/orders:1.4.0" waits for the database to accept connections`)},
	})
}

func TestRestoreBesideOtherContainers(t *testing.T) {
	const job = "orders-restore-fc1e1339de"
	checkHealth(t, RestoreHealth, map[string]healthCase{
		"the restore ended with 0, and a proxy still runs": {
			of: "restore-running", changes: []func(*inputs.Inputs){declares("restore"), podOfJob(v1alpha1.ComponentRestore, job, ended("restore", 0, ""), running("proxy"))},
			want: &condition.Health{Ready: true, Reason: v1alpha1.ReasonRestored, Message: condition.ParseMessage("The database was restored from the backup")}},
		"it exceeded its limit": {
			of: "restore-running", changes: []func(*inputs.Inputs){jobFailed(batchv1.JobReasonDeadlineExceeded, defaultRestoreSeconds)},
			want: &condition.Health{Reason: v1alpha1.ReasonRestoreFailed, Stalled: true, Message: condition.ParseMessage(
				`The restore did not end within its limit of 86400 seconds; to fix: raise database.restore.timeoutSeconds, or delete Job "` + job + `" to retry, or remove database.restore to start with the database as it is`)}},
		"it exceeded a limit that was raised since": {
			of: "restore-running", changes: []func(*inputs.Inputs){jobFailed(batchv1.JobReasonDeadlineExceeded, 60)},
			want: &condition.Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: condition.ParseMessage("The restore starts again, with the limit of database.restore.timeoutSeconds")}},
		"its next try waits for the database": {
			of: "restore-running", changes: []func(*inputs.Inputs){func(in *inputs.Inputs) { in.Jobs[0].Spec.Suspend = ptr.To(true) }},
			want: &condition.Health{Reason: v1alpha1.ReasonRestoring, Progressing: true, Message: condition.ParseMessage("The next try of the restore waits for the database to accept connections")}},
	})
}

// podOfJob adds a pod of a Job.
func podOfJob(component, job string, statuses ...corev1.ContainerStatus) func(*inputs.Inputs) {
	return func(in *inputs.Inputs) {
		pod := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: job + "-1", Labels: map[string]string{v1alpha1.LabelComponent: component, batchv1.JobNameLabel: job}}}
		inputstest.OfJob(&pod, job)
		pod.Status.Phase, pod.Status.ContainerStatuses = corev1.PodRunning, statuses
		in.Pods = append(in.Pods, pod)
	}
}

// TestRotationBesideOtherContainers checks that a step whose own container has ended is
// complete, and that its Job goes.
func TestRotationBesideOtherContainers(t *testing.T) {
	job := func(name string) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			in.Jobs = append(in.Jobs, &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentRotation}},
				Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "step"}}}}}})
			podOfJob(v1alpha1.ComponentRotation, name, ended("step", 0, ""), running("proxy"))(in)
		}
	}
	in := builtCase(t, "rotation-2-set")
	set := names.Rotation(in.Microservice, in.DatabaseState.Next.UID)
	if db := builtCase(t, "rotation-2-set", job(set)); db.rotation != rotationPublish {
		t.Errorf("after the password was set, the step is %d, want %d", db.rotation, rotationPublish)
	}
	jobs, err := RotationJobs(builtCase(t, "rotation-4-roll", func(in *inputs.Inputs) { in.Jobs = nil }, job(set)))
	if err != nil || len(jobs) > 0 {
		t.Errorf("after the password was published, %d Jobs stay: %v", len(jobs), err)
	}
	retire := names.Retirement(in.Microservice, in.DatabaseState.Next.UID)
	if db := builtCase(t, "rotation-5-retire", job(retire)); db.rotation != rotationDone {
		t.Errorf("after the password was retired, the step is %d, want %d", db.rotation, rotationDone)
	}
}

// TestJobsWhileTheDatabaseIsDown checks that Jobs are suspended between two tries, and
// never while a pod of theirs works.
func TestJobsWhileTheDatabaseIsDown(t *testing.T) {
	down := func(in *inputs.Inputs) { in.StatefulSet.Status.ReadyReplicas = 0 }
	suspends := func(in *inputs.Inputs) { inputstest.Suspended(in.Microservice) }
	held := func(in *inputs.Inputs) { in.Jobs[0].Spec.Suspend = ptr.To(true) }
	noPod := func(in *inputs.Inputs) { in.Pods = nil }
	starting := func(in *inputs.Inputs) { in.Pods[0].Status = corev1.PodStatus{Phase: corev1.PodPending} }
	for name, tc := range map[string]struct {
		changes []func(*inputs.Inputs)
		want    *bool
	}{
		"the database answers":                                    {nil, nil},
		"the service is suspended between two tries":              {[]func(*inputs.Inputs){suspends, noPod}, ptr.To(true)},
		"the service is suspended while a pod works":              {[]func(*inputs.Inputs){suspends}, nil},
		"the service is suspended before the pod has started":     {[]func(*inputs.Inputs){suspends, starting}, ptr.To(true)},
		"the service is suspended, and a proxy alone runs":        {[]func(*inputs.Inputs){suspends, declares("orders"), containers(ended("orders", 1, ""), running("proxy"))}, ptr.To(true)},
		"the database is down between two tries":                  {[]func(*inputs.Inputs){down, noPod}, ptr.To(true)},
		"the database is down before the pod has started":         {[]func(*inputs.Inputs){down, starting}, nil},
		"the Job is suspended, and the database is down":          {[]func(*inputs.Inputs){down, noPod, held}, nil},
		"the Job is suspended, and the database answers again":    {[]func(*inputs.Inputs){noPod, held}, ptr.To(false)},
		"the Job has failed, and the service is suspended":        {[]func(*inputs.Inputs){suspends, noPod, jobFailed("BackoffLimitExceeded", 0)}, nil},
		"the Job has done its work, and the service is suspended": {[]func(*inputs.Inputs){suspends, declares("orders"), containers(ended("orders", 0, ""), running("proxy"))}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			db := builtCase(t, "migration-running", tc.changes...)
			if diff := cmp.Diff(tc.want, KeepJob(db, db.Jobs[0]).Spec.Suspend); diff != "" {
				t.Errorf("suspend (-want +got):\n%s", diff)
			}
		})
	}
}

// TestServerStopsBesideAProxy checks that a proxy that outlives a Job does not keep the
// server of a suspended service.
func TestServerStopsBesideAProxy(t *testing.T) {
	suspends := func(in *inputs.Inputs) { inputstest.Suspended(in.Microservice) }
	if !operationRuns(builtCase(t, "migration-running", suspends, declares("orders"), containers(running("orders"), running("proxy")))) {
		t.Error("a migration that runs does not keep the server")
	}
	if operationRuns(builtCase(t, "migration-running", suspends, declares("orders"), containers(ended("orders", 0, ""), running("proxy")))) {
		t.Error("the proxy beside a complete migration keeps the server")
	}
}

// TestLeftoverJobs checks that a Job whose work is recorded goes, with the proxy in its
// pod.
func TestLeftoverJobs(t *testing.T) {
	done := []func(*inputs.Inputs){declares("orders"), containers(ended("orders", 0, ""), running("proxy"))}
	if MigrationJob(builtCase(t, "migration-running", done...), runningMigration) == nil {
		t.Error("the Job goes before the Deployment records the migration")
	}
	recorded := func(in *inputs.Inputs) {
		in.Deployment = &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{names.AnnotationMigrated: "4e83927a7b"}}}
		in.Deployment.Annotations[names.AnnotationMigrated] = MigrationHash(Of(in))
	}
	if MigrationJob(builtCase(t, "migration-running", append(done, recorded)...), runningMigration) != nil {
		t.Error("the Job stays although the Deployment records the migration")
	}
	restored := []func(*inputs.Inputs){declares("restore"), podOfJob(v1alpha1.ComponentRestore, "orders-restore-fc1e1339de", ended("restore", 0, ""), running("proxy"))}
	for _, isMarked := range []bool{false, true} {
		db := builtCase(t, "restore-running", restored...)
		if isMarked {
			db.DatabaseState.Claim.Annotations = map[string]string{inputs.AnnotationRestored: restoreID(db)}
		}
		if jobs, err := RestoreJobs(db); err != nil || len(jobs) == 1 == isMarked {
			t.Errorf("with the mark %t, %d Jobs of the restore stay: %v", isMarked, len(jobs), err)
		}
	}
}

func TestLeftoverBackups(t *testing.T) {
	made := func(statuses ...corev1.ContainerStatus) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			in.Jobs = append(in.Jobs, &batchv1.Job{
				ObjectMeta: metav1.ObjectMeta{Name: "b-1", Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentBackup},
					OwnerReferences: []metav1.OwnerReference{{Kind: "CronJob", Name: "orders-backup", Controller: ptr.To(true)}}},
				Spec: batchv1.JobSpec{Template: corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "dump"}}}}}})
			podOfJob(v1alpha1.ComponentBackup, "b-1", statuses...)(in)
		}
	}
	for name, tc := range map[string]struct {
		changes []func(*inputs.Inputs)
		want    int
	}{
		"recorded, and a proxy runs": {[]func(*inputs.Inputs){made(ended("dump", 0, report), running("proxy")), remembered(3)}, 1},
		"not recorded yet":           {[]func(*inputs.Inputs){made(ended("dump", 0, report), running("proxy")), remembered(2)}, 0},
		"nothing was ever recorded":  {[]func(*inputs.Inputs){made(ended("dump", 0, report), running("proxy"))}, 0},
		"it is about to complete":    {[]func(*inputs.Inputs){made(ended("dump", 0, report)), remembered(3)}, 0},
		"it still runs":              {[]func(*inputs.Inputs){made(running("dump"), running("proxy")), remembered(3)}, 0},
		"it is complete": {[]func(*inputs.Inputs){made(ended("dump", 0, report)), remembered(3), func(in *inputs.Inputs) {
			in.Jobs[0].Status.Conditions = []batchv1.JobCondition{{Type: batchv1.JobComplete, Status: corev1.ConditionTrue}}
		}}, 0},
		"the Job of another controller":  {[]func(*inputs.Inputs){made(ended("dump", 0, report), running("proxy")), remembered(3), func(in *inputs.Inputs) { in.Jobs[0].OwnerReferences[0].Name = "users-backup" }}, 0},
		"a container that failed":        {[]func(*inputs.Inputs){made(ended("dump", 1, ""), running("proxy")), remembered(3)}, 0},
		"a pod without a status so far":  {[]func(*inputs.Inputs){made(), remembered(3)}, 0},
		"the report of an earlier state": {[]func(*inputs.Inputs){made(ended("dump", 0, "cut short"), running("proxy")), remembered(3)}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			if got := len(LeftoverBackups(builtCase(t, "backup-claim", tc.changes...))); got != tc.want {
				t.Errorf("%d Jobs are deleted, want %d", got, tc.want)
			}
		})
	}
}

func TestBackupLimits(t *testing.T) {
	const now = "create a backup now with kubectl create job -n shop --from=cronjob/orders-backup orders-backup-now"
	failed := func(message string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonBackupFailed, Message: condition.ParseMessage("The last backup failed: " + message + "; " + now)}
	}
	made := &condition.Health{Ready: true, Reason: v1alpha1.ReasonBackedUp, Message: condition.ParseMessage("The last backup is complete and was read back; see status.database.lastBackup")}
	overran := func(created int) func(*inputs.Inputs) {
		return func(in *inputs.Inputs) {
			failedAt(9, "b-1", "")(in)
			in.Jobs[0].CreationTimestamp = inputstest.At(created)
			in.Jobs[0].Spec.ActiveDeadlineSeconds = ptr.To[int64](int64(6 * time.Hour / time.Second))
			in.Jobs[0].Status.Conditions[0].Reason = batchv1.JobReasonDeadlineExceeded
		}
	}
	stuck := func(in *inputs.Inputs) {
		failedAt(9, "b-1", "")(in)
		in.Jobs[0].Status.Conditions = nil
		declares("dump")(in)
		podOfJob(v1alpha1.ComponentBackup, "b-1", ended("dump", 1, "no route"), running("proxy"))(in)
	}
	checkHealth(t, BackupHealth, map[string]healthCase{
		"it exceeded its limit": {of: "backup-claim", changes: []func(*inputs.Inputs){remembered(2), overran(3)},
			want: failed(`Job "b-1" did not end within its limit of 21600 seconds; to fix: raise database.backup.timeoutSeconds`)},
		"it made a backup, and a proxy exceeded the limit": {of: "backup-claim", changes: []func(*inputs.Inputs){remembered(3), overran(3)}, want: made},
		"it failed, and a proxy keeps the pod": {of: "backup-claim", changes: []func(*inputs.Inputs){remembered(2), stuck},
			want: failed(`Job "b-1" made no backup: container "dump" ended with exit code 1, but the pod does not end because of container "proxy", which another client added. Its output: no route; to fix: exclude the pod from the injection with database.podMetadata`)},
	})
}
