// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import "slices"

// Roots returns the services at which a drawing starts: the services without callers,
// those with routes first, and the first service of each cycle that no other root
// reaches.
func (g *Graph) Roots() []*Node {
	var roots []*Node
	reached := map[*Node]bool{}
	var reach func(n *Node)
	reach = func(n *Node) {
		if reached[n] {
			return
		}
		reached[n] = true
		for _, call := range n.Calls {
			reach(call.Callee)
		}
	}
	byRoute := slices.Clone(g.Nodes)
	slices.SortStableFunc(byRoute, func(a, b *Node) int { return routedFirst(a.routed) - routedFirst(b.routed) })
	for _, n := range byRoute {
		if len(n.Callers) == 0 {
			roots = append(roots, n)
			reach(n)
		}
	}
	for _, cycle := range g.Cycles {
		if first := g.byID[cycle[0]]; !reached[first] && g.hasNoOutsideCaller(cycle) {
			roots = append(roots, first)
			reach(first)
		}
	}
	return roots
}

// hasNoOutsideCaller reports whether only services of a cycle's component call the
// services of that component.
func (g *Graph) hasNoOutsideCaller(cycle []string) bool {
	inside := map[*Node]bool{}
	var add func(n *Node)
	add = func(n *Node) {
		if inside[n] {
			return
		}
		inside[n] = true
		for _, call := range n.Calls {
			if call.Cycle {
				add(call.Callee)
			}
		}
	}
	add(g.byID[cycle[0]])
	for n := range inside {
		for _, call := range n.Callers {
			if !inside[call.Caller] {
				return false
			}
		}
	}
	return true
}

func routedFirst(first bool) int {
	if first {
		return 0
	}
	return 1
}
