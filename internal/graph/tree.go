// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TreeOptions control how a tree is drawn.
type TreeOptions struct {
	// Width is the maximum number of columns. Zero means no limit.
	Width int
	// Paint colours a text by a state. Nil means no colour.
	Paint func(State, string) string
}

// marks show the states without colour.
var marks = map[State]string{
	StateReady: "✓", StateDegraded: "!", StateReconciling: "◌", StateNotReady: "–", StateUnknown: "?", StateStalled: "✗", StateMissing: "✗",
}

// Mark returns the character of a state.
func Mark(s State) string { return marks[s] }

const (
	markRepeated = "↑"
	markCycle    = "↻"
)

// Tree draws the graph for a terminal: callers above their callees, and databases as
// leaves. A service with several callers is drawn in full once, at the first.
func Tree(g *Graph, o TreeOptions) string {
	t := &tree{TreeOptions: o, drawn: map[*Node]bool{}, path: map[*Node]bool{}}
	for i, root := range g.Roots() {
		if i > 0 && len(root.Calls)+databaseCount(root) > 0 {
			t.text.WriteByte('\n')
		}
		t.writeNode(root, nil, "", "")
	}
	t.text.WriteByte('\n')
	t.writeSummary(g)
	return t.text.String()
}

// CallersTree draws the direct and indirect callers of a service. It omits calls that
// do not resolve and optional ones, because the loss of the service does not affect them.
func CallersTree(root *Node, o TreeOptions) string {
	t := &tree{TreeOptions: o, drawn: map[*Node]bool{}, path: map[*Node]bool{}, upwards: true}
	t.drawn[root], t.path[root] = true, true
	t.writeChildren(root, "")
	return t.text.String()
}

type tree struct {
	TreeOptions
	text strings.Builder
	// drawn has the services that are drawn in full. path has the services from the root
	// to the current one.
	drawn, path map[*Node]bool
	// upwards means that callers are drawn instead of callees.
	upwards  bool
	repeated bool
}

func databaseCount(n *Node) int {
	if n.Database == nil {
		return 0
	}
	return 1
}

// writeNode draws a service, and its callees below it. call is the call that led to
// it; nil for a root.
func (t *tree) writeNode(n *Node, call *Call, branch, indent string) {
	l := line{{text: branch}, {n.Health, marks[n.Health] + " "}, {text: n.ID}}
	if call != nil && call.Port != 0 && !t.upwards {
		l = append(l, span{text: call.Ports()})
	}
	below := len(n.Calls) + databaseCount(n)
	if t.upwards {
		below = len(requiredCalls(n.Callers))
	}
	repeated := t.drawn[n] && below > 0
	switch {
	case t.path[n]:
		l = append(l, span{StateReconciling, " " + markCycle})
	case repeated:
		t.repeated = true
		l = append(l, span{text: " " + markRepeated})
	}
	if call != nil && !call.Resolved {
		l = append(l, span{StateMissing, "  " + call.ShortProblem()})
	} else if n.Reason != "" {
		l = append(l, span{n.Health, "  " + n.Reason})
	}
	if len(n.URLs) > 0 && !repeated {
		l = append(l, span{text: "  " + n.URLs[0]})
		if more := len(n.URLs) - 1; more > 0 {
			l = append(l, span{text: fmt.Sprintf(" +%d", more)})
		}
	}
	t.writeLine(l)
	if repeated {
		return
	}
	t.drawn[n], t.path[n] = true, true
	t.writeChildren(n, indent)
	t.path[n] = false
}

func (t *tree) writeChildren(n *Node, indent string) {
	if t.upwards {
		callers := requiredCalls(n.Callers)
		for i, call := range callers {
			branch, next := branchPrefix(indent, i == len(callers)-1)
			t.writeNode(call.Caller, call, branch, next)
		}
		return
	}
	if n.Database != nil {
		branch, _ := branchPrefix(indent, len(n.Calls) == 0)
		l := line{{text: branch}, {n.Database.Health, marks[n.Database.Health] + " "}, {text: n.Database.String()}}
		if n.Database.Reason != "" {
			l = append(l, span{n.Database.Health, "  " + n.Database.Reason})
		}
		t.writeLine(l)
	}
	for i, call := range n.Calls {
		branch, next := branchPrefix(indent, i == len(n.Calls)-1)
		t.writeNode(call.Callee, call, branch, next)
	}
}

func branchPrefix(indent string, last bool) (branch, next string) {
	if last {
		return indent + "└─ ", indent + "   "
	}
	return indent + "├─ ", indent + "│  "
}

