// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Graph has services, their states and the calls between them.
type Graph struct {
	// Nodes are the services, sorted by namespace and name. They include called services
	// that do not exist.
	Nodes []*Node `json:"nodes"`
	// Calls are the dependencies, by caller and then in the spec's order.
	Calls []*Call `json:"edges"`
	// Cycles has one cycle for each set of services that can all reach one another. The
	// first and the last service of a cycle are the same.
	Cycles [][]string `json:"cycles"`

	// Blocked are the connections that Strict isolation would block. They are set only
	// for a Topology with isolation: audit.
	Blocked []BlockedConnection `json:"cuts,omitempty"`
	// Unread names the kinds that the audit could not read.
	Unread []string `json:"unread,omitempty"`

	byID map[string]*Node
}

// Node is a service in the graph.
type Node struct {
	// ID is the name, or namespace/name for a service outside the graph's home
	// namespace.
	ID        string `json:"id"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Health    State  `json:"health"`
	// Reason and Message are those of the condition Ready if it is not True.
	Reason   string        `json:"reason,omitempty"`
	Message  string        `json:"message,omitempty"`
	URLs     []string      `json:"urls,omitempty"`
	Database *DatabaseNode `json:"database,omitempty"`

	// Calls are the calls of this service. Callers are the calls to it.
	Calls   []*Call `json:"-"`
	Callers []*Call `json:"-"`

	routed bool
	// serves means that other services can use it.
	serves bool
}

// DatabaseNode is the database of a service in the graph.
type DatabaseNode struct {
	Engine  v1alpha1.DatabaseEngine `json:"engine"`
	Version string                  `json:"version,omitempty"`
	Health  State                   `json:"health"`
	Reason  string                  `json:"reason,omitempty"`
}

// String returns the engine and its version.
func (d *DatabaseNode) String() string {
	return strings.TrimSpace(string(d.Engine) + " " + d.Version)
}

// Call is a dependency in the graph.
type Call struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Port is the number of the called port. Zero means that the dependency does not
	// resolve.
	Port int32 `json:"port,omitempty"`
	// MorePorts are the numbers of the other called ports.
	MorePorts []int32 `json:"morePorts,omitempty"`
	Resolved  bool    `json:"resolved"`
	// Reason and Message say why the dependency does not resolve.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Optional means that the caller works without the callee.
	Optional bool `json:"optional,omitempty"`
	// Cycle means that the callee can reach the caller.
	Cycle bool `json:"cycle,omitempty"`

	Caller *Node `json:"-"`
	Callee *Node `json:"-"`
}

// serviceKey identifies a service.
type serviceKey struct{ namespace, name string }

// Build returns the graph of the members and of all services that they reach. IDs are
// relative to the namespace home. services are all existing services, and memberOf
// returns the Topology of each. A nil members means that all services are members.
func Build(home string, services []*v1alpha1.Microservice, memberOf func(*v1alpha1.Microservice) string, members func(*v1alpha1.Microservice) bool) *Graph {
	existing := make(map[serviceKey]*v1alpha1.Microservice, len(services))
	for _, ms := range services {
		existing[serviceKey{ms.Namespace, ms.Name}] = ms
	}
	found := Services{MemberOf: memberOf, Find: func(namespace, name string) *v1alpha1.Microservice { return existing[serviceKey{namespace, name}] }}
	g := &Graph{Nodes: []*Node{}, Calls: []*Call{}, Cycles: [][]string{}}
	nodes := make(map[serviceKey]*Node, len(services))
	var wanted []*v1alpha1.Microservice
	for _, ms := range services {
		if members == nil || members(ms) {
			nodes[serviceKey{ms.Namespace, ms.Name}] = newServiceNode(ms)
			wanted = append(wanted, ms)
		}
	}
	calls := map[*Node][]*Call{}
	for len(wanted) > 0 {
		ms := wanted[0]
		wanted = wanted[1:]
		caller := nodes[serviceKey{ms.Namespace, ms.Name}]
		edges := Resolve(ms, found)
		for i := range edges {
			to := serviceKey{edges[i].Namespace(), edges[i].Dependency.Name}
			callee := nodes[to]
			switch {
			case callee != nil:
			case existing[to] != nil:
				callee = newServiceNode(existing[to])
				wanted = append(wanted, existing[to])
			default:
				callee = &Node{Namespace: to.namespace, Name: to.name, Health: StateMissing}
			}
			nodes[to] = callee
			calls[caller] = append(calls[caller], newCall(caller, callee, &edges[i]))
		}
	}
	for _, node := range nodes {
		g.Nodes = append(g.Nodes, node)
	}
	slices.SortFunc(g.Nodes, func(a, b *Node) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	g.linkCalls(home, calls)
	g.findCycles()
	g.findDegraded()
	return g
}

func newServiceNode(ms *v1alpha1.Microservice) *Node {
	n := &Node{Namespace: ms.Namespace, Name: ms.Name, URLs: ms.Status.URLs, routed: len(ms.Spec.Routes) > 0, serves: serves(ms)}
	n.Health, n.Reason, n.Message = StateFromConditions(ms.Status.Conditions, ms.Generation)
	if ms.Spec.Database != nil {
		n.Database = newDatabaseNode(ms)
	}
	return n
}

func newDatabaseNode(ms *v1alpha1.Microservice) *DatabaseNode {
	d := &DatabaseNode{Engine: ms.Spec.Database.Engine, Version: ms.Spec.Database.Version, Health: StateUnknown}
	if status := ms.Status.Database; status != nil && status.Version != "" {
		d.Version = status.Version
	}
	c := meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionDatabaseReady)
	switch {
	case c == nil || c.Status == metav1.ConditionUnknown:
	case c.Status == metav1.ConditionTrue:
		d.Health = StateReady
	default:
		d.Health, d.Reason = StateReconciling, c.Reason
		if stalled := meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionStalled); stalled != nil && stalled.Reason == c.Reason {
			d.Health = StateStalled
		}
	}
	return d
}

// Ports returns the called ports as text, such as " :80 :9090".
func (c *Call) Ports() string {
	text := ""
	for _, port := range append([]int32{c.Port}, c.MorePorts...) {
		text += " :" + strconv.Itoa(int(port))
	}
	return text
}

func newCall(caller, callee *Node, edge *Edge) *Call {
	call := &Call{Caller: caller, Callee: callee, Optional: edge.Optional()}
	reason, message := edge.Problem()
	call.Reason, call.Message = reason, message.String()
	if call.Resolved = edge.Resolved(); call.Resolved {
		call.Port = edge.Port.Port
		for _, port := range edge.MorePorts {
			call.MorePorts = append(call.MorePorts, port.Port)
		}
	}
	return call
}

// linkCalls sets the IDs of nodes, and connects the calls to their nodes.
func (g *Graph) linkCalls(home string, calls map[*Node][]*Call) {
	g.byID = make(map[string]*Node, len(g.Nodes))
	for _, n := range g.Nodes {
		n.ID = DisplayName(home, n.Namespace, n.Name)
		g.byID[n.ID] = n
	}
	for _, n := range g.Nodes {
		n.Calls = calls[n]
		for _, call := range n.Calls {
			call.From, call.To = n.ID, call.Callee.ID
			call.Callee.Callers = append(call.Callee.Callers, call)
			g.Calls = append(g.Calls, call)
		}
	}
}

func (g *Graph) findCycles() {
	callees := make(map[string][]string, len(g.Nodes))
	for _, n := range g.Nodes {
		for _, call := range n.Calls {
			callees[n.ID] = append(callees[n.ID], call.To)
		}
		slices.Sort(callees[n.ID])
	}
	componentOf := map[string]int{}
	for i, component := range stronglyConnected(callees) {
		for _, id := range component {
			componentOf[id] = i + 1
		}
		if path := shortestCycle(callees, component, component[0]); path != nil {
			g.Cycles = append(g.Cycles, path)
		}
	}
	slices.SortFunc(g.Cycles, slices.Compare)
	for _, call := range g.Calls {
		call.Cycle = componentOf[call.From] != 0 && componentOf[call.From] == componentOf[call.To]
	}
}

// Node returns the service of an ID, or nil.
func (g *Graph) Node(id string) *Node { return g.byID[id] }
