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
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// rotationStep is how far a change of the database's password has come. It is
// read off the objects, so that it goes on from wherever it was broken off:
//
//	mint     the new password is to be written into the Secret <name>-db-next
//	set      a Job gives it to the engine's other user; the old one works on
//	publish  it is to be written into the binding Secret
//	roll     the pods are replaced by ones that have it
//	retire   a Job makes the old password useless
//	done     the Secret <name>-db-next and the Jobs are to go
//
// The first password of a CloudNativePG Cluster comes in the same way.
type rotationStep int

const (
	rotationNone rotationStep = iota
	rotationMint
	rotationSet
	rotationPublish
	rotationRoll
	rotationRetire
	rotationDone
)

func rotationOf(db *Database) rotationStep {
	next, binding := db.DatabaseState.Next, db.DatabaseState.Binding
	switch {
	case db.managed() == nil || next == nil:
		return rotationNone
	case next.UID == "":
		return rotationMint
	case binding == nil || binding.Username != next.Username || binding.Password != next.Password:
		if inputs.JobDone(db.Job(names.Rotate(db.Microservice, next.UID))) {
			return rotationPublish
		}
		return rotationSet
	case !rolledOut(db):
		return rotationRoll
	case inputs.JobDone(db.Job(names.Retire(db.Microservice, next.UID))):
		return rotationDone
	}
	return rotationRetire
}

// RotationJobs are the Job of the step, and those of earlier ones until all is
// done.
func RotationJobs(db *Database) ([]kube.Object, error) {
	if problem := Unusable(db); problem != nil {
		return nil, problem
	}
	p, next, ms := db.managed(), db.DatabaseState.Next, db.Microservice
	if p == nil || db.rotation < rotationSet || db.rotation == rotationDone {
		return nil, nil
	}
	var jobs []kube.Object
	l := names.Labels(ms, v1alpha1.ComponentRotation)
	set, retire := names.Rotate(ms, next.UID), names.Retire(ms, next.UID)
	switch {
	case db.Job(set) != nil:
		jobs = append(jobs, inputs.Kept(db.Job(set)))
	case db.rotation == rotationSet && Usable(db):
		job := p.SetPasswordJob(set, l)
		job.Spec.Template.Spec.ImagePullSecrets = inputs.PullSecrets(db.Inputs)
		jobs = append(jobs, job)
	}
	switch {
	case db.Job(retire) != nil:
		jobs = append(jobs, inputs.Kept(db.Job(retire)))
	case db.rotation == rotationRetire && Usable(db):
		job := p.RetirePasswordJob(retire, inputs.UsersOf(ms, db.DatabaseState.Cluster).After(next.Username), l)
		job.Spec.Template.Spec.ImagePullSecrets = inputs.PullSecrets(db.Inputs)
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// rolledOut says whether every pod of the service was started with what the
// binding Secret now holds.
func rolledOut(db *Database) bool {
	// A migration has what it was started with.
	if slices.ContainsFunc(db.Jobs, func(job *batchv1.Job) bool {
		return job.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentMigration && !inputs.JobDone(job) && !inputs.JobFailed(job)
	}) {
		return false
	}
	d := db.Deployment
	if d == nil {
		return true
	}
	n := ptr.Deref(d.Spec.Replicas, 1)
	return d.Spec.Template.Annotations[names.AnnotationReferences] == contentHashOf(db, db.DatabaseState.Binding) &&
		d.Status.ObservedGeneration >= d.Generation &&
		d.Status.UpdatedReplicas >= n && d.Status.Replicas <= d.Status.UpdatedReplicas && d.Status.AvailableReplicas >= n &&
		!inputs.Terminating(db.Inputs, v1alpha1.ComponentService)
}

// RotationHealth is how a change of the password is that the user asked for; nil
// when none was.
func RotationHealth(db *Database) *condition.Health {
	wanted := db.Microservice.Annotations[v1alpha1.AnnotationRotateCredentials]
	if db.Plan == nil || wanted == "" && db.rotation == rotationNone || credentialsProblem(db) != nil {
		return nil
	}
	if db.managed() == nil {
		return &condition.Health{Reason: v1alpha1.ReasonNotSupported,
			Message: condition.ParseMessage(fmt.Sprintf("The password of an External database is changed where it is run: write the new one to Secret %q and the pods are replaced; remove the annotation %s",
				db.Plan.SecretName, v1alpha1.AnnotationRotateCredentials))}
	}
	if db.rotation != rotationNone && db.DatabaseState.Binding == nil {
		// A first password is told of as a part of making the database.
		return nil
	}
	if db.rotation == rotationNone || db.rotation == rotationDone {
		switch binding := db.DatabaseState.Binding; {
		case binding == nil || wanted != "" && binding.Rotation != wanted:
			return ptr.To(rotating("A new password is to be made"))
		case db.rotation == rotationNone && binding.Retiring:
			return ptr.To(rotating("The change of the password was broken off before the old one was made useless, and goes on"))
		}
		return &condition.Health{Ready: true, Reason: v1alpha1.ReasonRotated, Message: condition.ParseMessage("The password was changed and the old one works no more")}
	}
	if h := podfailure.Worst(db.Pods, v1alpha1.ComponentRotation); h != nil {
		h.Stalled, h.Progressing = false, true
		return h
	}
	if db.Suspended() {
		return ptr.To(rotating("The change of the password goes on when the service is not suspended any more; what is in use works"))
	}
	return ptr.To(rotating(map[rotationStep]string{
		rotationMint:    "A new password is to be made",
		rotationSet:     "The database is being given a new password; the old one works on",
		rotationPublish: "The new password is to be written to Secret " + fmt.Sprintf("%q", db.Plan.SecretName) + "; the old one works on",
		rotationRoll:    "The pods are being replaced by ones that have the new password; the old one works on",
		rotationRetire:  "The old password is being made useless; no pod has it any more",
	}[db.rotation]))
}

func rotating(message string) condition.Health {
	return condition.Health{Reason: v1alpha1.ReasonRotating, Message: condition.ParseMessage(message), Progressing: true}
}

// AwaitingCredentials says that a new Cluster has no user for the service yet.
func AwaitingCredentials(db *Database) *condition.Problem {
	if db.Plan == nil || !db.Plan.Provider.lacksUser(db) {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: v1alpha1.ReasonProgressing,
		Message: condition.ParseMessage(fmt.Sprintf("The database is being given the service's user, which Secret %q will hold", names.Database(db.Microservice.Name)))}
}
