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

package diagnosis

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Part is a part of a service that can be at fault, by the name of its component.
// What has no pods is a part too.
type Part string

// Parts of a service, in order of causality: what comes later waits for what
// comes earlier.
const (
	PartSpec         Part = "spec"
	PartDatabase     Part = v1alpha1.ComponentDatabase
	PartRestore      Part = v1alpha1.ComponentRestore
	PartRotation     Part = v1alpha1.ComponentRotation
	PartMigration    Part = v1alpha1.ComponentMigration
	PartDependencies Part = "dependencies"
	PartService      Part = v1alpha1.ComponentService
	PartRoutes       Part = "routes"
	PartBackup       Part = v1alpha1.ComponentBackup
)

var allParts = []Part{PartSpec, PartDatabase, PartRestore, PartRotation, PartMigration, PartDependencies, PartService, PartRoutes, PartBackup}

// parts are those that have pods.
var parts = []Part{PartDatabase, PartRestore, PartRotation, PartMigration, PartService, PartBackup}

func (p Part) rank() int { return slices.Index(allParts, p) }

// condition is the one that the part counts to.
func (p Part) condition() string {
	switch p {
	case PartDatabase:
		return v1alpha1.ConditionDatabaseReady
	case PartRestore:
		return v1alpha1.ConditionDatabaseRestored
	case PartRotation:
		return v1alpha1.ConditionCredentialsRotated
	case PartMigration:
		return v1alpha1.ConditionDatabaseMigrated
	case PartDependencies:
		return v1alpha1.ConditionDependenciesReady
	case PartService:
		return v1alpha1.ConditionWorkloadReady
	case PartRoutes:
		return v1alpha1.ConditionRoutesReady
	case PartBackup:
		return v1alpha1.ConditionBackupReady
	}
	return v1alpha1.ConditionReady
}

// decides says whether a fault of the part keeps the service from being Ready.
func (p Part) decides() bool { return p != PartBackup && p != PartRotation }

// container is how a container of the part is told of.
func (p Part) container(name string) string {
	switch p {
	case PartService:
		return fmt.Sprintf("container %q", name)
	case PartDatabase:
		return "the database's container"
	}
	return fmt.Sprintf("the %s's container", p)
}

// field is where the spec says something of the part's container.
func (p Part) field(name string) string {
	switch {
	case p == PartDatabase:
		return "database." + name
	case p == PartMigration && (name == "command" || name == "args"):
		return "database.migration." + name
	}
	return name
}

// inPart completes a finding with the steps that lead to the part's pods.
func (e *Evidence) inPart(f *Finding, part Part) *Finding {
	f.Part = part
	f.condition = part.condition()
	f.Beside = f.Beside || !part.decides()
	f.Steps = append(e.workloadSteps(part), f.Steps...)
	return f
}

// workloadSteps lead from the red condition to a part's pods.
func (e *Evidence) workloadSteps(part Part) []Step {
	steps := e.conditionSteps(part.condition())
	switch part {
	case PartDatabase:
		if set := e.StatefulSet; set != nil {
			steps = append(steps, step(name("StatefulSet", set.Name), "%d of %d pods ready", set.Status.ReadyReplicas, replicas(set.Spec.Replicas)))
		}
	case PartService:
		if d := e.deployment(); d != nil {
			steps = append(steps, step(name("Deployment", d.Name), "%d of %d pods ready%s", d.Status.ReadyReplicas, replicas(d.Spec.Replicas), rolling(d)))
		}
	default:
		if job := e.job(part); job != nil {
			steps = append(steps, step(name("Job", job.Name), "%s", jobState(job)))
		}
	}
	return steps
}

// rolling says that some of the ready pods are old ones.
func rolling(d *appsv1.Deployment) string {
	if d.Status.UpdatedReplicas > 0 && d.Status.Replicas > d.Status.UpdatedReplicas && d.Status.ReadyReplicas > 0 {
		return ", those of the last version among them"
	}
	return ""
}

func replicas(of *int32) int32 {
	if of == nil {
		return 1
	}
	return *of
}

func name(kind, of string) string { return kind + " " + of }

// job is the newest Job of a part.
func (e *Evidence) job(part Part) *batchv1.Job {
	var newest *batchv1.Job
	for i := range e.Jobs {
		job := &e.Jobs[i]
		if job.Labels[v1alpha1.LabelComponent] == string(part) && (newest == nil || newest.CreationTimestamp.Before(&job.CreationTimestamp)) {
			newest = job
		}
	}
	return newest
}

func jobState(job *batchv1.Job) string {
	for i := range job.Status.Conditions {
		c := &job.Status.Conditions[i]
		if c.Status != corev1.ConditionTrue {
			continue
		}
		switch c.Type {
		case batchv1.JobFailed:
			return fmt.Sprintf("failed after %d tries", max(job.Status.Failed, 1))
		case batchv1.JobComplete:
			return "complete"
		}
	}
	return "has not ended"
}
