// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// Mermaid returns the graph as a Mermaid flowchart
// (https://mermaid.js.org/syntax/flowchart.html).
func Mermaid(g *Graph) string {
	var text strings.Builder
	text.WriteString("flowchart LR\n")
	for _, n := range g.Nodes {
		label := n.ID
		if len(n.URLs) > 0 {
			label += "<br/>" + n.URLs[0]
		}
		fmt.Fprintf(&text, "  %s[%s]:::%s\n", mermaidID(n), mermaidText(label), mermaidClass(n.Health))
		if n.Database != nil {
			fmt.Fprintf(&text, "  %s --- %s_db[(%s)]:::%s\n", mermaidID(n), mermaidID(n), mermaidText(n.Database.String()), mermaidClass(n.Database.Health))
		}
	}
	for _, call := range g.Calls {
		arrow := "-->|" + strconv.Itoa(int(call.Port)) + "|"
		if !call.Resolved {
			arrow = "-.->|" + call.Reason + "|"
		}
		fmt.Fprintf(&text, "  %s %s %s\n", mermaidID(call.Caller), arrow, mermaidID(call.Callee))
	}
	for _, c := range []struct{ class, style string }{
		{"good", "fill:#d9f2e0,stroke:#1a7f37,color:#0b3d1b"},
		{"busy", "fill:#fff3cc,stroke:#9a6700,color:#4d3300"},
		{"bad", "fill:#ffe0de,stroke:#cf222e,color:#660911"},
	} {
		fmt.Fprintf(&text, "  classDef %s %s\n", c.class, c.style)
	}
	return text.String()
}

// mermaidID returns an identifier that is not a keyword of Mermaid.
func mermaidID(n *Node) string {
	return "svc_" + strings.NewReplacer("-", "_", "/", "__").Replace(n.ID)
}

func mermaidText(text string) string {
	return `"` + strings.ReplaceAll(text, `"`, "#quot;") + `"`
}

func mermaidClass(s State) string {
	switch s {
	case StateReady:
		return "good"
	case StateStalled, StateMissing:
		return "bad"
	}
	return "busy"
}
