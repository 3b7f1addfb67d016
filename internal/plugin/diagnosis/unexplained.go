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
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// onItsWay are reasons that say that something is waited for, and nothing is
// wrong with it.
var onItsWay = []string{v1alpha1.ReasonProgressing, v1alpha1.ReasonMigrating, v1alpha1.ReasonRestoring, v1alpha1.ReasonRotating,
	v1alpha1.ReasonPending, v1alpha1.ReasonNoBackup}

// unexplained tells of conditions that are red and that no finding explains, in
// Atoll's own words.
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
		if ready := e.condition(v1alpha1.ConditionReady); blocked && ready != nil && c.Reason == ready.Reason && (decides(c) || c.Message == ready.Message) {
			continue
		}
		all = append(all, e.plain(c))
	}
	ready := e.condition(v1alpha1.ConditionReady)
	if len(all) == 0 && !blocked && d.State != graph.StateReady && ready != nil && !explained(ready.Type) {
		all = append(all, e.plain(ready))
	}
	return all
}

func (e *Evidence) reasonOfReady() string {
	if c := e.condition(v1alpha1.ConditionReady); c != nil {
		return c.Reason
	}
	return ""
}

// decides says whether a condition decides over Ready. A dependency does where it
// does not resolve.
func decides(c *metav1.Condition) bool {
	switch c.Type {
	case v1alpha1.ConditionCredentialsRotated, v1alpha1.ConditionBackupReady, v1alpha1.ConditionConnectionsSufficient, v1alpha1.ConditionAutoscalerReady:
		return false
	case v1alpha1.ConditionDependenciesReady:
		return c.Reason != v1alpha1.ReasonDependencyNotReady
	}
	return true
}

// partOf is the part that a condition is about.
func partOf(condition string) Part {
	for _, part := range allParts {
		if part.condition() == condition {
			return part
		}
	}
	switch condition {
	case v1alpha1.ConditionConnectionsSufficient:
		return PartDatabase
	case v1alpha1.ConditionAutoscalerReady:
		return PartService
	}
	return PartSpec
}

// plain is a condition in its own words.
func (e *Evidence) plain(c *metav1.Condition) *Finding {
	part := partOf(c.Type)
	f := &Finding{Fault: Unrecognised, Part: part, Object: name("Microservice", e.Microservice.Name), Steps: e.workloadSteps(part),
		Beside: !decides(c), condition: c.Type, row: len(table)}
	if part.condition() != c.Type {
		f.Steps = e.conditionSteps(c.Type)
	}
	f.Cause, f.Remedy = advised(c.Message, "See docs/status.md on the reason "+c.Reason)
	waiting := meta.IsStatusConditionTrue(e.Microservice.Status.Conditions, v1alpha1.ConditionReconciling)
	// A first rollout waits for a dependency, of which there are findings of its own.
	starts := c.Type == v1alpha1.ConditionWorkloadReady && c.Reason == v1alpha1.ReasonDependencyNotReady
	if starts || slices.Contains(onItsWay, c.Reason) || waiting && e.starting(part) && e.startingIs(c.Reason) {
		f.Fault = InProgress
		f.Cause, f.Remedy = patiently(c.Message)
		f.Steps = append(f.Steps, e.awaited(part)...)
	}
	return f
}

// startingIs says whether a reason is one that a start goes through, as far as it
// was read that nothing is wrong with it.
func (e *Evidence) startingIs(reason string) bool {
	return reason == v1alpha1.ReasonUnavailable || reason == v1alpha1.ReasonStoragePending && len(e.Claims) > 0
}

// patiently parts a message about what is on its way.
func patiently(message string) (cause, remedy string) {
	if so, otherwise, found := strings.Cut(message, "; if it stays so, "); found {
		return so, "Wait; if it stays so, " + otherwise
	}
	cause, remedy = advised(message, "")
	switch {
	case remedy == "":
		return cause, "Wait; nothing is wrong with it so far"
	case strings.HasPrefix(remedy, "For one now"):
		return cause, remedy
	}
	return cause, "Wait; if it stays so, " + strings.ToLower(remedy[:1]) + remedy[1:]
}

// starting says whether all pods of a part that are not ready are about to be:
// nothing of them has failed.
func (e *Evidence) starting(part Part) bool {
	for _, c := range e.containers(part) {
		if c.status.RestartCount > 0 || c.lastEnd() != nil && c.lastEnd().ExitCode != 0 {
			return false
		}
	}
	return true
}

// awaited are the steps to what is waited for in the pods of a part.
func (e *Evidence) awaited(part Part) []Step {
	unready := e.unready(part)
	if len(unready) == 0 {
		return nil
	}
	containers := containersOf(unready[0], part)
	for i := range containers {
		if c := &containers[i]; !c.status.Ready {
			return c.steps()
		}
	}
	return []Step{podStep(unready[0], "%s", unready[0].Status.Phase)}
}
