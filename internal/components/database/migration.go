// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"encoding/json"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// MigrationTries is the number of tries of a migration.
const MigrationTries = 3

// Migration returns the wanted migration; nil if there is none.
func (db *Database) Migration() *v1alpha1.DatabaseMigration {
	if db.Plan == nil {
		return nil
	}
	return db.Microservice.Spec.Database.Migration
}

// MigrationHash identifies a migration by its image, its command, the user's
// variables, and the volume or Cluster. Other changes, such as a new password or
// another number of pods, do not start a new migration.
func MigrationHash(db *Database) string {
	ms, m := db.Microservice, db.Migration()
	what := []any{MigrationImage(db), m.Command, m.Args, db.OwnEnv(), ms.Spec.EnvFrom}
	if holder := db.DatabaseState.Holder(); holder != nil && holder.UID != "" {
		what = append(what, holder.UID)
	}
	// Types of the API server always encode.
	text, _ := json.Marshal(what)
	return names.Hash(string(text))
}

// MigrationImage returns the image that migrates.
func MigrationImage(db *Database) string {
	if m := db.Migration(); m.Image != "" {
		return m.Image
	}
	return db.Microservice.Spec.Image
}

// Migrated reports whether the wanted migration is complete. An annotation of the
// Deployment remembers it after the Job is deleted.
func Migrated(db *Database) bool {
	hash := MigrationHash(db)
	return MigrationRecorded(db, hash) ||
		db.JobWorkDone(db.Job(names.Migration(db.Microservice, hash)))
}

// MigrationRecorded reports whether the Deployment records that a migration is complete.
func MigrationRecorded(db *Database, hash string) bool {
	return db.Deployment != nil && db.Deployment.Annotations[names.AnnotationMigrated] == hash
}

// MigrationWaits reports whether the migration has to wait before it can start.
func MigrationWaits(db *Database) bool { return migrationWaits(db) != nil }

// migrationWaits says what the migration waits for; nil if it can start. The cause
// continues "waits for".
func migrationWaits(db *Database) *condition.Message {
	failure := db.PolicyFailure(v1alpha1.ComponentService)
	switch {
	case len(db.References.Missing) > 0:
		missing := db.References.Missing[0].Message()
		remedy := missing.Remedy
		missing.Remedy = ""
		return &condition.Message{Cause: "a missing reference: " + missing.String(), Remedy: remedy}
	case failure != nil:
		cause := failure.Message
		cause.Remedy = ""
		return &condition.Message{Cause: "its NetworkPolicy: " + cause.String(), Remedy: failure.Message.Remedy}
	case AwaitingCredentials(db) != nil || !Usable(db):
		return &condition.Message{Cause: "the database to accept connections"}
	case AwaitingRestore(db) != nil:
		return &condition.Message{Cause: "the restore of the database"}
	case dumps(db):
		// A statement that waits for the locks of a dump blocks all later ones.
		return &condition.Message{Cause: "the backup that runs"}
	case AwaitingExtensions(db) != nil:
		return &condition.Message{Cause: "the extensions of the database"}
	}
	return nil
}

// OtherMigration returns an earlier migration that has not ended, and whether one of
// its containers runs.
func OtherMigration(db *Database, name string) (other *batchv1.Job, running bool) {
	for _, job := range db.Jobs {
		if job.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentMigration || job.Name == name || !metav1.IsControlledBy(job, db.Microservice) {
			continue
		}
		alive := slices.ContainsFunc(inputs.PodsOf(db.Inputs, job.Name), db.PodWorks)
		if db.JobWorkDone(job) || inputs.JobFailed(job) && !alive {
			continue
		}
		other, running = job, running || alive && job.DeletionTimestamp == nil
		if running {
			return job, true
		}
	}
	return other, false
}

// MigrationJob returns the Job of the wanted migration; nil if there is none. One that
// failed does not count after the server was replaced: its fault may have been the
// server's. One that exceeded its limit does not count after the limit was changed. One
// that has done its work is not needed once that is recorded.
func MigrationJob(db *Database, name string) *batchv1.Job {
	job := db.Job(name)
	if forgiven(db, job) || outdated(job, db.Migration().TimeoutSeconds) || db.JobOutlivesWork(job) && MigrationRecorded(db, MigrationHash(db)) {
		return nil
	}
	return job
}

// LeftoverMigration returns the name of a pod that still migrates although its Job
// was deleted; empty if there is none.
func LeftoverMigration(db *Database) string {
	for _, pod := range db.JobPods(v1alpha1.ComponentMigration) {
		owner := metav1.GetControllerOfNoCopy(&pod)
		if db.PodWorks(&pod) && !slices.ContainsFunc(db.Jobs, func(job *batchv1.Job) bool { return job.UID == owner.UID }) {
			return pod.Name
		}
	}
	return ""
}

