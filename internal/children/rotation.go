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

package children

import (
	"fmt"
	"slices"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/database"
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
		if jobDone(in.job(RotateName(in.Microservice, next.UID))) {
			return rotationPublish
		}
		return rotationSet
	case !rolledOut(in):
		return rotationRoll
	case jobDone(in.job(RetireName(in.Microservice, next.UID))):
		return rotationDone
	}
	return rotationRetire
}

// rotationJobs are the Job of the step, and those of earlier ones until all is
// done.
func rotationJobs(in *Database) ([]Object, error) {
	if problem := unusable(in); problem != nil {
		return nil, problem
	}
	p, next, ms := in.managed(), in.DatabaseState.Next, in.Microservice
	if p == nil || in.rotation < rotationSet || in.rotation == rotationDone {
		return nil, nil
	}
	var jobs []Object
	l := labels(ms, v1alpha1.ComponentRotation)
	set, retire := RotateName(ms, next.UID), RetireName(ms, next.UID)
	switch {
	case in.job(set) != nil:
		jobs = append(jobs, kept(in.job(set)))
	case in.rotation == rotationSet && databaseUsable(in):
		job := p.SetPasswordJob(set, l)
		job.Spec.Template.Spec.ImagePullSecrets = pullSecrets(in.Inputs)
		jobs = append(jobs, job)
	}
	switch {
	case in.job(retire) != nil:
		jobs = append(jobs, kept(in.job(retire)))
	case in.rotation == rotationRetire && databaseUsable(in):
		job := p.RetirePasswordJob(retire, database.UsersOf(ms, in.DatabaseState.Cluster).After(next.Username), l)
		job.Spec.Template.Spec.ImagePullSecrets = pullSecrets(in.Inputs)
		jobs = append(jobs, job)
	}
	return jobs, nil
}

// rolledOut says whether every pod of the service was started with what the
// binding Secret now holds.
func rolledOut(in *Database) bool {
	// A migration has what it was started with.
	if slices.ContainsFunc(in.Jobs, func(job *batchv1.Job) bool {
		return job.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentMigration && !jobDone(job) && !jobFailed(job)
	}) {
		return false
	}
	d := in.Deployment
	if d == nil {
		return true
	}
	n := ptr.Deref(d.Spec.Replicas, 1)
	return d.Spec.Template.Annotations[AnnotationReferences] == contentHashOf(in, in.DatabaseState.Binding) &&
		d.Status.ObservedGeneration >= d.Generation &&
		d.Status.UpdatedReplicas >= n && d.Status.Replicas <= d.Status.UpdatedReplicas && d.Status.AvailableReplicas >= n &&
		!terminating(in.Inputs, v1alpha1.ComponentService)
}

// RotationHealth is how a change of the password is that the user asked for; nil
// when none was.
func RotationHealth(in *Database) *Health {
	wanted := in.Microservice.Annotations[v1alpha1.AnnotationRotateCredentials]
	if in.Plan == nil || wanted == "" && in.rotation == rotationNone || credentialsProblem(in) != nil {
		return nil
	}
	if in.managed() == nil {
		return &Health{Reason: v1alpha1.ReasonNotSupported,
			Message: fmt.Sprintf("The password of an External database is changed where it is run: write the new one to Secret %q and the pods are replaced; remove the annotation %s",
				in.Plan.SecretName, v1alpha1.AnnotationRotateCredentials)}
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
		return &Health{Ready: true, Reason: v1alpha1.ReasonRotated, Message: "The password was changed and the old one works no more"}
	}
	if h := podProblem(in.Pods, v1alpha1.ComponentRotation); h != nil {
		h.Stalled, h.Progressing = false, true
		return h
	}
	if in.suspended() {
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

func rotating(message string) Health {
	return Health{Reason: v1alpha1.ReasonRotating, Message: message, Progressing: true}
}

// awaitingCredentials says that a new Cluster has no user for the service yet.
func awaitingCredentials(in *Database) *Problem {
	known := in.DatabaseState.Cluster != nil && in.binding() != nil && (in.rotation >= rotationPublish || !in.DatabaseState.Unbound())
	if in.clustered() == nil || known {
		return nil
	}
	return &Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: v1alpha1.ReasonProgressing,
		Message: fmt.Sprintf("The database is being given the service's user, which Secret %q will hold", database.Name(in.Microservice.Name))}
}
