// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/shell"
)

const (
	defaultKeep = 7
	// backupDeadlineSeconds is how late a missed backup may start, for example
	// after an outage of the control plane or after a migration. It is longer than
	// the time after which a backup is overdue.
	backupDeadlineSeconds = 6 * 60 * 60
	// dumpContainer is the name of the container that dumps the database.
	dumpContainer = "dump"
	// defaultBackupSeconds is the default of backup.timeoutSeconds.
	defaultBackupSeconds = 6 * 60 * 60
)

// Keep returns the number of backups to keep.
func Keep(backup *v1alpha1.DatabaseBackup) int {
	if backup.Keep == nil {
		return defaultKeep
	}
	return int(*backup.Keep)
}

// BackupCronJob backs the database up by schedule. It is suspended while held.
func (p *Plan) BackupCronJob(backup *v1alpha1.DatabaseBackup, rcloneImage string, held bool, labels map[string]string) *batchv1.CronJob {
	where := p.locate(&backup.Destination, p.Namespace, p.Owner)
	scripts := p.Engine.Scripts()
	env := append(p.operationEnv(p.SecretName), where.env...)
	env = append(env,
		corev1.EnvVar{Name: "ATOLL_EXTENSION", Value: p.Engine.Extension()},
		corev1.EnvVar{Name: "ATOLL_KEEP", Value: strconv.Itoa(Keep(backup))})
	dump := shell.Fill(backupDump, map[string]string{"dump": scripts.Dump, "verify": scripts.Verify})

	var pod corev1.PodSpec
	if where.bucket {
		pod = p.operationPod(where.rclone("upload", backupUpload, env, rcloneImage))
		pod.InitContainers = []corev1.Container{where.mount(p.onServer(dumpContainer, dump+backupHandOver, env))}
	} else {
		pod = p.operationPod(where.mount(p.onServer(dumpContainer, dump+backupToClaim, env)))
	}
	where.attach(&pod)

	return &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Name: names.Backup(p.Owner), Namespace: p.Namespace, Labels: labels},
		Spec: batchv1.CronJobSpec{
			Schedule:                   backup.Schedule,
			TimeZone:                   ptr.To("Etc/UTC"),
			ConcurrencyPolicy:          batchv1.ForbidConcurrent,
			StartingDeadlineSeconds:    ptr.To[int64](backupDeadlineSeconds),
			SuccessfulJobsHistoryLimit: ptr.To[int32](1),
			FailedJobsHistoryLimit:     ptr.To[int32](1),
			Suspend:                    ptr.To(held || p.Suspended),
			JobTemplate: batchv1.JobTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec:       p.backupJob(backup, pod, labels),
			},
		},
	}
}

// backupJob returns the Job of a backup. It has a limit, because the next backup starts
// only after it.
func (p *Plan) backupJob(backup *v1alpha1.DatabaseBackup, pod corev1.PodSpec, labels map[string]string) batchv1.JobSpec {
	spec := JobSpec(p.PodMeta(metav1.ObjectMeta{}, labels), pod, tries-1)
	spec.ActiveDeadlineSeconds = ptr.To(ptr.Deref(backup.TimeoutSeconds, defaultBackupSeconds))
	return spec
}

func (db *Database) backup() *v1alpha1.DatabaseBackup {
	if db.Microservice.Spec.Database == nil {
		return nil
	}
	return db.Microservice.Spec.Database.Backup
}

// storeAccount returns the service account with which a bucket is reached: the
// service's own one if there is no Secret.
func (db *Database) storeAccount(s3 *v1alpha1.S3Location) string {
	if s3 == nil || s3.SecretName != "" {
		return ""
	}
	return inputs.ServiceAccountName(db.Inputs)
}

// LastBackup returns the newest backup that was verified: from the objects in the
// cluster, or from the status.
func LastBackup(db *Database) *v1alpha1.BackupStatus {
	var last *v1alpha1.BackupStatus
	if old := db.Microservice.Status.Database; old != nil {
		last = old.LastBackup
	}
	if spec := db.Microservice.Spec.Database; spec != nil {
		last = newer(last, ProviderOf(spec).lastBackup(db))
	}
	return last
}