// MigrationHealth returns the health of the migration; nil if there is none.
func MigrationHealth(db *Database) *condition.Health {
	if db.Migration() == nil {
		return nil
	}
	h := migrationHealth(db)
	return &h
}

func migrationHealth(db *Database) condition.Health {
	name := names.Migration(db.Microservice, MigrationHash(db))
	image := MigrationImage(db)
	if Migrated(db) {
		return condition.Health{Ready: true, Reason: v1alpha1.ReasonMigrated, Message: condition.Say("The migration of image %q is complete", image)}
	}
	if db.Suspended() {
		return suspended(condition.Say("The migration runs when the service is no longer suspended"))
	}
	if other, running := OtherMigration(db, name); other != nil && db.Job(name) == nil {
		if running {
			return migrating(condition.Message{Object: object("Job", other.Name),
				Cause:  fmt.Sprintf("runs an earlier migration; the migration of image %q waits for its end", image),
				Remedy: "wait, or delete the Job to stop it"})
		}
		return migrating(condition.Message{Object: object("Job", other.Name),
			Cause: fmt.Sprintf("is an earlier migration that has not started; the migration of image %q replaces it", image)})
	}
	switch job := MigrationJob(db, name); {
	case job == nil:
		if waits := migrationWaits(db); waits != nil {
			return migrationWaitHealth(db, condition.Message{Cause: fmt.Sprintf("The migration of image %q waits for %s", image, waits.Cause), Remedy: waits.Remedy})
		}
		if pod := LeftoverMigration(db); pod != "" {
			return migrating(condition.Say("The migration of image %q waits until pod %q of an earlier migration has stopped", image, pod))
		}
		return migrating(condition.Say("The migration of image %q is about to start", image))
	case exceeded(job):
		return condition.Health{Reason: v1alpha1.ReasonMigrationFailed, Stalled: true, Message: condition.Message{
			Cause:  fmt.Sprintf("The migration of image %q %s, and the rollout waits", image, limitOf(job)),
			Remedy: fmt.Sprintf("raise database.migration.timeoutSeconds, or correct image, env or database.migration, or delete Job %q to run it again", name)}}
	case inputs.JobFailed(job):
		return condition.Health{Reason: v1alpha1.ReasonMigrationFailed, Stalled: true, Message: condition.Message{
			Cause:  fmt.Sprintf("The migration of image %q failed, and the rollout waits. Its output: %s", image, inputs.Failure(db.Inputs, name)),
			Remedy: fmt.Sprintf("correct image, env or database.migration, or delete Job %q to run it again", name)}}
	}
	if h := jobFailure(db, v1alpha1.ComponentMigration); h != nil {
		return *h
	}
	if waits := migrationWaits(db); waits != nil && isHeld(db.Job(name)) {
		return migrationWaitHealth(db, condition.Message{Cause: fmt.Sprintf("The next try of the migration of image %q waits for %s%s", image, waits.Cause, failedTries(db, name)), Remedy: waits.Remedy})
	}
	return migrating(jobRunning(db, name, fmt.Sprintf("is running the migration of image %q", image)))
}

// failedTries describes the failed tries of a Job; empty while there are none.
func failedTries(db *Database, name string) string {
	job := db.Job(name)
	if job == nil || job.Status.Failed == 0 || job.Spec.BackoffLimit == nil {
		return ""
	}
	return fmt.Sprintf("; %d of %d tries failed. Output of the last one: %s", job.Status.Failed, *job.Spec.BackoffLimit+1, inputs.Failure(db.Inputs, name))
}

func migrating(message condition.Message) condition.Health {
	return waiting(v1alpha1.ReasonMigrating, message)
}

// migrationWaitHealth returns the health of a migration that waits. A reason that the user can remove is
// named as such.
func migrationWaitHealth(db *Database, message condition.Message) condition.Health {
	if len(db.References.Missing) > 0 {
		return waiting(v1alpha1.ReasonReferenceNotFound, message)
	}
	return migrating(message)
}

// AwaitingMigration says why the rollout waits for its migration; nil if it does not.
func AwaitingMigration(db *Database) *condition.Problem {
	h := MigrationHealth(db)
	if h == nil || h.Ready {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseMigrated, Reason: h.Reason, Message: h.Message, Stalled: h.Stalled}
}

// MigrationMark returns the annotation of a Deployment that has migrated.
func MigrationMark(db *Database) map[string]string {
	if db.Migration() == nil {
		return nil
	}
	return map[string]string{names.AnnotationMigrated: MigrationHash(db)}
}
