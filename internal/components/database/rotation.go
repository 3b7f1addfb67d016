// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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
)

// rotationStep is the progress of a rotation of the database's password. It follows
// from the objects, so that an interrupted rotation continues:
//
//	mint     the new password is to be written to the Secret <name>-db-next
//	set      a Job gives it to the other user of the engine; the old one still works
//	publish  the new password is to be written to the binding Secret
//	roll     the pods are replaced to get it
//	retire   a Job disables the old password
//	done     the Secret <name>-db-next and the Jobs are to be deleted
//
// A CloudNativePG Cluster gets its first password in the same way.
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
		if db.JobWorkDone(db.Job(names.Rotation(db.Microservice, next.UID))) {
			return rotationPublish
		}
		return rotationSet
	case !rolledOut(db):
		return rotationRoll
	case db.JobWorkDone(db.Job(names.Retirement(db.Microservice, next.UID))):
		return rotationDone
	}
	return rotationRetire
}

// RotationJobs returns the Jobs of the present step and of earlier ones.
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
	set, retire := names.Rotation(ms, next.UID), names.Retirement(ms, next.UID)
	switch {
	case db.JobOutlivesWork(db.Job(set)) && db.rotation > rotationPublish:
		// Its work is in the binding Secret.
	case db.Job(set) != nil:
		jobs = append(jobs, KeepJob(db, db.Job(set)))
	case db.rotation == rotationSet && Usable(db):
		jobs = append(jobs, p.SetPasswordJob(set, l))
	}
	switch {
	case db.Job(retire) != nil:
		jobs = append(jobs, KeepJob(db, db.Job(retire)))
	case db.rotation == rotationRetire && Usable(db):
		jobs = append(jobs, p.RetirePasswordJob(retire, inputs.UsersOf(ms, db.DatabaseState.Cluster).After(next.Username), l))
	}
	return jobs, nil
}

// rolledOut reports whether every pod of the service started with the present
// content of the binding Secret.
func rolledOut(db *Database) bool {
	// A running migration has the password that it started with.
	if slices.ContainsFunc(db.Jobs, func(job *batchv1.Job) bool {
		return job.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentMigration && !db.JobWorkDone(job) && !inputs.JobFailed(job)
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

// RotationHealth returns the health of the rotation that the user requested; nil if
// none was.
func RotationHealth(db *Database) *condition.Health {
	wanted := db.Microservice.Annotations[v1alpha1.AnnotationRotateCredentials]
	if db.Plan == nil || credentialsProblem(db) != nil {
		return nil
	}
	// A GitOps tool may remove the annotation. Atoll still reports the rotation.
	if binding := db.DatabaseState.Binding; wanted == "" && db.rotation == rotationNone && (binding == nil || binding.Rotation == "") {
		return nil
	}
	if db.managed() == nil {
		return &condition.Health{Reason: v1alpha1.ReasonNotSupported, Message: condition.Message{Object: object("Secret", db.Plan.SecretName),
			Cause: "is for an External database, whose password Atoll cannot change",
			Remedy: fmt.Sprintf("change the password where the database runs and write it to the Secret, which replaces the pods; then remove the annotation %s",
				v1alpha1.AnnotationRotateCredentials)}}
	}
	if db.rotation != rotationNone && db.DatabaseState.Binding == nil {
		// DatabaseReady reports a first password.
		return nil
	}
	if db.rotation == rotationNone || db.rotation == rotationDone {
		switch binding := db.DatabaseState.Binding; {
		case binding == nil || wanted != "" && binding.Rotation != wanted:
			return rotating(condition.Say("A new password is about to be created"))
		case db.rotation == rotationNone && binding.Retiring:
			return rotating(condition.Say("The rotation was interrupted before it retired the old password, and continues"))
		}
		return &condition.Health{Ready: true, Reason: v1alpha1.ReasonRotated, Message: condition.Say("The password was rotated; the old password no longer works")}
	}
	if h := jobFailure(db, v1alpha1.ComponentRotation); h != nil {
		h.Stalled, h.Progressing = false, true
		return h
	}
	if db.Suspended() {
		return rotating(condition.Say("The rotation continues when the service is no longer suspended; the present password works"))
	}
	return rotating(map[rotationStep]condition.Message{
		rotationMint: condition.Say("A new password is about to be created"),
		rotationSet:  condition.Say("The database is getting a new password; the old password still works"),
		rotationPublish: {Object: object("Secret", db.Plan.SecretName),
			Cause: "is about to get the new password; the old password still works"},
		rotationRoll:   condition.Say("The pods are being replaced to get the new password; the old password still works"),
		rotationRetire: condition.Say("The old password is being retired; no pod has it"),
	}[db.rotation])
}

func rotating(message condition.Message) *condition.Health {
	return ptr.To(waiting(v1alpha1.ReasonRotating, message))
}

// AwaitingCredentials says that a new Cluster has no user for the service yet; nil
// if it has one.
func AwaitingCredentials(db *Database) *condition.Problem {
	if db.Plan == nil || !db.Plan.Provider.lacksUser(db) {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: v1alpha1.ReasonProgressing,
		Message: condition.Say("The database is getting a user for the service, which Secret %q will hold", names.Database(db.Microservice.Name))}
}
