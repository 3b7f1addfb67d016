// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
)

// TestBadInputChecks checks that the checks of TestBadInputs can fail.
func TestBadInputChecks(t *testing.T) {
	for _, tc := range []struct {
		text, field string
		want        bool
	}{
		{"spec.image: Required value", "spec.image", true},
		{"image: must be set", "spec.image", true},
		{"spec.imagePullPolicy: must be set", "spec.image", false},
		{"correct spec.initImage", "image", false},
		{"spec.defaults.image: must be set", "spec.image", false},
		{"routes[0]: must differ", "spec.routes", true},
		{"spec.database.pool: must be set", "spec.database", true},
		{"spec.database_pool: must be set", "spec.database", false},
		{"orders has no env[TOKEN], which\nenv[TOKEN] needs", "spec.env[TOKEN]", true},
		{"spec.env[10].name: must be set", "spec.env[1]", false},
		{"correct dependencies[].port", "spec.dependencies[].port", true},
		{"spec.probesXreadiness: must be set", "spec.probes.readiness", false},
	} {
		if got := namesField(tc.text, tc.field); got != tc.want {
			t.Errorf("namesField(%q, %q) is %t", tc.text, tc.field, got)
		}
	}
	refused := "The Microservice is invalid: spec.image: Required value\nexit code 1\n"
	remedied := "input.yaml: error: Microservice \"orders\": spec.image: Required value; to fix: set it [Invalid]\n"
	for name, tc := range map[string]struct {
		lint string
		want int
	}{
		"a remedy for each error":      {remedied + remedied, 0},
		"an error without a remedy":    {remedied + "input.yaml: error: Microservice \"orders\": spec.image: in body must be of type string [Invalid]\n", 1},
		"a warning without a remedy":   {remedied + "input.yaml: warning: Microservice \"orders\": Microservice \"users\" is not among the files [X]\n", 0},
		"an error without a file name": {remedied + "error: Microservice \"orders\": spec.image: wrong [Invalid]\n", 1},
	} {
		answers := badInputAnswers{apply: refused, status: notCreated, why: notCreated, lint: tc.lint}
		if faults := answers.faults(&badInput{field: "spec.image"}); len(faults) != tc.want {
			t.Errorf("%s: %d faults, want %d: %q", name, len(faults), tc.want, faults)
		}
	}
}

// TestKubectlIn checks that TestBadInputs uses no kubectl but that of KUBEBUILDER_ASSETS.
func TestKubectlIn(t *testing.T) {
	dir := t.TempDir()
	for _, assets := range []string{"", dir} {
		if _, err := kubectlIn(assets); err == nil {
			t.Errorf("kubectlIn(%q) returns no error", assets)
		}
	}
	file := filepath.Join(dir, "kubectl")
	if err := os.WriteFile(file, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := kubectlIn(dir); err != nil || got != file {
		t.Errorf("kubectlIn returns %q, %v", got, err)
	}
}
