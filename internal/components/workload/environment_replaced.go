// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/components/database"
)

// ReplacedVariable is a variable of the database or of a dependency that the user replaces.
type ReplacedVariable struct {
	Name string
	// Source says whose variable it is, such as dependency "users".
	Source string
}

// ReplacedVariables returns the variables of the database and of dependencies that env
// replaces, where that may be a mistake. A value that is made of variables of the same source
// is none, and neither is a variable that two sources set.
func ReplacedVariables(in *database.Database, env []corev1.EnvVar) []ReplacedVariable {
	bySource := map[variableSource][]string{}
	setBy := map[string][]variableSource{}
	forEachSource(in, func(source variableSource, variables []corev1.EnvVar) {
		for _, v := range variables {
			bySource[source] = append(bySource[source], v.Name)
			if !slices.Contains(setBy[v.Name], source) {
				setBy[v.Name] = append(setBy[v.Name], source)
			}
		}
	})
	var replaced []ReplacedVariable
	for _, v := range env {
		if len(setBy[v.Name]) != 1 || setBy[v.Name][0] == fromAtoll {
			continue
		}
		source := setBy[v.Name][0]
		if slices.ContainsFunc(bySource[source], func(name string) bool { return name != v.Name && strings.Contains(v.Value, "$("+name+")") }) {
			continue
		}
		replaced = append(replaced, ReplacedVariable{Name: v.Name, Source: source.name(in)})
	}
	return replaced
}
