// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"strings"
	"testing"
)

// presets are values that turn on nothing, everything, and as little as possible.
var presets = map[string]string{"defaults": "", "everything": everything, "nothing": nothing}

// TestLint checks that helm lint warns of nothing with the values that change most.
func TestLint(t *testing.T) {
	for name, values := range presets {
		// With --quiet, it prints warnings and errors only.
		if out, err := helm(t, "lint", chart, "--strict", "--quiet", "--values", valuesFile(t, values)); err != nil || out != "" {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
	}
}

// TestNotes checks what a user reads after the installation.
func TestNotes(t *testing.T) {
	for values, tc := range map[string]struct{ want, unwanted string }{
		"":                              {want: " runs in namespace atoll-system.\n"},
		"namespaces: [shop]":            {want: " runs in namespace atoll-system, for shop only.\n"},
		"namespaces: [a, b]":            {want: "kubectl -n a get ms hello -o wide"},
		"crds: {keep: false}":           {want: "helm uninstall DELETES the CRDs", unwanted: "helm uninstall keeps"},
		"crds: {keep: true}":            {want: "helm uninstall keeps the CRDs", unwanted: "DELETES"},
		"crds: {install: false}":        {want: "get ms hello", unwanted: "helm uninstall"},
		"userRoles: {create: true}":     {want: `the built-in role "edit" may write Microservices`},
		"userRoles: {create: false}":    {want: "get ms hello", unwanted: "create rolebinding"},
		"userRoles: {aggregate: false}": {want: "--clusterrole=atoll-microservice-editor-role", unwanted: `the built-in role "edit"`},
	} {
		out, err := helm(t, "install", "atoll", chart, "--namespace", "atoll-system", "--dry-run=client", "--values", valuesFile(t, values))
		_, notes, _ := strings.Cut(out, "NOTES:\n")
		if err != nil || !strings.Contains(notes, tc.want) || tc.unwanted != "" && strings.Contains(notes, tc.unwanted) {
			t.Errorf("%s: %v, want %q and not %q in\n%s", values, err, tc.want, tc.unwanted, notes)
		}
	}
}