// ShortProblem says in a few words why a call does not resolve. The text continues the
// name of the callee.
func (call *Call) ShortProblem() string {
	switch call.Reason {
	case v1alpha1.ReasonDependencyNotFound:
		return "does not exist"
	case v1alpha1.ReasonPortNotFound:
		return "does not have the called port"
	case v1alpha1.ReasonNotPermitted:
		if call.Callee.Health == StateMissing {
			return "does not exist"
		}
		return "does not permit this caller"
	}
	return call.Reason
}

// writeSummary writes the number of services by state, the cycles, and the meaning of
// the mark for repeated services.
func (t *tree) writeSummary(g *Graph) {
	counts := map[State]int{}
	for _, n := range g.Nodes {
		counts[n.Health]++
	}
	l := line{{text: plural(len(g.Nodes)-counts[StateMissing], "service") + ":"}}
	for _, state := range States {
		if counts[state] > 0 {
			l = append(l, span{state, fmt.Sprintf(" %s %d %s", marks[state], counts[state], stateWords[state])})
		}
	}
	t.writeWrapped(l)
	for _, cycle := range g.Cycles {
		l := line{{StateReconciling, markCycle}, {text: " cycle: " + cycle[0]}}
		for _, id := range cycle[1:] {
			l = append(l, span{text: " -> " + id})
		}
		t.writeWrapped(l)
	}
	if t.repeated {
		t.writeLine(line{{text: markRepeated + " drawn in full above"}})
	}
}

// writeWrapped writes a line, and wraps it at the width.
func (t *tree) writeWrapped(l line) {
	var now line
	used := 0
	for _, s := range l {
		n := utf8.RuneCountInString(s.text)
		if t.Width > 0 && used > 0 && used+n > t.Width {
			t.writeLine(now)
			now, used = line{{text: " "}}, 1
		}
		now, used = append(now, s), used+n
	}
	t.writeLine(now)
}

var stateWords = map[State]string{
	StateReady: "ready", StateDegraded: "degraded", StateReconciling: "reconciling", StateNotReady: "not ready", StateUnknown: "unknown", StateStalled: "stalled", StateMissing: "missing",
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// line is a line of spans in different colours.
type line []span

type span struct {
	state State
	text  string
}

// writeLine truncates a line to the width, and paints it afterwards, because colour
// codes take no columns.
func (t *tree) writeLine(l line) {
	left := t.Width
	if t.Width > 0 {
		n := 0
		for _, s := range l {
			n += utf8.RuneCountInString(s.text)
		}
		if n > t.Width {
			// One column is for the ellipsis.
			left--
		} else {
			left = n
		}
	}
	for _, s := range l {
		text, cut := s.text, false
		if n := utf8.RuneCountInString(text); t.Width > 0 && n > left {
			text, cut = string([]rune(text)[:left])+"…", true
		} else {
			left -= n
		}
		if t.Paint != nil && s.state != "" {
			text = t.Paint(s.state, text)
		}
		t.text.WriteString(text)
		if cut {
			break
		}
	}
	t.text.WriteByte('\n')
}

// TransitiveCallers returns the direct and indirect callers of a service, each once
// and the nearest first. It omits calls that do not resolve, and
// callers that work without the service.
func TransitiveCallers(n *Node) []*Node {
	seen := map[*Node]bool{n: true}
	reaching := []*Node{n}
	for i := 0; i < len(reaching); i++ {
		for _, call := range requiredCalls(reaching[i].Callers) {
			if !seen[call.Caller] {
				seen[call.Caller] = true
				reaching = append(reaching, call.Caller)
			}
		}
	}
	return reaching[1:]
}

// UnresolvedCallsTo returns the calls to a service that do not resolve.
func UnresolvedCallsTo(n *Node) []*Call {
	return slices.DeleteFunc(slices.Clone(n.Callers), func(call *Call) bool { return call.Resolved })
}

// OptionalCallsTo returns the calls to a service whose callers work without it.
func OptionalCallsTo(n *Node) []*Call {
	return slices.DeleteFunc(slices.Clone(n.Callers), func(call *Call) bool { return !call.Resolved || !call.Optional })
}

// requiredCalls returns the calls that resolve and that their callers need.
func requiredCalls(calls []*Call) []*Call {
	return slices.DeleteFunc(slices.Clone(calls), func(call *Call) bool { return !call.Resolved || call.Optional })
}
