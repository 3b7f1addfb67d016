// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"
)

const root = "../.."

// TestFilesAreCurrent checks that the committed files are those that config generates, and
// that no other file is among them.
func TestFilesAreCurrent(t *testing.T) {
	want, err := generate(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if got, err := os.ReadFile(filepath.Join(root, path)); err != nil || string(got) != want[path] {
			t.Errorf("%s is not current: run make manifests (%v)", path, err)
		}
	}
	for _, folder := range generatedFolders {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			relative, err := filepath.Rel(root, path)
			if want[relative] == "" {
				t.Errorf("%s is not generated any more: run make manifests", relative)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestStaleFilesAreDeleted checks that a file for an object that config lost disappears.
func TestStaleFilesAreDeleted(t *testing.T) {
	copied := t.TempDir()
	for _, folder := range []string{"config", "charts"} {
		if err := os.CopyFS(filepath.Join(copied, folder), os.DirFS(filepath.Join(root, folder))); err != nil {
			t.Fatal(err)
		}
	}
	stale := filepath.Join(copied, "charts/atoll/templates/policies/former.yaml")
	if err := os.WriteFile(stale, []byte("kind: Former\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(copied); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(stale); !os.IsNotExist(err) {
		t.Errorf("%s: %v, want that it does not exist", stale, err)
	}
}

// TestTextSurvivesHelm checks that Helm evaluates nothing of an object's own text.
func TestTextSurvivesHelm(t *testing.T) {
	const text = "description: use {{ .Values.x }}, {{- end }} and }} as they are\n"
	w := newWriter(nil)
	parsed, err := template.New("").Parse(w.replace(text, ""))
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	if err := parsed.Execute(&got, nil); err != nil {
		t.Fatal(err)
	}
	if got.String() != text {
		t.Errorf("got %q, want %q", got.String(), text)
	}
}

// TestEveryKindHasATemplate checks that the generator refuses a kind that the chart would lack.
func TestEveryKindHasATemplate(t *testing.T) {
	secret := object{"kind": "Secret", "metadata": map[string]any{"name": "atoll-key", "namespace": homeNamespace}}
	_, err := templates([]object{secret}, []object{secret})
	if err == nil || !strings.Contains(err.Error(), "Secret atoll-system/atoll-key has no template") {
		t.Errorf("got %v", err)
	}
}

// TestInstallationsAgree checks that the generator refuses an object that the two
// installations have in different versions: the chart would have only one.
func TestInstallationsAgree(t *testing.T) {
	role := func(rule string) []object {
		return []object{{"kind": "ClusterRole", "metadata": map[string]any{"name": "atoll-role"}, "rules": rule}}
	}
	if _, err := templates(role("a"), role("b")); err == nil || !strings.Contains(err.Error(), "differ in ClusterRole /atoll-role") {
		t.Errorf("got %v", err)
	}
}

// TestEveryPolicyHasAValue checks that the generator refuses a policy that no value turns on.
func TestEveryPolicyHasAValue(t *testing.T) {
	objects, err := build(filepath.Join(root, "config", "default"))
	if err != nil {
		t.Fatal(err)
	}
	if err := checkPolicies(filepath.Join(root, chartFolder), objects); err != nil {
		t.Error(err)
	}
	added := object{"kind": "ValidatingAdmissionPolicy", "metadata": map[string]any{"name": "atoll-added"}}
	if err := checkPolicies(filepath.Join(root, chartFolder), append(objects, added)); err == nil || !strings.Contains(err.Error(), "added") {
		t.Errorf("a policy without a value: got %v", err)
	}
	if err := checkPolicies(filepath.Join(root, chartFolder), nil); err == nil || !strings.Contains(err.Error(), "deletion-guard") {
		t.Errorf("values without a policy: got %v", err)
	}
}

// TestDescriptionsOfValues checks what the table of values has of the comments.
func TestDescriptionsOfValues(t *testing.T) {
	const values = "# a is the first.\na: 1\nb:\n  # c is nested.\n  c: \"\"\n  # d is a list.\n  d: [x]\n"
	got, err := valuesTable([]byte(values))
	if err != nil {
		t.Fatal(err)
	}
	const want = "| value | default | |\n|---|---|---|\n" +
		"| `a` | `1` | a is the first. |\n| `b.c` | `\"\"` | c is nested. |\n| `b.d` | `[x]` | d is a list. |\n"
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := valuesTable([]byte("a: 1\n")); err == nil || !strings.Contains(err.Error(), "a has no comment") {
		t.Errorf("got %v", err)
	}
}
