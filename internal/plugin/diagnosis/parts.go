// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// Part is a part of a service that can be at fault. A part that has pods has the
// name of its component.
type Part string

// Parts of a service, in order of causality: a later part waits for an earlier one.
const (
	PartSpec         Part = "spec"
	PartDatabase     Part = v1alpha1.ComponentDatabase
	PartRestore      Part = v1alpha1.ComponentRestore
	PartImage        Part = v1alpha1.ComponentImage
	PartExtensions   Part = v1alpha1.ComponentExtensions
	PartRotation     Part = v1alpha1.ComponentRotation
	PartMigration    Part = v1alpha1.ComponentMigration
	PartDependencies Part = "dependencies"
	PartService      Part = v1alpha1.ComponentService
	PartRoutes       Part = "routes"
	PartBackup       Part = v1alpha1.ComponentBackup
)

// conditionOf names the condition of each part, in order of causality, and further
// conditions that are about it.
var conditionOf = []struct {
	part      Part
	condition string
	further   []string
}{
	{part: PartSpec, condition: v1alpha1.ConditionReady},
	{part: PartDatabase, condition: v1alpha1.ConditionDatabaseReady, further: []string{v1alpha1.ConditionConnectionsSufficient, v1alpha1.ConditionCollationCurrent}},
	{part: PartRestore, condition: v1alpha1.ConditionDatabaseRestored},
	{part: PartImage, condition: v1alpha1.ConditionDatabaseReady},
	{part: PartExtensions, condition: v1alpha1.ConditionDatabaseReady},
	{part: PartRotation, condition: v1alpha1.ConditionCredentialsRotated},
	{part: PartMigration, condition: v1alpha1.ConditionDatabaseMigrated},
	{part: PartDependencies, condition: v1alpha1.ConditionDependenciesReady},
	{part: PartService, condition: v1alpha1.ConditionWorkloadReady, further: []string{v1alpha1.ConditionAutoscalerReady, v1alpha1.ConditionObjectivesMonitored}},
	{part: PartRoutes, condition: v1alpha1.ConditionRoutesReady},
	{part: PartBackup, condition: v1alpha1.ConditionBackupReady},
}

// parts are those that have pods.
var parts = []Part{PartDatabase, PartRestore, PartImage, PartExtensions, PartRotation, PartMigration, PartService, PartBackup}

func (p Part) rank() int {
	for i := range conditionOf {
		if conditionOf[i].part == p {
			return i
		}
	}
	return -1
}

// condition returns the condition of the part.
func (p Part) condition() string {
	if rank := p.rank(); rank >= 0 {
		return conditionOf[rank].condition
	}
	return v1alpha1.ConditionReady
}

// partOf returns the part that a condition is about.
func partOf(conditionType string) Part {
	for _, row := range conditionOf {
		if row.condition == conditionType || slices.Contains(row.further, conditionType) {
			return row.part
		}
	}
	return PartSpec
}

// decides reports whether Ready is False while a condition is. Ready, which repeats
// another condition, counts too.
func decides(c *metav1.Condition) bool {
	return c.Type == v1alpha1.ConditionReady || condition.DecidesReady(c.Type, c.Reason)
}

// decides reports whether a fault of the part keeps the service from being Ready.
func (p Part) decides() bool { return decides(&metav1.Condition{Type: p.condition()}) }

// container returns how findings name a container of the part.
func (p Part) container(name string) string {
	switch p {
	case PartService:
		return fmt.Sprintf("container %q", name)
	case PartDatabase:
		return "the database's container"
	case PartImage:
		return "the database's next server"
	}
	return fmt.Sprintf("the %s's container", p)
}

// field returns the field of the spec that sets a property of the part's container.
func (p Part) field(property string) string { return podfailure.Field(string(p), property) }

// inPart completes a finding with the steps that lead to the pods of the part.
func (e *Evidence) inPart(f *Finding, part Part) *Finding {
	f.Part = part
	f.condition = part.condition()
	f.Beside = f.Beside || !part.decides()
	f.Steps = append(e.workloadSteps(part), f.Steps...)
	return f
}

// workloadSteps lead from the condition that is False to the pods of a part.
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

// rolling says that some of the ready pods are of the previous revision.
func rolling(d *appsv1.Deployment) string {
	if d.Status.UpdatedReplicas > 0 && d.Status.Replicas > d.Status.UpdatedReplicas && d.Status.ReadyReplicas > 0 {
		return ", including pods of the previous revision"
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

// job returns the newest Job of a part.
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

// jobComplete is the state of a Job that succeeded.
const jobComplete = "complete"

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
			return jobComplete
		}
	}
	return "has not ended"
}
