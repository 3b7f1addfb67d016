// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// AwaitedBehind names the services that a caller waits for because they are behind a dependency with
// startup: WaitForAll: those that do not serve, and that it requires directly or through others. It
// leaves out those that require the caller, because the two would wait for each other. One of
// another namespace that does not permit the caller has no name: see Secluded.
func AwaitedBehind(caller *v1alpha1.Microservice, services Services) []string {
	var awaited []string
	for i := range caller.Spec.Dependencies {
		dependency := &caller.Spec.Dependencies[i]
		edge := resolve(caller, dependency, services)
		if dependency.Startup != v1alpha1.StartupWaitForAll || !edge.Resolved() {
			continue
		}
		for _, behind := range allRequiredBy(edge.Callee, services) {
			if serves(behind) || requires(behind, caller, services) {
				continue
			}
			name := DisplayName(caller.Namespace, behind.Namespace, behind.Name)
			if behind.Namespace != caller.Namespace && !services.permits(behind, caller) {
				name = "what " + DisplayName(caller.Namespace, edge.Namespace(), dependency.Name) + " requires"
			}
			if !slices.Contains(awaited, name) {
				awaited = append(awaited, name)
			}
		}
	}
	return awaited
}

// requires reports whether a service requires another, directly or through others, or is it.
func requires(ms, other *v1alpha1.Microservice, services Services) bool {
	return keyOf(ms) == keyOf(other) || slices.ContainsFunc(allRequiredBy(ms, services), func(required *v1alpha1.Microservice) bool {
		return keyOf(required) == keyOf(other)
	})
}

// allRequiredBy returns the services that one requires, directly or through others.
func allRequiredBy(from *v1alpha1.Microservice, services Services) []*v1alpha1.Microservice {
	seen := map[serviceKey]bool{}
	var all []*v1alpha1.Microservice
	for queue := []*v1alpha1.Microservice{from}; len(queue) > 0; queue = queue[1:] {
		for _, callee := range requiredBy(queue[0], services) {
			if !seen[keyOf(callee)] {
				seen[keyOf(callee)] = true
				all, queue = append(all, callee), append(queue, callee)
			}
		}
	}
	return all
}

// requiredBy returns the services that one calls and does not work without.
func requiredBy(caller *v1alpha1.Microservice, services Services) []*v1alpha1.Microservice {
	var required []*v1alpha1.Microservice
	edges := Resolve(caller, services)
	for i := range edges {
		if edges[i].Resolved() && !edges[i].Optional() {
			required = append(required, edges[i].Callee)
		}
	}
	return required
}
