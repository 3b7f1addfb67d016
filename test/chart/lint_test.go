// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestLint checks that helm lint finds nothing with the values that change most.
func TestLint(t *testing.T) {
	for name, values := range map[string]string{"defaults": "", "everything": everything, "nothing": nothing} {
		file := filepath.Join(t.TempDir(), "values.yaml")
		if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := helm(t, "lint", chart, "--strict", "--values", file)
		if err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		var findings []string
		for line := range strings.Lines(out) {
			if strings.HasPrefix(line, "[") {
				findings = append(findings, strings.TrimSpace(line))
			}
		}
		// Atoll has no icon.
		if diff := cmp.Diff([]string{"[INFO] Chart.yaml: icon is recommended"}, findings); diff != "" {
			t.Errorf("%s: helm lint (-want +got):\n%s", name, diff)
		}
	}
}

// TestNotes checks what a user reads after the installation.
func TestNotes(t *testing.T) {
	for values, want := range map[string]string{
		"":                          " runs in namespace atoll-system.\n",
		"namespaces: [shop]":        " runs in namespace atoll-system, for shop only.\n",
		"crds: {keep: false}":       "helm uninstall DELETES the CRDs",
		"crds: {keep: true}":        "helm uninstall keeps the CRDs",
		"userRoles: {create: true}": "--clusterrole=atoll-route-editor-role",
		"namespaces: [a, b]":        "kubectl -n a get ms hello -o wide",
	} {
		file := filepath.Join(t.TempDir(), "values.yaml")
		if err := os.WriteFile(file, []byte(values), 0o600); err != nil {
			t.Fatal(err)
		}
		out, err := helm(t, "install", "atoll", chart, "--namespace", "atoll-system", "--dry-run=client", "--values", file)
		_, notes, _ := strings.Cut(out, "NOTES:\n")
		if err != nil || !strings.Contains(notes, want) {
			t.Errorf("%s: %v, want %q in\n%s", values, err, want, notes)
		}
	}
}
