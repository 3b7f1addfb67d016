// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/shell"
)

// RestoreID returns the ID of a restore: a hash of the backup's location, and of the
// UID of the volume or Cluster that receives it. The bucket's Secret, region and staging
// are not part of the location.
func RestoreID(restore *v1alpha1.DatabaseRestore, holder types.UID) string {
	from := restore.From
	if from.S3 != nil {
		bucket := *from.S3
		bucket.SecretName, bucket.Region, bucket.Staging = "", "", nil
		from.S3 = &bucket
	}
	// API types always marshal to JSON.
	text, _ := json.Marshal(from)
	sum := sha256.Sum256(append(text, holder...))
	return "atoll_restore_" + hex.EncodeToString(sum[:5])
}

// restoreNamespace returns the namespace of the Microservice whose backup is
// restored.
func (p *Plan) restoreNamespace(spec *v1alpha1.Database) string {
	return firstSet(spec.Restore.From.Namespace, p.Namespace)
}

// RestoreJob restores a backup into the database.
func (p *Plan) RestoreJob(name, id string, spec *v1alpha1.Database, rcloneImage string, labels map[string]string) *batchv1.Job {
	from := &spec.Restore.From
	location := &v1alpha1.BackupLocation{PersistentVolumeClaim: from.PersistentVolumeClaim, S3: from.S3}
	if from.PersistentVolumeClaim == nil && from.S3 == nil {
		location = &spec.Backup.Destination
	}
	service := firstSet(from.Service, p.Owner)
	where := p.locate(location, p.restoreNamespace(spec), service)
	where.readOnly = !where.bucket
	scripts := p.Engine.Scripts()
	env := append(p.operationEnv(p.SecretName), where.env...)
	env = append(env,
		corev1.EnvVar{Name: "ATOLL_EXTENSION", Value: p.Engine.Extension()},
		corev1.EnvVar{Name: "ATOLL_BACKUP", Value: from.Backup},
		corev1.EnvVar{Name: "ATOLL_RESTORE", Value: id},
		corev1.EnvVar{Name: "ATOLL_POD_IP", ValueFrom: &corev1.EnvVarSource{FieldRef: &corev1.ObjectFieldSelector{APIVersion: "v1", FieldPath: "status.podIP"}}})
	script := shell.Fill(restoreScript, map[string]string{"filled": scripts.Filled, "verify": scripts.Verify, "restore": scripts.Restore})

	pod := p.operationPod(where.mount(p.onServer("restore", script, env)))
	if where.bucket {
		pod.InitContainers = []corev1.Container{where.rclone("download", restoreDownload, env, rcloneImage)}
	}
	where.attach(&pod)
	restore := p.job(name, labels, pod, tries-1)
	restore.Spec.ActiveDeadlineSeconds = restoreLimit(spec)
	return restore
}

// defaultRestoreSeconds is the default of restore.timeoutSeconds.
const defaultRestoreSeconds = 24 * 60 * 60

func restoreLimit(spec *v1alpha1.Database) *int64 {
	return ptr.To(ptr.Deref(spec.Restore.TimeoutSeconds, defaultRestoreSeconds))
}

// usesRestoreJob reports whether a Job restores the backup.
func usesRestoreJob(db *Database) bool {
	return db.managed() != nil && db.Microservice.Spec.Database.Restore != nil && db.recovery() == nil
}

// restoreID returns the ID of the desired restore. It is empty if none is desired, or
// if the volume or Cluster does not exist yet.
func restoreID(db *Database) string {
	holder := db.DatabaseState.Holder()
	if holder == nil || !usesRestoreJob(db) {
		return ""
	}
	return RestoreID(db.Microservice.Spec.Database.Restore, holder.UID)
}

// restoredBy returns the ID of the restore that filled the database. The volume or
// Cluster also records it in an annotation, because the Job may be deleted.
func restoredBy(db *Database) string {
	if id := restoreID(db); id != "" && db.JobWorkDone(db.Job(names.Restore(db.Microservice, id))) {
		return id
	}
	if holder := db.DatabaseState.Holder(); holder != nil {
		return holder.Marks.Restored
	}
	return ""
}

// restoreRefused reports whether a restore would overwrite data of the service.
// Then nothing is restored, and the service keeps running.
func restoreRefused(db *Database) bool {
	holder := db.DatabaseState.Holder()
	if holder == nil || db.Microservice.Spec.Database.Restore == nil {
		return false
	}
	if usesRestoreJob(db) {
		return (holder.Marks.InUse || holder.Marks.Restored != "") && restoredBy(db) != restoreID(db)
	}
	recovery := db.recovery()
	return recovery != nil && !recovery.done(db)
}

