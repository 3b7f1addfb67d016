// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"slices"
	"strings"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// mostEdits is the largest number of changed letters with which two names count as similar.
const mostEdits = 2

// closest returns the name that a misspelt one probably means; empty if none is similar. Short
// names must be more similar than long ones.
func closest(misspelt string, names []string) string {
	found, fewest := "", min(mostEdits, len(misspelt)/3)+1
	for _, name := range slices.Sorted(slices.Values(names)) {
		if edits := distance(misspelt, name); edits > 0 && edits < fewest {
			found, fewest = name, edits
		}
	}
	return found
}

// distance returns how many letters to insert, delete, replace or swap with their neighbour
// make one name of another.
func distance(a, b string) int {
	// rows[i][j] is the distance of the first i letters of a and the first j of b.
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			replaced := rows[i-1][j-1]
			if a[i-1] != b[j-1] {
				replaced++
			}
			rows[i][j] = min(replaced, rows[i-1][j]+1, rows[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				rows[i][j] = min(rows[i][j], rows[i-2][j-2]+1)
			}
		}
	}
	return rows[len(a)][len(b)]
}

// place is the namespace and the name of an object.
type place struct{ namespace, name string }

// didYouMean returns a question about an object that does not exist, such as "; did you mean
// "users"?": one of the namespace with a similar name, or one of the same name in another
// namespace. Empty means that there is none.
func didYouMean(missing place, all []place) string {
	var here, elsewhere []string
	for _, of := range all {
		switch {
		case of.namespace == missing.namespace:
			here = append(here, of.name)
		case of.name == missing.name:
			elsewhere = append(elsewhere, of.namespace)
		}
	}
	if name := closest(missing.name, here); name != "" {
		return fmt.Sprintf("; did you mean %q?", name)
	}
	if len(elsewhere) > 0 {
		slices.Sort(elsewhere)
		return fmt.Sprintf("; did you mean the one of namespace %q?", strings.Join(slices.Compact(elsewhere), `" or "`))
	}
	return ""
}

// similarPort returns a question about a port that a dependency does not have; empty if it has
// none of a similar name.
func similarPort(edge *graph.Edge, reason string) string {
	if reason != v1alpha1.ReasonPortNotFound {
		return ""
	}
	misspelt := edge.Dependency.Port
	if edge.Port != nil {
		misspelt = edge.MissingPort
	}
	var ports []string
	for _, port := range graph.Ports(edge.Callee) {
		ports = append(ports, port.Name)
	}
	if name := closest(misspelt, ports); name != "" {
		return fmt.Sprintf("; did you mean %q?", name)
	}
	return ""
}

// services returns where the services of the files are.
func (l *linter) services() []place {
	all := make([]place, len(l.world.Services))
	for i, ms := range l.world.Services {
		all[i] = place{ms.Namespace, ms.Name}
	}
	return all
}

// topologies returns where the Topologies of the files are.
func (l *linter) topologies() []place {
	all := make([]place, len(l.world.Topologies))
	for i, topology := range l.world.Topologies {
		all[i] = place{topology.Namespace, topology.Name}
	}
	return all
}
