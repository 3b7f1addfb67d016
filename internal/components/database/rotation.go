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

func rotationOf(in *Database) rotationStep {
	next, binding := in.DatabaseState.Next, in.DatabaseState.Binding
	switch {
	case in.managed() == nil || next == nil:
		return rotationNone
	case next.UID == "":
		return rotationMint
	case binding == nil || binding.Username != next.Username || binding.Password != next.Password:
		if inputs.JobDone(in.Job(names.Rotation(in.Microservice, next.UID))) {
			return rotationPublish
		}
		return rotationSet
	case !rolledOut(in):
		return rotationRoll
	case inputs.JobDone(in.Job(names.Retirement(in.Microservice, next.UID))):
		return rotationDone
	}
	return rotationRetire
}

// RotationJobs are the Job of the step, and those of earlier ones until all is
// done.
func RotationJobs(in *Database) ([]kube.Object, error) {
	if problem := Unusable(in); problem != nil {
		return nil, problem
	}
	p, next, ms := in.managed(), in.DatabaseState.Next, in.Microservice
	if p == nil || in.rotation < rotationSet || in.rotation == rotationDone {
		return nil, nil
	}
	var jobs []kube.Object
	l := names.Labels(ms, v1alpha1.ComponentRotation)
	set, retire := names.Rotation(ms, next.UID), names.Retirement(ms, next.UID)
	switch {
	case in.Job(set) != nil:
		jobs = append(jobs, inputs.Kept(in.Job(set)))
	case in.rotation == rotationSet && Usable(in):
		job := p.SetPasswordJob(set, l)
		job.Spec.Template.Spec.ImagePullSecrets = inputs.PullSecrets(in.Inputs)
		jobs = append(jobs, job)
	}
	switch {
	case in.Job(retire) != nil:
		jobs = append(jobs, inputs.Kept(in.Job(retire)))
	case in.rotation == rotationRetire && Usable(in):
		job := p.RetirePasswordJob(retire, inputs.UsersOf(ms, in.DatabaseState.Cluster).After(next.Username), l)
		job.Spec.Template.Spec.ImagePullSecrets = inputs.PullSecrets(in.Inputs)
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// rolledOut says whether every pod of the service was started with what the
// binding Secret now holds.
func rolledOut(in *Database) bool {
	// A migration has what it was started with.
	if slices.ContainsFunc(in.Jobs, func(job *batchv1.Job) bool {
		return job.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentMigration && !inputs.JobDone(job) && !inputs.JobFailed(job)
	}) {
		return false
	}
	d := in.Deployment
	if d == nil {
		return true
	}
	n := ptr.Deref(d.Spec.Replicas, 1)
	return d.Spec.Template.Annotations[names.AnnotationReferences] == contentHashOf(in, in.DatabaseState.Binding) &&
		d.Status.ObservedGeneration >= d.Generation &&
		d.Status.UpdatedReplicas >= n && d.Status.Replicas <= d.Status.UpdatedReplicas && d.Status.AvailableReplicas >= n &&
		!inputs.Terminating(in.Inputs, v1alpha1.ComponentService)
}

// RotationHealth is how a change of the password is that the user asked for; nil
// when none was.
func RotationHealth(in *Database) *condition.Health {
	wanted := in.Microservice.Annotations[v1alpha1.AnnotationRotateCredentials]
	if in.Plan == nil || wanted == "" && in.rotation == rotationNone || credentialsProblem(in) != nil {
		return nil
	}
	if in.managed() == nil {
		return &condition.Health{Reason: v1alpha1.ReasonNotSupported,
			Message: condition.ParseMessage(fmt.Sprintf("The password of an External database is changed where it is run: write the new one to Secret %q and the pods are replaced; remove the annotation %s",
				in.Plan.SecretName, v1alpha1.AnnotationRotateCredentials))}
	}
	if in.rotation != rotationNone && in.DatabaseState.Binding == nil {
		// A first password is told of as a part of making the database.
		return nil
	}
	if in.rotation == rotationNone || in.rotation == rotationDone {
		switch binding := in.DatabaseState.Binding; {
		case binding == nil || wanted != "" && binding.Rotation != wanted:
			return ptr.To(rotating("A new password is to be made"))
		case in.rotation == rotationNone && binding.Retiring:
			return ptr.To(rotating("The change of the password was broken off before the old one was made useless, and goes on"))
		}
		return &condition.Health{Ready: true, Reason: v1alpha1.ReasonRotated, Message: condition.ParseMessage("The password was changed and the old one works no more")}
	}
	if h := podfailure.Worst(in.Pods, v1alpha1.ComponentRotation); h != nil {
		h.Stalled, h.Progressing = false, true
		return h
	}
	if in.Suspended() {
		return ptr.To(rotating("The change of the password goes on when the service is not suspended any more; what is in use works"))
	}
	return ptr.To(rotating(map[rotationStep]string{
		rotationMint:    "A new password is to be made",
		rotationSet:     "The database is being given a new password; the old one works on",
		rotationPublish: "The new password is to be written to Secret " + fmt.Sprintf("%q", in.Plan.SecretName) + "; the old one works on",
		rotationRoll:    "The pods are being replaced by ones that have the new password; the old one works on",
		rotationRetire:  "The old password is being made useless; no pod has it any more",
	}[in.rotation]))
}

func rotating(message string) condition.Health {
	return condition.Health{Reason: v1alpha1.ReasonRotating, Message: condition.ParseMessage(message), Progressing: true}
}

// AwaitingCredentials says that a new Cluster has no user for the service yet.
func AwaitingCredentials(in *Database) *condition.Problem {
	known := in.DatabaseState.Cluster != nil && in.binding() != nil && (in.rotation >= rotationPublish || !in.DatabaseState.Unbound())
	if in.clustered() == nil || known {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: v1alpha1.ReasonProgressing,
		Message: condition.ParseMessage(fmt.Sprintf("The database is being given the service's user, which Secret %q will hold", names.Database(in.Microservice.Name)))}
}