// lastBackup returns the newest backup of the Jobs whose pods still exist.
func (builtIn) lastBackup(db *Database) *v1alpha1.BackupStatus {
	var last *v1alpha1.BackupStatus
	for _, pod := range db.JobPods(v1alpha1.ComponentBackup) {
		last = newer(last, reportOf(&pod))
	}
	return last
}

// reportOf returns the backup that a pod reports; nil if it reports none. The pod may still
// run because of a container that another client added.
func reportOf(pod *corev1.Pod) *v1alpha1.BackupStatus {
	var last *v1alpha1.BackupStatus
	for i := range pod.Status.ContainerStatuses {
		if ended := pod.Status.ContainerStatuses[i].State.Terminated; ended != nil && ended.ExitCode == 0 {
			last = newer(last, reported(ended.Message))
		}
	}
	return last
}

// reported reads the report of a backup's container.
func reported(message string) *v1alpha1.BackupStatus {
	report := &v1alpha1.BackupStatus{}
	if json.Unmarshal([]byte(message), report) != nil || report.Time.IsZero() {
		return nil
	}
	return report
}

func newer(a, b *v1alpha1.BackupStatus) *v1alpha1.BackupStatus {
	if b == nil || a != nil && !a.Time.Before(&b.Time) {
		return a
	}
	return b
}

// BackupDue returns the time after which a missing backup is overdue; zero if no
// backup is wanted. A backup needs a schedule and a database that accepts
// connections.
func BackupDue(db *Database) time.Time {
	backup := db.backup()
	if backup == nil || db.Suspended() {
		return time.Time{}
	}
	since := db.BackupSince
	if last := LastBackup(db); last != nil && since.Before(&last.Time) {
		since = last.Time
	}
	if c := meta.FindStatusCondition(db.Microservice.Status.Conditions, v1alpha1.ConditionDatabaseReady); c != nil && since.Before(&c.LastTransitionTime) {
		since = c.LastTransitionTime
	}
	if since.IsZero() {
		return time.Time{}
	}
	return OverdueAt(backup.Schedule, since.Time)
}

// BackupHealth returns the health of the backups; nil if none are wanted.
func BackupHealth(db *Database) *condition.Health {
	backup := db.backup()
	if backup == nil || db.managed() == nil {
		return nil
	}
	last := LastBackup(db)
	inspect, create := db.Plan.Provider.backupRemedies(db.Microservice.Namespace, db.Microservice.Name)
	failure := db.Plan.Provider.backupFailure(db, last)
	switch {
	case failure != nil:
		what := condition.Message{Object: failure.Object, Field: failure.Field, Cause: failure.Cause}
		return &condition.Health{Reason: v1alpha1.ReasonBackupFailed, Message: condition.Message{
			Cause: "The last backup failed: " + what.String(), Remedy: joinRemedies(failure.Remedy, create)}}
	case db.BackupOverdue:
		return &condition.Health{Reason: v1alpha1.ReasonBackupOverdue, Message: condition.Message{
			Cause: fmt.Sprintf("No backup succeeded at the last time of schedule %q", backup.Schedule), Remedy: joinRemedies(inspect, create)}}
	case last == nil:
		message := condition.Say("No backup exists yet; the first one is due by schedule %q (UTC)", backup.Schedule)
		// The database of a suspended service is down.
		if !db.Suspended() {
			message.Remedy = create
		}
		return &condition.Health{Reason: v1alpha1.ReasonNoBackup, Message: message}
	}
	return &condition.Health{Ready: true, Reason: v1alpha1.ReasonBackedUp, Message: condition.Say("The last backup is complete and was read back; see status.database.lastBackup")}
}

func joinRemedies(first, second string) string {
	if first == "" {
		return second
	}
	return first + "; " + second
}
