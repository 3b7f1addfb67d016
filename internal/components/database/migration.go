/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package database

import (
	"encoding/json"
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// MigrationTries is how often a migration is tried before it has failed.
const MigrationTries = 3

func (db *Database) Migration() *v1alpha1.DatabaseMigration {
	if db.Plan == nil {
		return nil
	}
	return db.Microservice.Spec.Database.Migration
}

// MigrationHash names what a migration runs, and on which volume or Cluster: the image, the
// command and the variables that the user gives it. Anything else, such as a new
// password or another number of pods, does not make it a new one.
func MigrationHash(db *Database) string {
	ms, m := db.Microservice, db.Migration()
	what := []any{MigrationImage(db), m.Command, m.Args, ms.Spec.Env, ms.Spec.EnvFrom}
	if holder := db.DatabaseState.Holder(); holder != nil && holder.UID != "" {
		what = append(what, holder.UID)
	}
	// What can be encoded for the API server can be encoded.
	text, _ := json.Marshal(what)
	return names.Hash(string(text))
}

func MigrationImage(db *Database) string {
	if m := db.Migration(); m.Image != "" {
		return m.Image
	}
	return db.Microservice.Spec.Image
}

// Migrated says whether the wanted migration has run. The Deployment is marked
// with it, so that it is known after the Job is gone.
func Migrated(db *Database) bool {
	hash := MigrationHash(db)
	return db.Deployment != nil && db.Deployment.Annotations[names.AnnotationMigrated] == hash ||
		inputs.JobDone(db.Job(names.Migration(db.Microservice, hash)))
}

// MigrationWaits says what the migration waits for; empty when for nothing.
func MigrationWaits(db *Database) string {
	switch {
	case AwaitingCredentials(db) != nil || !Usable(db):
		return "for the database to accept connections"
	case AwaitingRestore(db) != nil:
		return "for the database to be filled from its backup"
	case len(db.References.Missing) > 0:
		return "for what the pods refer to: " + db.References.Missing[0]
	}
	return ""
}

// OtherMigration is an earlier migration that has not ended, and whether a
// container of it runs.
func OtherMigration(db *Database, name string) (other *batchv1.Job, running bool) {
	for _, job := range db.Jobs {
		if job.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentMigration || job.Name == name || !metav1.IsControlledBy(job, db.Microservice) {
			continue
		}
		alive := slices.ContainsFunc(inputs.PodsOf(db.Inputs, job.Name), containerRuns)
		if inputs.JobDone(job) || inputs.JobFailed(job) && !alive {
			continue
		}
		other, running = job, running || alive && job.DeletionTimestamp == nil
		if running {
			return job, true
		}
	}
	return other, false
}

// LeftoverMigration is the name of a pod that still migrates although its Job was
// deleted; empty where there is none.
func LeftoverMigration(db *Database) string {
	for i := range db.Pods {
		pod := &db.Pods[i]
		if pod.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentMigration || !containerRuns(pod) {
			continue
		}
		owner := metav1.GetControllerOf(pod)
		if owner != nil && !slices.ContainsFunc(db.Jobs, func(job *batchv1.Job) bool { return job.UID == owner.UID }) {
			return pod.Name
		}
	}
	return ""
}

func containerRuns(pod *corev1.Pod) bool {
	for _, statuses := range [][]corev1.ContainerStatus{pod.Status.InitContainerStatuses, pod.Status.ContainerStatuses} {
		for i := range statuses {
			if statuses[i].State.Running != nil {
				return true
			}
		}
	}
	return false
}

// MigrationHealth is how the migration is; nil when there is none.
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
		return condition.Health{Ready: true, Reason: v1alpha1.ReasonMigrated, Message: condition.ParseMessage(fmt.Sprintf("The migration of image %q has run", image))}
	}
	if db.Suspended() {
		return condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The migration runs when the service is not suspended any more")}
	}
	if other, running := OtherMigration(db, name); other != nil && db.Job(name) == nil {
		if running {
			return migrating("Job %q, an earlier migration, runs to its end before that of image %q begins; delete the Job to break it off", other.Name, image)
		}
		return migrating("Job %q, an earlier migration that has not begun, gives way to that of image %q", other.Name, image)
	}
	switch job := db.Job(name); {
	case job == nil:
		if waits := MigrationWaits(db); waits != "" {
			return migrating("The migration of image %q waits %s", image, waits)
		}
		if pod := LeftoverMigration(db); pod != "" {
			return migrating("The migration of image %q waits for pod %q of an earlier one, which is on its way out", image, pod)
		}
		return migrating("The migration of image %q is about to begin", image)
	case inputs.JobFailed(job):
		return condition.Health{Reason: v1alpha1.ReasonMigrationFailed, Stalled: true,
			Message: condition.ParseMessage(fmt.Sprintf("The migration of image %q failed, and the rollout waits: correct image, env or database.migration, or delete Job %q to run it again. It said: %s", image, name, inputs.Failure(db.Inputs, name)))}
	}
	if h := podfailure.Worst(db.Pods, v1alpha1.ComponentMigration); h != nil {
		return *h
	}
	return migrating("Job %q is running the migration of image %q%s", name, image, triesSoFar(db, name))
}

// triesSoFar tells of the tries of a Job that have failed; empty while none has.
func triesSoFar(db *Database, name string) string {
	job := db.Job(name)
	if job == nil || job.Status.Failed == 0 || job.Spec.BackoffLimit == nil {
		return ""
	}
	return fmt.Sprintf("; %d of %d tries failed. The last one said: %s", job.Status.Failed, *job.Spec.BackoffLimit+1, inputs.Failure(db.Inputs, name))
}

func migrating(format string, args ...any) condition.Health {
	return condition.Health{Reason: v1alpha1.ReasonMigrating, Progressing: true, Message: condition.ParseMessage(fmt.Sprintf(format, args...))}
}

// AwaitingMigration holds a rollout back until its migration has run.
func AwaitingMigration(db *Database) *condition.Problem {
	h := MigrationHealth(db)
	if h == nil || h.Ready {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseMigrated, Reason: h.Reason, Message: h.Message, Stalled: h.Stalled}
}

// MigrationMark is what the Deployment is marked with.
func MigrationMark(db *Database) map[string]string {
	if db.Migration() == nil {
		return nil
	}
	return map[string]string{names.AnnotationMigrated: MigrationHash(db)}
}
