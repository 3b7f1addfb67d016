// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"math/bits"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// backupFailure says why no backup succeeded after the last one; nil if none failed.
func (builtIn) backupFailure(db *Database, last *v1alpha1.BackupStatus) *condition.Message {
	if h := jobFailure(db, v1alpha1.ComponentBackup); h != nil {
		return &h.Message
	}
	var newest *batchv1.Job
	var at metav1.Time
	for _, job := range db.Jobs {
		if job.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentBackup || db.JobWorkDone(job) {
			continue
		}
		if stuck := stuckBehind(db, job); stuck != nil && !inputs.JobFailed(job) {
			return &condition.Message{Object: object("Job", job.Name), Cause: "made no backup" + stuck.Cause, Remedy: stuck.Remedy}
		}
		c := inputs.JobCondition(job, batchv1.JobFailed)
		if c != nil && (newest == nil || at.Before(&c.LastTransitionTime)) {
			newest, at = job, c.LastTransitionTime
		}
	}
	if newest == nil || last != nil && (!last.Time.Before(&at) || madeBy(newest, last)) {
		return nil
	}
	if exceeded(newest) {
		return &condition.Message{Object: object("Job", newest.Name), Cause: limitOf(newest), Remedy: "raise database.backup.timeoutSeconds"}
	}
	return &condition.Message{Cause: inputs.Failure(db.Inputs, newest.Name)}
}

// madeBy reports whether a Job that exceeded its limit made a backup nevertheless: another
// container kept its pod running.
func madeBy(job *batchv1.Job, last *v1alpha1.BackupStatus) bool {
	return exceeded(job) && !last.Time.Before(&job.CreationTimestamp)
}

// LeftoverBackups returns the Jobs of the CronJob whose backup the status records and that
// still run, because of a container that another client added. They are deleted: no other
// backup starts while they run.
func LeftoverBackups(db *Database) []kube.Object {
	old := db.Microservice.Status.Database
	if old == nil || old.LastBackup == nil {
		return nil
	}
	var leftovers []kube.Object
	for _, job := range db.Jobs {
		owner := metav1.GetControllerOfNoCopy(job)
		if owner == nil || owner.Kind != "CronJob" || owner.Name != names.Backup(db.Microservice.Name) || !db.JobOutlivesWork(job) {
			continue
		}
		for _, pod := range inputs.PodsOf(db.Inputs, job.Name) {
			if report := reportOf(pod); report != nil && !old.LastBackup.Time.Before(&report.Time) {
				leftovers = append(leftovers, job)
				break
			}
		}
	}
	return leftovers
}

// stagingRequest returns the ephemeral storage that a dump is expected to take on the node;
// nil if it takes none, or no earlier dump is known. It is the size of the last one, and a
// quarter more, rounded up by at most an eighth, so that it seldom changes.
func stagingRequest(db *Database, backup *v1alpha1.DatabaseBackup) *resource.Quantity {
	last := LastBackup(db)
	if backup.Destination.S3 == nil || backup.Destination.S3.Staging != nil || last == nil || last.Size <= 0 {
		return nil
	}
	const smallest = 64 << 20
	size := max(last.Size+last.Size/4, smallest)
	// The step is between a sixteenth and an eighth of the size.
	step := int64(1) << (bits.Len64(uint64(size-1)) - 4)
	size = (size + step - 1) / step * step
	return resource.NewQuantity(min(size, db.Plan.Size.Value()), resource.BinarySI)
}

// holdsBackups reports whether no backup must start: the database is down, and each try would
// fail; it waits for its restore, and a backup of it would be the newest; or a migration
// runs, and waits for no dump then. A backup that is overdue does not wait for a migration
// any longer.
func holdsBackups(db *Database) bool {
	return !Usable(db) || AwaitingRestore(db) != nil || !db.BackupOverdue && migrationRuns(db)
}

// dumps reports whether a pod dumps the database. The upload to a bucket holds no locks.
func dumps(db *Database) bool {
	return slices.ContainsFunc(db.JobPods(v1alpha1.ComponentBackup), func(pod corev1.Pod) bool {
		return slices.ContainsFunc(db.Working(&pod), func(c *corev1.ContainerStatus) bool { return c.Name == dumpContainer })
	})
}

// migrationRuns reports whether a migration runs or is about to. One that can't start does
// not count.
func migrationRuns(db *Database) bool {
	return slices.ContainsFunc(db.Jobs, func(job *batchv1.Job) bool {
		if job.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentMigration || inputs.JobFailed(job) || db.JobWorkDone(job) || isHeld(job) {
			return false
		}
		return stuckBehind(db, job) == nil &&
			(jobFailure(db, v1alpha1.ComponentMigration) == nil || slices.ContainsFunc(inputs.PodsOf(db.Inputs, job.Name), db.PodWorks))
	})
}
