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

// Graph is which service calls which, with what one would want to see of each.
type Graph struct {
	// Nodes are the services, in order of namespace and name, and those that are
	// called and don't exist.
	Nodes []*Node `json:"nodes"`
	// Calls are the dependencies, by caller and then in the spec's order.
	Calls []*Call `json:"edges"`
	// Cycles are circles among the calls, one for each set of services that can all
	// reach one another; each ends with the service that it begins with.
	Cycles [][]string `json:"cycles"`

	// Cuts are the connections that Strict isolation would not let through, where the
	// Topology has it audited.
	Cuts []Cut `json:"cuts,omitempty"`
	// Unread is what could not be read when these were looked for.
	Unread []string `json:"unread,omitempty"`

	byID map[string]*Node
}

// Node is a service in the graph.
type Node struct {
	// ID is the name; of a service of another namespace than the graph's home,
	// namespace/name.
	ID        string `json:"id"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Health    State  `json:"health"`
	// Reason and Message are those of the condition Ready, where it is not True.
	Reason   string        `json:"reason,omitempty"`
	Message  string        `json:"message,omitempty"`
	URLs     []string      `json:"urls,omitempty"`
	Database *DatabaseNode `json:"database,omitempty"`

	// Calls are the calls of this service, Callers those to it.
	Calls   []*Call `json:"-"`
	Callers []*Call `json:"-"`

	routed bool
}

// DatabaseNode is the database of a service in the graph.
type DatabaseNode struct {
	Engine  v1alpha1.DatabaseEngine `json:"engine"`
	Version string                  `json:"version,omitempty"`
	Health  State                   `json:"health"`
	Reason  string                  `json:"reason,omitempty"`
}

// String is the engine and its version.
func (d *DatabaseNode) String() string {
	return strings.TrimSpace(string(d.Engine) + " " + d.Version)
}

// Call is a dependency in the graph.
type Call struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Port is the number of the callee's port; 0 when the dependency does not
	// resolve.
	Port int32 `json:"port,omitempty"`
	// MorePorts are the numbers of its further ports.
	MorePorts []int32 `json:"morePorts,omitempty"`
	Resolved  bool    `json:"resolved"`
	// Reason and Message say why it does not resolve.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Cycle says that the callee can reach the caller.
	Cycle bool `json:"cycle,omitempty"`

	Caller *Node `json:"-"`
	Callee *Node `json:"-"`
}

// key tells services apart.
type key struct{ namespace, name string }

// Of is the graph of the services that are members, and of all that they reach,
// for readers of the namespace home. services are all that exist, memberOf says
// which Topology each is a member of; members nil means every one.
func Of(home string, services []*v1alpha1.Microservice, memberOf func(*v1alpha1.Microservice) string, members func(*v1alpha1.Microservice) bool) *Graph {
	existing := make(map[key]*v1alpha1.Microservice, len(services))
	for _, ms := range services {
		existing[key{ms.Namespace, ms.Name}] = ms
	}
	found := Services{MemberOf: memberOf, Find: func(namespace, name string) *v1alpha1.Microservice { return existing[key{namespace, name}] }}
	g := &Graph{Nodes: []*Node{}, Calls: []*Call{}, Cycles: [][]string{}}
	nodes := make(map[key]*Node, len(services))
	var wanted []*v1alpha1.Microservice
	for _, ms := range services {
		if members == nil || members(ms) {
			nodes[key{ms.Namespace, ms.Name}] = serviceNode(ms)
			wanted = append(wanted, ms)
		}
	}
	calls := map[*Node][]*Call{}
	for len(wanted) > 0 {
		ms := wanted[0]
		wanted = wanted[1:]
		caller := nodes[key{ms.Namespace, ms.Name}]
		edges := Resolve(ms, found)
		for i := range edges {
			to := key{edges[i].Namespace(), edges[i].Dependency.Name}
			callee := nodes[to]
			switch {
			case callee != nil:
			case existing[to] != nil:
				callee = serviceNode(existing[to])
				wanted = append(wanted, existing[to])
			default:
				callee = &Node{Namespace: to.namespace, Name: to.name, Health: StateMissing}
			}
			nodes[to] = callee
			calls[caller] = append(calls[caller], callOf(caller, callee, &edges[i]))
		}
	}
	for _, node := range nodes {
		g.Nodes = append(g.Nodes, node)
	}
	slices.SortFunc(g.Nodes, func(a, b *Node) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	g.connect(home, calls)
	g.findCycles()
	return g
}

func serviceNode(ms *v1alpha1.Microservice) *Node {
	n := &Node{Namespace: ms.Namespace, Name: ms.Name, URLs: ms.Status.URLs, routed: len(ms.Spec.Routes) > 0}
	n.Health, n.Reason, n.Message = StateOf(ms.Status.Conditions, ms.Generation)
	if ms.Spec.Database != nil {
		n.Database = databaseNode(ms)
	}
	return n
}

func databaseNode(ms *v1alpha1.Microservice) *DatabaseNode {
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

// Ports are the callee's ports as people read them, such as " :80 :9090".
func (c *Call) Ports() string {
	text := ""
	for _, port := range append([]int32{c.Port}, c.MorePorts...) {
		text += " :" + strconv.Itoa(int(port))
	}
	return text
}

func callOf(caller, callee *Node, edge *Edge) *Call {
	call := &Call{Caller: caller, Callee: callee}
	reason, message := edge.Problem()
	call.Reason, call.Message = reason, message.String()
	if call.Resolved = edge.Resolved(); call.Resolved {
		call.Port = edge.Port.Port
		for _, port := range edge.More {
			call.MorePorts = append(call.MorePorts, port.Port)
		}
	}
	return call
}

// connect gives nodes their IDs, and puts calls into order.
func (g *Graph) connect(home string, calls map[*Node][]*Call) {
	g.byID = make(map[string]*Node, len(g.Nodes))
	for _, n := range g.Nodes {
		n.ID = Shown(home, n.Namespace, n.Name)
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
	circle := map[string]int{}
	for i, component := range components(callees) {
		for _, id := range component {
			circle[id] = i + 1
		}
		if path := shortestCycle(callees, component, component[0]); path != nil {
			g.Cycles = append(g.Cycles, path)
		}
	}
	slices.SortFunc(g.Cycles, slices.Compare)
	for _, call := range g.Calls {
		call.Cycle = circle[call.From] != 0 && circle[call.From] == circle[call.To]
	}
}

// Node is the service of an ID, or nil.
func (g *Graph) Node(id string) *Node { return g.byID[id] }

// Roots are where a drawing begins: the services that nobody calls, those with
// routes first, and for what only services of a circle call, the first of each
// circle.
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
	slices.SortStableFunc(byRoute, func(a, b *Node) int { return order(a.routed) - order(b.routed) })
	for _, n := range byRoute {
		if len(n.Callers) == 0 {
			roots = append(roots, n)
			reach(n)
		}
	}
	for _, cycle := range g.Cycles {
		if first := g.byID[cycle[0]]; !reached[first] && g.topmost(cycle) {
			roots = append(roots, first)
			reach(first)
		}
	}
	return roots
}

// topmost says that nobody outside a cycle's set of services calls one of it.
func (g *Graph) topmost(cycle []string) bool {
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

func order(first bool) int {
	if first {
		return 0
	}
	return 1
}
