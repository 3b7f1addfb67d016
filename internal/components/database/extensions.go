// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"fmt"
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

// ExtensionsJob creates extensions as the administrator: the service's user may not.
func (p *Plan) ExtensionsJob(name string, extensions []string, labels map[string]string) *batchv1.Job {
	env := append(p.operationEnv(p.SecretName), corev1.EnvVar{Name: "ATOLL_EXTENSIONS", Value: strings.Join(extensions, " ")})
	return p.job(name, labels, p.operationPod(p.onServer("extensions", p.Engine.Scripts().Extensions, env)), tries-1)
}

// extensionsOf returns the desired extensions; none for an engine without extensions.
func extensionsOf(db *Database) []string {
	p := db.managed()
	if p == nil || p.Engine.Scripts().Extensions == "" {
		return nil
	}
	var extensions []string
	for _, extension := range db.Microservice.Spec.Database.Extensions {
		extensions = append(extensions, string(extension))
	}
	return extensions
}

// extensionsJobName names the Job by the extensions, and by the image and the volume or
// Cluster that they are created with. It is empty if there is no volume or Cluster.
func extensionsJobName(db *Database) string {
	holder := db.DatabaseState.Holder()
	if holder == nil {
		return ""
	}
	return names.Extensions(db.Microservice, fmt.Sprint(extensionsOf(db), db.Plan.Image, holder.UID))
}

// ExtensionsJobs returns the Job that creates the desired extensions. An extension that
// is no longer desired stays: data may depend on it.
func ExtensionsJobs(db *Database) ([]kube.Object, error) {
	if problem := Unusable(db); problem != nil {
		return nil, problem
	}
	extensions := extensionsOf(db)
	if len(extensions) == 0 {
		return nil, nil
	}
	name := extensionsJobName(db)
	if job := db.Job(name); forgiven(db, job) {
		// It is pruned, and created again once it is gone.
		return nil, nil
	} else if job != nil {
		return kube.One(KeepJob(db, job))
	}
	due := Usable(db) && AwaitingCredentials(db) == nil && AwaitingRestore(db) == nil
	if !due {
		return nil, nil
	}
	return kube.One(db.Plan.ExtensionsJob(name, extensions, names.Labels(db.Microservice, v1alpha1.ComponentExtensions)))
}

// ExtensionsHealth reports the extensions as a part of the database; nil if none are
// desired, or all exist.
func ExtensionsHealth(db *Database) *condition.Health {
	if len(extensionsOf(db)) == 0 || db.Suspended() {
		return nil
	}
	name := extensionsJobName(db)
	job := db.Job(name)
	switch {
	case db.JobWorkDone(job):
		return nil
	case job != nil && inputs.JobFailed(job) && !forgiven(db, job):
		return &condition.Health{Reason: v1alpha1.ReasonExtensionFailed, Stalled: true, Message: extensionsFailure(db, name)}
	case job == nil || forgiven(db, job) || isHeld(job):
		h := waiting(v1alpha1.ReasonProgressing, condition.Say("The extensions in database.extensions are created when the database accepts connections"))
		return &h
	}
	if h := jobFailure(db, v1alpha1.ComponentExtensions); h != nil {
		return h
	}
	h := waiting(v1alpha1.ReasonProgressing, jobRunning(db, name, "is creating the extensions in database.extensions"))
	return &h
}

// extensionsFailure says why the extensions were not created.
func extensionsFailure(db *Database, job string) condition.Message {
	for _, pod := range inputs.PodsOf(db.Inputs, job) {
		for _, c := range podfailure.Containers(pod) {
			if exit := c.LastExit(); exit != nil && exit.ExitCode == engine.ExitExtensionsLacking {
				return condition.Message{Field: "database.extensions",
					Cause:  "the database's image does not contain " + db.Shown(strings.TrimSpace(exit.Message)),
					Remedy: "set database.image to an image that contains it, or remove it from database.extensions"}
			}
		}
	}
	return condition.Message{Field: "database.extensions", Cause: "could not be created: " + inputs.Failure(db.Inputs, job),
		Remedy: fmt.Sprintf("correct database.extensions, or delete Job %q to retry", job)}
}

// AwaitingExtensions says why the service waits for its extensions; nil if it does not.
func AwaitingExtensions(db *Database) *condition.Problem {
	h := ExtensionsHealth(db)
	if h == nil {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: h.Reason, Message: h.Message, Stalled: h.Stalled}
}
