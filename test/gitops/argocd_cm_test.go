// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

var update = flag.Bool("update", false, "write the generated files")

// TestOneHealthCheck checks that all kinds have the same health check. Argo CD loads the file of each
// kind alone.
func TestOneHealthCheck(t *testing.T) {
	want := read(t, filepath.Join(customizations, kinds[0], "health.lua"))
	for _, kind := range kinds[1:] {
		compareOrUpdate(t, filepath.Join(customizations, kind, "health.lua"), want)
	}
}

// TestConfigMap checks that config/argocd/argocd-cm.yaml has the scripts of resource_customizations.
func TestConfigMap(t *testing.T) {
	var text strings.Builder
	text.WriteString("# Adds the health checks and actions of Atoll to Argo CD: see docs/gitops.md. Generated from\n" +
		"# resource_customizations by make golden. Do not edit.\n" +
		"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: argocd-cm\n  namespace: argocd\ndata:\n")
	for _, kind := range kinds {
		folder := filepath.Join(customizations, kind)
		text.WriteString("  resource.customizations.health.atoll.dev_" + kind + ": |\n")
		text.WriteString(indent(read(t, filepath.Join(folder, "health.lua")), "    "))
		text.WriteString("  resource.customizations.actions.atoll.dev_" + kind + ": |\n    discovery.lua: |\n")
		text.WriteString(indent(read(t, filepath.Join(folder, "actions", "discovery.lua")), "      "))
		text.WriteString("    definitions:\n")
		for _, path := range glob(t, filepath.Join(folder, "actions", "*", "action.lua")) {
			text.WriteString("    - name: " + filepath.Base(filepath.Dir(path)) + "\n      action.lua: |\n")
			text.WriteString(indent(read(t, path), "        "))
		}
	}
	compareOrUpdate(t, filepath.Join(argocd, "argocd-cm.yaml"), text.String())

	var object struct {
		Data map[string]string `json:"data"`
	}
	readObjectInto(t, filepath.Join(argocd, "argocd-cm.yaml"), &object)
	for _, kind := range kinds {
		if diff := cmp.Diff(read(t, filepath.Join(customizations, kind, "health.lua")), object.Data["resource.customizations.health.atoll.dev_"+kind]); diff != "" {
			t.Errorf("the health check of %s, as YAML reads it: -want +got:\n%s", kind, diff)
		}
		checkActions(t, kind, object.Data["resource.customizations.actions.atoll.dev_"+kind])
	}
}

// checkActions checks that Argo CD reads the scripts of the actions as they are in the files.
func checkActions(t *testing.T, kind, text string) {
	t.Helper()
	var actions struct {
		Discovery   string `json:"discovery.lua"`
		Definitions []struct {
			Name   string `json:"name"`
			Script string `json:"action.lua"`
		} `json:"definitions"`
	}
	if err := yaml.UnmarshalStrict([]byte(text), &actions); err != nil {
		t.Fatal(err)
	}
	folder := filepath.Join(customizations, kind, "actions")
	if actions.Discovery != read(t, filepath.Join(folder, "discovery.lua")) {
		t.Errorf("discovery.lua of %s differs as YAML reads it:\n%s", kind, actions.Discovery)
	}
	if len(actions.Definitions) != len(glob(t, filepath.Join(folder, "*", "action.lua"))) {
		t.Errorf("%s has %d actions, and not one for each folder", kind, len(actions.Definitions))
	}
	for _, definition := range actions.Definitions {
		if definition.Script != read(t, filepath.Join(folder, definition.Name, "action.lua")) {
			t.Errorf("action %s of %s differs as YAML reads it:\n%s", definition.Name, kind, definition.Script)
		}
	}
}

// indent indents the lines of a text that are not empty.
func indent(text, by string) string {
	var indented strings.Builder
	for line := range strings.Lines(text) {
		if strings.TrimSpace(line) != "" {
			indented.WriteString(by)
		}
		indented.WriteString(line)
	}
	return indented.String()
}

// compareOrUpdate compares a generated file with the wanted text, or writes it with -update.
func compareOrUpdate(t *testing.T, path, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("%s is not up to date; run the test with -update: -want +got:\n%s", path, diff)
	}
}

func readObjectInto(t *testing.T, path string, into any) {
	t.Helper()
	remarshal(t, readObject(t, path), into)
}
