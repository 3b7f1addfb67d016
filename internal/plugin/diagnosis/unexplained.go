// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// progressing are the reasons of conditions that become True by themselves.
var progressing = []string{v1alpha1.ReasonProgressing, v1alpha1.ReasonMigrating, v1alpha1.ReasonRestoring, v1alpha1.ReasonRotating,
	v1alpha1.ReasonPending, v1alpha1.ReasonNoBackup}

// unexplained returns a finding for each condition that is False and that no other
// finding explains. It repeats the condition.
func unexplained(e *Evidence, d *Diagnosis) []*Finding {
	var all []*Finding
	explained := func(t string) bool {
		return slices.ContainsFunc(d.Findings, func(f *Finding) bool { return f.condition == t })
	}
	blocked := slices.ContainsFunc(d.Findings, func(f *Finding) bool { return !f.Beside })
	for i := range e.Microservice.Status.Conditions {
		c := &e.Microservice.Status.Conditions[i]
		switch c.Type {
		case v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled:
			continue
		}
		if c.Status != metav1.ConditionFalse || explained(c.Type) || c.ObservedGeneration < e.Microservice.Generation {
			continue
		}
		if ready := e.condition(v1alpha1.ConditionReady); blocked && ready != nil && c.Reason == ready.Reason && (decides(c) || condition.ParseMessage(c.Message) == condition.ParseMessage(ready.Message)) {
			continue
		}
		all = append(all, e.repeated(c))
	}
	ready := e.condition(v1alpha1.ConditionReady)
	if len(all) == 0 && !blocked && d.State != graph.StateReady && ready != nil && !explained(ready.Type) {
		all = append(all, e.repeated(ready))
	}
	return all
}

func (e *Evidence) reasonOfReady() string {
	if c := e.condition(v1alpha1.ConditionReady); c != nil {
		return c.Reason
	}
	return ""
}

// repeated returns a finding that repeats a condition.
func (e *Evidence) repeated(c *metav1.Condition) *Finding {
	part := partOf(c.Type)
	f := &Finding{Fault: Unrecognised, Part: part, Object: name("Microservice", e.Microservice.Name), Steps: e.workloadSteps(part),
		Beside: !decides(c), condition: c.Type, row: len(table)}
	if part.condition() != c.Type {
		f.Steps = e.conditionSteps(c.Type)
	}
	message := condition.ParseMessage(c.Message)
	f.report(message, "See docs/status.md on the reason "+c.Reason)
	waiting := meta.IsStatusConditionTrue(e.Microservice.Status.Conditions, v1alpha1.ConditionReconciling)
	// A first rollout waits for a dependency, which has its own findings.
	starts := c.Type == v1alpha1.ConditionWorkloadReady && c.Reason == v1alpha1.ReasonDependencyNotReady
	if starts || slices.Contains(progressing, c.Reason) || waiting && e.starting(part) && e.startingIs(c.Reason) {
		f.Fault = InProgress
		f.Remedy = patientRemedy(c.Reason, message.Remedy)
		f.Steps = append(f.Steps, e.awaited(part)...)
	}
	if due := e.firstBackup(); c.Reason == v1alpha1.ReasonNoBackup && due != "" {
		f.Cause = "The first backup is due at " + due
	}
	return f
}

// firstBackup returns when the first backup is due; empty if the schedule is invalid.
func (e *Evidence) firstBackup() string {
	db := e.Microservice.Spec.Database
	if db == nil || db.Backup == nil {
		return ""
	}
	due := database.NextRun(db.Backup.Schedule, e.Now)
	if due.IsZero() {
		return ""
	}
	return due.Format("2006-01-02 15:04 UTC")
}

// startingIs reports whether a component has a reason while it starts. A pending
// claim counts only where the claim was read.
func (e *Evidence) startingIs(reason string) bool {
	return reason == v1alpha1.ReasonUnavailable || reason == v1alpha1.ReasonStoragePending && len(e.Claims) > 0
}

// patientRemedy returns what to do about a condition that may become True by
// itself. A backup is made at its time, and the remedy is how to make one now.
func patientRemedy(reason, remedy string) string {
	switch {
	case remedy == "":
		return "Wait; no fault was found so far"
	case reason == v1alpha1.ReasonNoBackup:
		return "Wait, or " + remedy
	}
	return "Wait; if nothing changes, " + remedy
}

// starting reports whether no container of the unready pods of a part has failed so
// far.
func (e *Evidence) starting(part Part) bool {
	for _, c := range e.containers(part) {
		if c.Status.RestartCount > 0 || c.LastExit() != nil && c.LastExit().ExitCode != 0 {
			return false
		}
	}
	return true
}

// awaited are the steps to the first container of a part that is not ready.
func (e *Evidence) awaited(part Part) []Step {
	unready := e.unready(part)
	if len(unready) == 0 {
		return nil
	}
	containers := containersOf(unready[0], part)
	for i := range containers {
		if c := &containers[i]; !c.Status.Ready {
			return c.steps()
		}
	}
	return []Step{podStep(unready[0], "%s", unready[0].Status.Phase)}
}
