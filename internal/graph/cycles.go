// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"
	"strings"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Cycles returns the dependency cycles that include at least one of services. The
// other services of a cycle come from lookup. A cycle is formatted as "a -> b -> a",
// starts at the alphabetically first of services, and names services outside the
// namespace home as namespace/name. For each set of services that can all reach one
// another, Cycles returns one shortest cycle: a list of all cycles of a dense graph
// could take exponential time. The result is sorted.
func Cycles(home string, services []*v1alpha1.Microservice, lookup Lookup) []string {
	calls := make(map[string][]string, len(services))
	members := make(map[string]bool, len(services))
	existing := make(map[serviceKey]*v1alpha1.Microservice, len(services))
	for _, ms := range services {
		members[DisplayName(home, ms.Namespace, ms.Name)] = true
		existing[serviceKey{ms.Namespace, ms.Name}] = ms
	}
	for queue := slices.Clone(services); len(queue) > 0; queue = queue[1:] {
		ms := queue[0]
		caller := DisplayName(home, ms.Namespace, ms.Name)
		callees := make([]string, 0, len(ms.Spec.Dependencies))
		for i := range ms.Spec.Dependencies {
			to := serviceKey{NamespaceOf(ms, &ms.Spec.Dependencies[i]), ms.Spec.Dependencies[i].Name}
			callee, known := existing[to]
			if !known {
				// A service that is being deleted is not part of a cycle.
				if callee = lookup(to.namespace, to.name); callee != nil && callee.DeletionTimestamp != nil {
					callee = nil
				}
				if existing[to] = callee; callee != nil {
					queue = append(queue, callee)
				}
			}
			if callee != nil {
				callees = append(callees, DisplayName(home, to.namespace, to.name))
			}
		}
		slices.Sort(callees)
		calls[caller] = callees
	}
	var cycles []string
	for _, component := range stronglyConnected(calls) {
		first := slices.IndexFunc(component, func(name string) bool { return members[name] })
		if first < 0 {
			continue
		}
		if path := shortestCycle(calls, component, component[first]); path != nil {
			cycles = append(cycles, strings.Join(path, " -> "))
		}
	}
	slices.Sort(cycles)
	return cycles
}

// DisplayName returns name, or namespace/name for a service outside home.
func DisplayName(home, namespace, name string) string {
	if namespace == home {
		return name
	}
	return namespace + "/" + name
}

// WaitsInCycle reports whether a service would wait for itself through dependencies
// with startup: Wait or WaitForAll. No service of such a cycle waits.
func WaitsInCycle(ms *v1alpha1.Microservice, lookup Lookup) bool {
	seen := map[string]bool{}
	queue := []*v1alpha1.Microservice{ms}
	for len(queue) > 0 {
		caller := queue[0]
		queue = queue[1:]
		for i := range caller.Spec.Dependencies {
			dependency := &caller.Spec.Dependencies[i]
			if !dependency.Startup.Waits() {
				continue
			}
			namespace := NamespaceOf(caller, dependency)
			if namespace == ms.Namespace && dependency.Name == ms.Name {
				return true
			}
			key := namespace + "/" + dependency.Name
			if callee := lookup(namespace, dependency.Name); callee != nil && !seen[key] {
				seen[key] = true
				queue = append(queue, callee)
			}
		}
	}
	return false
}

// stronglyConnected returns the strongly connected components that have more than one
// service, or a service that calls itself (Tarjan 1972).
func stronglyConnected(calls map[string][]string) [][]string {
	var (
		found   [][]string
		stack   []string
		index   = map[string]int{}
		low     = map[string]int{}
		onStack = map[string]bool{}
		visit   func(name string)
	)
	visit = func(name string) {
		index[name] = len(index) + 1
		low[name] = index[name]
		stack = append(stack, name)
		onStack[name] = true
		for _, callee := range calls[name] {
			if index[callee] == 0 {
				visit(callee)
				low[name] = min(low[name], low[callee])
			} else if onStack[callee] {
				low[name] = min(low[name], index[callee])
			}
		}
		if low[name] != index[name] {
			return
		}
		at := slices.Index(stack, name)
		component := slices.Clone(stack[at:])
		stack = stack[:at]
		for _, member := range component {
			onStack[member] = false
		}
		if len(component) > 1 || slices.Contains(calls[name], name) {
			slices.Sort(component)
			found = append(found, component)
		}
	}
	for name := range calls {
		if index[name] == 0 {
			visit(name)
		}
	}
	return found
}

// shortestCycle returns a shortest path from start back to start within a component.
func shortestCycle(calls map[string][]string, component []string, start string) []string {
	from := map[string]string{}
	queue := []string{start}
	for len(queue) > 0 {
		name := queue[0]
		queue = queue[1:]
		for _, callee := range calls[name] {
			if callee == start {
				path := []string{start}
				for at := name; at != start; at = from[at] {
					path = append(path, at)
				}
				path = append(path, start)
				slices.Reverse(path)
				return path
			}
			if _, seen := from[callee]; !seen && slices.Contains(component, callee) {
				from[callee] = name
				queue = append(queue, callee)
			}
		}
	}
	return nil
}
