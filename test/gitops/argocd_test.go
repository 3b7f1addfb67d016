// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops tests what Atoll ships for Argo CD and Flux.
package gitops

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/util/json"
	"sigs.k8s.io/yaml"
)

const (
	root           = "../.."
	argocd         = root + "/config/argocd"
	customizations = argocd + "/resource_customizations/atoll.dev"
	samples        = root + "/config/samples"
)

var kinds = []string{"Microservice", "Topology"}

// health is what a health check returns.
type health struct {
	Status  string `json:"status"`
	Message string `json:"message,omitempty"`
}

// healthTest is an entry of health_test.yaml.
type healthTest struct {
	InputPath    string `json:"inputPath"`
	HealthStatus health `json:"healthStatus"`
}

// action is an action that an object has.
type action struct {
	Name     string `json:"name"`
	Disabled bool   `json:"disabled,omitempty"`
}

// actionTests is the content of action_test.yaml.
type actionTests struct {
	DiscoveryTests []struct {
		InputPath string   `json:"inputPath"`
		Result    []action `json:"result"`
	} `json:"discoveryTests"`
	ActionTests []struct {
		Action             string `json:"action"`
		InputPath          string `json:"inputPath"`
		ExpectedOutputPath string `json:"expectedOutputPath"`
	} `json:"actionTests"`
}

// TestHealth runs the tests of the health checks as those of Argo CD do.
func TestHealth(t *testing.T) {
	for _, kind := range kinds {
		script := read(t, filepath.Join(customizations, kind, "health.lua"))
		var used []string
		for _, test := range healthTests(t, kind) {
			used = append(used, filepath.Join(customizations, kind, test.InputPath))
			t.Run(kind+"/"+test.InputPath, func(t *testing.T) {
				if diff := cmp.Diff(test.HealthStatus, healthOf(t, script, readObject(t, filepath.Join(customizations, kind, test.InputPath)))); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
		for _, path := range glob(t, filepath.Join(customizations, kind, "testdata", "*.yaml")) {
			if !slices.Contains(used, path) {
				t.Errorf("no test in health_test.yaml uses %s", path)
			}
		}
	}
}

// TestDiscovery checks which actions an object has.
func TestDiscovery(t *testing.T) {
	for _, kind := range kinds {
		folder := filepath.Join(customizations, kind, "actions")
		script := read(t, filepath.Join(folder, "discovery.lua"))
		offered := map[string]bool{}
		for _, test := range readActionTests(t, kind).DiscoveryTests {
			t.Run(kind+"/"+test.InputPath, func(t *testing.T) {
				table, err := runLua(t.Context(), script, readObject(t, filepath.Join(folder, test.InputPath)))
				if err != nil {
					t.Fatal(err)
				}
				got := map[string]action{}
				remarshal(t, fromLua(table, map[string]any{}), &got)
				want := map[string]action{}
				for _, a := range test.Result {
					want[a.Name] = action{Disabled: a.Disabled}
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
				for name := range got {
					offered[name] = true
					read(t, filepath.Join(folder, name, "action.lua"))
				}
			})
		}
		for _, path := range glob(t, filepath.Join(folder, "*", "action.lua")) {
			if name := filepath.Base(filepath.Dir(path)); !offered[name] {
				t.Errorf("in no test in action_test.yaml does a %s have the action %s", kind, name)
			}
		}
	}
}

// TestActions checks what each action changes.
func TestActions(t *testing.T) {
	for _, kind := range kinds {
		folder := filepath.Join(customizations, kind, "actions")
		tested := map[string]bool{}
		used := map[string]bool{}
		for _, test := range readActionTests(t, kind).ActionTests {
			tested[test.Action] = true
			used[test.InputPath], used[test.ExpectedOutputPath] = true, true
			t.Run(kind+"/"+test.Action+"/"+test.InputPath, func(t *testing.T) {
				input := readObject(t, filepath.Join(folder, test.InputPath))
				table, err := runLua(t.Context(), read(t, filepath.Join(folder, test.Action, "action.lua")), input)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(any(readObject(t, filepath.Join(folder, test.ExpectedOutputPath))), fromLua(table, input)); diff != "" {
					t.Errorf("-want +got:\n%s", diff)
				}
			})
		}
		for _, path := range glob(t, filepath.Join(folder, "*", "action.lua")) {
			if name := filepath.Base(filepath.Dir(path)); !tested[name] {
				t.Errorf("no test in action_test.yaml runs the action %s of a %s", name, kind)
			}
		}
		for _, test := range readActionTests(t, kind).DiscoveryTests {
			used[test.InputPath] = true
		}
		for _, path := range glob(t, filepath.Join(folder, "testdata", "*.yaml")) {
			if !used[filepath.Join("testdata", filepath.Base(path))] {
				t.Errorf("no test in action_test.yaml uses %s", path)
			}
		}
	}
}

func healthOf(t *testing.T, script string, object map[string]any) health {
	t.Helper()
	table, err := runLua(t.Context(), script, object)
	if err != nil {
		t.Fatal(err)
	}
	var got health
	remarshal(t, fromLua(table, map[string]any{}), &got)
	return got
}

func healthTests(t *testing.T, kind string) []healthTest {
	t.Helper()
	var file struct {
		Tests []healthTest `json:"tests"`
	}
	readInto(t, filepath.Join(customizations, kind, "health_test.yaml"), &file)
	if len(file.Tests) < 5 {
		t.Fatalf("found %d health tests of a %s, want at least 5", len(file.Tests), kind)
	}
	return file.Tests
}

func readActionTests(t *testing.T, kind string) (tests actionTests) {
	t.Helper()
	readInto(t, filepath.Join(customizations, kind, "actions", "action_test.yaml"), &tests)
	return tests
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readInto(t *testing.T, path string, into any) {
	t.Helper()
	if err := yaml.UnmarshalStrict([]byte(read(t, path)), into); err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
}

// readObject reads an object with whole numbers as int64, as the API machinery does.
func readObject(t *testing.T, path string) map[string]any {
	t.Helper()
	asJSON, err := yaml.YAMLToJSON([]byte(read(t, path)))
	object := map[string]any{}
	if err == nil {
		err = json.Unmarshal(asJSON, &object)
	}
	if err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
	return object
}

func remarshal(t *testing.T, from, into any) {
	t.Helper()
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		t.Fatalf("no file matches %s: %v", pattern, err)
	}
	return found
}