// recovery returns the restore that the provider does itself; nil if there is none.
func (db *Database) recovery() recovery {
	if db.Plan == nil {
		return nil
	}
	return db.Plan.Provider.recovery(db.Microservice.Spec.Database)
}

// RestoreJobs returns the Job that restores the backup, or nothing if no Job is due.
func RestoreJobs(db *Database) ([]kube.Object, error) {
	if problem := Unusable(db); problem != nil {
		return nil, problem
	}
	id := restoreID(db)
	if id == "" {
		return nil, nil
	}
	ms := db.Microservice
	name := names.Restore(ms, id)
	if job := db.Job(name); job != nil {
		holder := db.DatabaseState.Holder()
		if outdated(job, restoreLimit(ms.Spec.Database)) || db.JobOutlivesWork(job) && holder.Marks.Restored == id {
			return nil, nil
		}
		return kube.One(KeepJob(db, job))
	}
	hasUser := AwaitingCredentials(db) == nil
	if restoredBy(db) == id || restoreRefused(db) || !Usable(db) || !hasUser {
		return nil, nil
	}
	job := db.Plan.RestoreJob(name, id, ms.Spec.Database, db.RcloneImage, names.Labels(ms, v1alpha1.ComponentRestore))
	job.Spec.Template.Spec.ServiceAccountName = db.storeAccount(restoreLocation(ms.Spec.Database))
	return kube.One(job)
}

func restoreLocation(spec *v1alpha1.Database) *v1alpha1.S3Location {
	from := &spec.Restore.From
	if from.PersistentVolumeClaim == nil && from.S3 == nil {
		return spec.Backup.Destination.S3
	}
	return from.S3
}

// RestoreHealth returns the health of the restore; nil if none is wanted.
func RestoreHealth(db *Database) *condition.Health {
	if db.managed() == nil || db.Microservice.Spec.Database.Restore == nil {
		return nil
	}
	h := restoreHealth(db)
	return &h
}

func restoreHealth(db *Database) condition.Health {
	id := restoreID(db)
	name := names.Restore(db.Microservice, id)
	switch {
	case restoreRefused(db):
		return condition.Health{Reason: v1alpha1.ReasonRestoreRefused, Stalled: true, Message: condition.Message{
			Cause:  "The restore was refused: the database is not new, and Atoll keeps its data",
			Remedy: "remove database.restore, or restore into a new Microservice; docs/databases.md says how to go back to a backup"}}
	case id != "" && restoredBy(db) == id:
		return condition.Health{Ready: true, Reason: v1alpha1.ReasonRestored, Message: condition.Say("The database was restored from the backup")}
	case db.recovery() != nil:
		return db.recovery().health(db)
	case db.Suspended():
		return suspended(condition.Say("The restore starts when the service is no longer suspended"))
	case id == "" || db.Job(name) == nil:
		return waiting(v1alpha1.ReasonRestoring, condition.Say("The restore starts when the database accepts connections"))
	case outdated(db.Job(name), restoreLimit(db.Microservice.Spec.Database)):
		return waiting(v1alpha1.ReasonRestoring, condition.Say("The restore starts again, with the limit of database.restore.timeoutSeconds"))
	case exceeded(db.Job(name)):
		return condition.Health{Reason: v1alpha1.ReasonRestoreFailed, Stalled: true, Message: condition.Message{
			Cause:  "The restore " + limitOf(db.Job(name)),
			Remedy: fmt.Sprintf("raise database.restore.timeoutSeconds, or delete Job %q to retry, or remove database.restore to start with the database as it is", name)}}
	case inputs.JobFailed(db.Job(name)):
		return condition.Health{Reason: v1alpha1.ReasonRestoreFailed, Stalled: true, Message: condition.Message{
			Cause:  "The restore failed: " + inputs.Failure(db.Inputs, name),
			Remedy: fmt.Sprintf("correct database.restore, or delete Job %q to retry, or remove database.restore to start with the database as it is", name)}}
	}
	if h := jobFailure(db, v1alpha1.ComponentRestore); h != nil {
		return *h
	}
	if isHeld(db.Job(name)) {
		return waiting(v1alpha1.ReasonRestoring, condition.Say("The next try of the restore waits for the database to accept connections%s", failedTries(db, name)))
	}
	return waiting(v1alpha1.ReasonRestoring, jobRunning(db, name, "is restoring the database from the backup"))
}

// AwaitingRestore says why the service waits for a restore; nil if it does not.
func AwaitingRestore(db *Database) *condition.Problem {
	h := RestoreHealth(db)
	if h == nil || h.Ready || restoreRefused(db) {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseRestored, Reason: h.Reason, Message: h.Message, Stalled: h.Stalled}
}
