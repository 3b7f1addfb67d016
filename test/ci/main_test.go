// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package ci tests what users have in editors and in CI: the JSON Schemas, the reports of lint, and
// the action, the template and the hook that run lint.
package ci

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

const (
	root      = "../.."
	badInputs = root + "/cmd/kubectl-atoll/testdata/badinputs"
)

// plugin is the path of kubectl-atoll.
var plugin string

func TestMain(m *testing.M) {
	code, err := build(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// build builds the plugin and runs the tests.
func build(m *testing.M) (code int, err error) {
	folder, err := os.MkdirTemp("", "atoll-ci-")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(folder)
	plugin = filepath.Join(folder, "kubectl-atoll")
	if out, err := exec.Command("go", "-C", root, "build", "-o", plugin, "./cmd/kubectl-atoll").CombinedOutput(); err != nil {
		return 1, fmt.Errorf("building kubectl-atoll: %w\n%s", err, out)
	}
	return m.Run(), nil
}

// badInputFiles returns the inputs that a user writes by mistake, by their names.
func badInputFiles(t *testing.T) map[string]string {
	t.Helper()
	found, err := filepath.Glob(badInputs + "/*/input.yaml")
	if err != nil || len(found) < 40 {
		t.Fatalf("found %d bad inputs, want at least 40: %v", len(found), err)
	}
	files := map[string]string{}
	for _, file := range found {
		files[filepath.Base(filepath.Dir(file))] = file
	}
	return files
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
