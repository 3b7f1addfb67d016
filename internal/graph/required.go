// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// AwaitedBehind returns the services that a caller waits for because they are behind a dependency with
// startup: WaitForAll: those that do not serve, and that it requires directly or through others. It
// leaves out those that require the caller, because the two would wait for each other.
func AwaitedBehind(caller *v1alpha1.Microservice, services Services) []*v1alpha1.Microservice {
	var awaited []*v1alpha1.Microservice
	seen := map[serviceKey]bool{}
	for i := range caller.Spec.Dependencies {
		dependency := &caller.Spec.Dependencies[i]
		edge := resolve(caller, dependency, services)
		if dependency.Startup != v1alpha1.StartupWaitForAll || !edge.Resolved() {
			continue
		}
		for _, behind := range allRequiredBy(edge.Callee, services) {
			if key := keyOf(behind); !seen[key] {
				seen[key] = true
				if !serves(behind) && !requires(behind, caller, services) {
					awaited = append(awaited, behind)
				}
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
