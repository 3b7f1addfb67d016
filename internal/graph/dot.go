// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"strconv"
	"strings"
)

// DOT returns the graph in the language of Graphviz
// (https://graphviz.org/doc/info/lang.html).
func DOT(g *Graph) string {
	var text strings.Builder
	text.WriteString("digraph atoll {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n")
	for _, n := range g.Nodes {
		label := n.ID
		if len(n.URLs) > 0 {
			label += "\n" + n.URLs[0]
		}
		fmt.Fprintf(&text, "  %s [label=%s, color=%s];\n", dotText(n.ID), dotText(label), dotColour(n.Health))
		if n.Database != nil {
			id := dotText(n.ID + " database")
			fmt.Fprintf(&text, "  %s [label=%s, shape=cylinder, style=solid, color=%s];\n", id, dotText(n.Database.String()), dotColour(n.Database.Health))
			fmt.Fprintf(&text, "  %s -> %s [arrowhead=none];\n", dotText(n.ID), id)
		}
	}
	for _, call := range g.Calls {
		attributes := "label=" + dotText(strconv.Itoa(int(call.Port)))
		if !call.Resolved {
			attributes = "label=" + dotText(call.Reason) + ", style=dashed, color=" + dotColour(StateMissing)
		}
		fmt.Fprintf(&text, "  %s -> %s [%s];\n", dotText(call.From), dotText(call.To), attributes)
	}
	text.WriteString("}\n")
	return text.String()
}

func dotText(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(text) + `"`
}

func dotColour(s State) string {
	switch s {
	case StateReady:
		return `"#1a7f37"`
	case StateStalled, StateMissing:
		return `"#cf222e"`
	}
	return `"#9a6700"`
}
