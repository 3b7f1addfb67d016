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

func (in *Database) Migration() *v1alpha1.DatabaseMigration {
	if in.Plan == nil {
		return nil
	}
	return in.Microservice.Spec.Database.Migration
}

// MigrationHash names what a migration runs, and on which volume or Cluster: the image, the
// command and the variables that the user gives it. Anything else, such as a new
// password or another number of pods, does not make it a new one.
func MigrationHash(in *Database) string {
	ms, m := in.Microservice, in.Migration()
	what := []any{MigrationImage(in), m.Command, m.Args, ms.Spec.Env, ms.Spec.EnvFrom}
	if holder := in.DatabaseState.Holder(); holder != nil && holder.UID != "" {
		what = append(what, holder.UID)
	}
	// What can be encoded for the API server can be encoded.
	text, _ := json.Marshal(what)
	return names.Hash(string(text))
}

func MigrationImage(in *Database) string {
	if m := in.Migration(); m.Image != "" {
		return m.Image
	}
	return in.Microservice.Spec.Image
}

// Migrated says whether the wanted migration has run. The Deployment is marked
// with it, so that it is known after the Job is gone.
func Migrated(in *Database) bool {
	hash := MigrationHash(in)
	return in.Deployment != nil && in.Deployment.Annotations[names.AnnotationMigrated] == hash ||
		inputs.JobDone(in.Job(names.Migration(in.Microservice, hash)))
}

// MigrationWaits says what the migration waits for; empty when for nothing.
func MigrationWaits(in *Database) string {
	switch {
	case AwaitingCredentials(in) != nil || !Usable(in):
		return "for the database to accept connections"
	case AwaitingRestore(in) != nil:
		return "for the database to be filled from its backup"
	case len(in.References.Missing) > 0:
		return "for what the pods refer to: " + in.References.Missing[0].Message().String()
	}
	return ""
}

// OtherMigration is an earlier migration that has not ended, and whether a
// container of it runs.
func OtherMigration(in *Database, name string) (other *batchv1.Job, running bool) {
	for _, job := range in.Jobs {
		if job.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentMigration || job.Name == name || !metav1.IsControlledBy(job, in.Microservice) {
			continue
		}
		alive := slices.ContainsFunc(inputs.PodsOf(in.Inputs, job.Name), containerRuns)
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
func LeftoverMigration(in *Database) string {
	for i := range in.Pods {
		pod := &in.Pods[i]
		if pod.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentMigration || !containerRuns(pod) {
			continue
		}
		owner := metav1.GetControllerOf(pod)
		if owner != nil && !slices.ContainsFunc(in.Jobs, func(job *batchv1.Job) bool { return job.UID == owner.UID }) {
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
func MigrationHealth(in *Database) *condition.Health {
	if in.Migration() == nil {
		return nil
	}
	h := migrationHealth(in)
	return &h
}

func migrationHealth(in *Database) condition.Health {
	name := names.Migration(in.Microservice, MigrationHash(in))
	image := MigrationImage(in)
	if Migrated(in) {
		return condition.Health{Ready: true, Reason: v1alpha1.ReasonMigrated, Message: condition.ParseMessage(fmt.Sprintf("The migration of image %q has run", image))}
	}
	if in.Suspended() {
		return condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The migration runs when the service is not suspended any more")}
	}
	if other, running := OtherMigration(in, name); other != nil && in.Job(name) == nil {
		if running {
			return migrating("Job %q, an earlier migration, runs to its end before that of image %q begins; delete the Job to break it off", other.Name, image)
		}
		return migrating("Job %q, an earlier migration that has not begun, gives way to that of image %q", other.Name, image)
	}
	switch job := in.Job(name); {
	case job == nil:
		if waits := MigrationWaits(in); waits != "" {
			return migrating("The migration of image %q waits %s", image, waits)
		}
		if pod := LeftoverMigration(in); pod != "" {
			return migrating("The migration of image %q waits for pod %q of an earlier one, which is on its way out", image, pod)
		}
		return migrating("The migration of image %q is about to begin", image)
	case inputs.JobFailed(job):
		return condition.Health{Reason: v1alpha1.ReasonMigrationFailed, Stalled: true,
			Message: condition.ParseMessage(fmt.Sprintf("The migration of image %q failed, and the rollout waits: correct image, env or database.migration, or delete Job %q to run it again. It said: %s", image, name, inputs.Failure(in.Inputs, name)))}
	}
	if h := podfailure.Worst(in.Pods, v1alpha1.ComponentMigration); h != nil {
		return *h
	}
	return migrating("Job %q is running the migration of image %q%s", name, image, triesSoFar(in, name))
}

// triesSoFar tells of the tries of a Job that have failed; empty while none has.
func triesSoFar(in *Database, name string) string {
	job := in.Job(name)
	if job == nil || job.Status.Failed == 0 || job.Spec.BackoffLimit == nil {
		return ""
	}
	return fmt.Sprintf("; %d of %d tries failed. The last one said: %s", job.Status.Failed, *job.Spec.BackoffLimit+1, inputs.Failure(in.Inputs, name))
}

func migrating(format string, args ...any) condition.Health {
	return condition.Health{Reason: v1alpha1.ReasonMigrating, Progressing: true, Message: condition.ParseMessage(fmt.Sprintf(format, args...))}
}

// AwaitingMigration holds a rollout back until its migration has run.
func AwaitingMigration(in *Database) *condition.Problem {
	h := MigrationHealth(in)
	if h == nil || h.Ready {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseMigrated, Reason: h.Reason, Message: h.Message, Stalled: h.Stalled}
}

// MigrationMark is what the Deployment is marked with.
func MigrationMark(in *Database) map[string]string {
	if in.Migration() == nil {
		return nil
	}
	return map[string]string{names.AnnotationMigrated: MigrationHash(in)}
}
