// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// DependencyHealth returns how a Microservice's dependencies are; nil where it has none.
func DependencyHealth(in *inputs.Inputs) *condition.Health {
	if len(in.Edges) == 0 {
		return nil
	}
	if p := UnresolvedDependencies(in); p != nil {
		return ptr.To(p.Health())
	}
	var notReady, optional []string
	for i := range in.Edges {
		callee := in.Edges[i].Callee
		switch {
		case isReady(callee):
		case in.Edges[i].Optional():
			optional = append(optional, nameOf(in, callee))
		default:
			notReady = append(notReady, nameOf(in, callee))
		}
	}
	if len(notReady) > 0 {
		return &condition.Health{Reason: v1alpha1.ReasonDependencyNotReady, Progressing: true,
			Message: condition.Say("Dependencies are not ready: %s", strings.Join(notReady, ", "))}
	}
	if len(optional) > 0 {
		return &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady,
			Message: condition.Say("All required dependencies are ready; optional ones are not: %s", strings.Join(optional, ", "))}
	}
	return &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.Say("All dependencies are ready")}
}

// UnresolvedDependencies reports the dependencies that do not resolve; nil where all do.
// The caller runs all the same, and is not Ready.
func UnresolvedDependencies(in *inputs.Inputs) *condition.Problem {
	var first *condition.Problem
	for i := range in.Edges {
		reason, message := in.Edges[i].Problem()
		switch {
		case reason == "":
		case first == nil:
			first = &condition.Problem{Condition: v1alpha1.ConditionDependenciesReady, Reason: reason, Message: message, Stalled: reason == v1alpha1.ReasonInvalidSpec}
		default:
			first.Message = condition.Join(first.Message, message)
		}
	}
	return first
}

func isReady(ms *v1alpha1.Microservice) bool {
	return condition.Serving(ms.Status.Conditions) == metav1.ConditionTrue
}

// nameOf returns the name of another Microservice, with its namespace where it is in
// another one.
func nameOf(in *inputs.Inputs, ms *v1alpha1.Microservice) string {
	if ms.Namespace == in.Microservice.Namespace {
		return ms.Name
	}
	return ms.Namespace + "/" + ms.Name
}

// awaitingDependencies holds a first rollout back until the dependencies with startup:
// Wait are Ready, and with WaitForAll what they require. It does not in a cycle, whose members would wait forever.
func awaitingDependencies(in *database.Database) *condition.Problem {
	if in.Deployment != nil || in.WaitsInCycle {
		return nil
	}
	var awaited []string
	for i := range in.Edges {
		edge := &in.Edges[i]
		if !edge.Dependency.Startup.Waits() || edge.Callee != nil && isReady(edge.Callee) {
			continue
		}
		name := edge.Dependency.Name
		if edge.Dependency.Namespace != "" {
			name = edge.Dependency.Namespace + "/" + name
		}
		awaited = append(awaited, name)
	}
	for _, behind := range in.AwaitedBehind {
		if !slices.Contains(awaited, behind) {
			awaited = append(awaited, behind)
		}
	}
	if len(awaited) == 0 {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionDependenciesReady, Reason: v1alpha1.ReasonDependencyNotReady,
		Message: condition.Say("The first rollout waits for %s to be Ready (dependencies[].startup)", strings.Join(awaited, ", "))}
}

// awaitingDatabase says that the first rollout waits for the service's own database; nil if
// it does not. Pods of a service that runs find their database again by themselves.
func awaitingDatabase(in *database.Database) *condition.Problem {
	if in.Deployment != nil || in.Plan == nil || in.Suspended() || in.Microservice.Spec.Database.Startup != v1alpha1.DatabaseStartupWait || database.Usable(in) {
		return nil
	}
	return &condition.Problem{Condition: v1alpha1.ConditionWorkloadReady, Reason: v1alpha1.ReasonProgressing,
		Message: condition.Say("The first rollout waits for the database to accept connections (database.startup: Wait)")}
}
