// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// CollationJob compares the collation versions that the databases record with those of
// the server's C library. It fails while they differ, and is tried again until they are
// equal: at most five minutes after the user has rebuilt the indexes.
func (p *Plan) CollationJob(name string, labels map[string]string) *batchv1.Job {
	return p.untilDone(name, labels, p.onServer("collation", p.Engine.Scripts().Collation, p.operationEnv(p.SecretName)))
}

// checksCollation reports whether the C library of the server can be another one than
// the one that sorted the indexes: the volume was not created with the base of the
// image, or the image is the user's.
func checksCollation(db *Database) bool {
	p := db.Plan
	if p == nil || !p.Provider.RunsServer() || p.Engine.Scripts().Collation == "" || db.Suspended() {
		return false
	}
	template := db.DatabaseState.ClaimTemplate
	return template != nil && (db.Microservice.Spec.Database.Image != "" || p.Base == "" || template.Annotations[inputs.AnnotationBase] != p.Base)
}

// collationJobName returns the name of the Job for the image that the server runs now;
// empty if that is not known. The tag of an image can move, so its digest counts.
func collationJobName(db *Database) string {
	pod, claim := serverPod(db), db.DatabaseState.Claim
	if pod == nil || claim == nil {
		return ""
	}
	for _, status := range pod.Status.ContainerStatuses {
		if status.Name == engine.ContainerName && status.ImageID != "" {
			return names.Collation(db.Microservice, status.ImageID+string(claim.UID))
		}
	}
	return ""
}

// CollationJobs returns the Job that checks the collation of the running image.
func CollationJobs(db *Database) ([]kube.Object, error) {
	if problem := Unusable(db); problem != nil {
		return nil, problem
	}
	if !checksCollation(db) {
		return nil, nil
	}
	name := collationJobName(db)
	if name == "" {
		// The server is being replaced: what was found stays until the image is known.
		return keptJobs(db, v1alpha1.ComponentCollation), nil
	}
	if job := db.Job(name); job != nil {
		return kube.One(KeepJob(db, job))
	}
	if !Usable(db) {
		return nil, nil
	}
	return kube.One(db.Plan.CollationJob(name, names.Labels(db.Microservice, v1alpha1.ComponentCollation)))
}

// keptJobs returns the Jobs of a component that exist.
func keptJobs(db *Database, component string) []kube.Object {
	var jobs []kube.Object
	for _, job := range db.Jobs {
		if job.Labels[v1alpha1.LabelComponent] == component && job.DeletionTimestamp == nil {
			jobs = append(jobs, KeepJob(db, job))
		}
	}
	return jobs
}

// CollationHealth reports whether text indexes have the order of the server's C
// library; nil if that cannot have changed, or is not known yet.
func CollationHealth(db *Database) *condition.Health {
	if !checksCollation(db) {
		return nil
	}
	name := collationJobName(db)
	for _, job := range db.Jobs {
		if job.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentCollation || name != "" && job.Name != name {
			continue
		}
		if db.JobWorkDone(job) {
			return &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.Say("Text indexes have the order of the database's C library")}
		}
		for _, pod := range inputs.PodsOf(db.Inputs, job.Name) {
			if databases := db.Shown(changedCollations(pod)); databases != "" {
				return &condition.Health{Reason: v1alpha1.ReasonCollationChanged, Message: condition.Message{
					Object: object("StatefulSet", db.Plan.Name),
					Cause:  "runs with another C library than the one that sorted the text indexes of " + databases + ", which may give wrong results",
					Remedy: "in each of these databases, run REINDEX DATABASE and ALTER DATABASE ... REFRESH COLLATION VERSION as user " + db.Plan.Engine.Admin()}}
			}
		}
	}
	return nil
}

// changedCollations returns the databases that a try of the check has found.
func changedCollations(pod *corev1.Pod) string {
	for _, c := range podfailure.Containers(pod) {
		if exit := c.LastExit(); exit != nil && exit.ExitCode == engine.ExitCollationChanged {
			return strings.TrimSpace(exit.Message)
		}
	}
	return ""
}
