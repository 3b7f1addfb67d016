// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// TestCompletionScript runs the script as kubectl does, with a program in the place
// of the plugin that says what it is asked.
func TestCompletionScript(t *testing.T) {
	bin := t.TempDir()
	if err := os.WriteFile(filepath.Join(bin, "kubectl-atoll"), []byte("#!/bin/sh\nfor word; do printf '<%s>' \"$word\"; done\n"), 0o755); err != nil { //nolint:gosec // It is run.
		t.Fatal(err)
	}
	script, err := filepath.Abs("kubectl_complete-atoll")
	if err != nil {
		t.Fatal(err)
	}
	command := exec.CommandContext(t.Context(), script, "graph", "-n", "my shop", "")
	command.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	got, err := command.Output()
	if want := "<__complete><graph><-n><my shop><>"; err != nil || string(got) != want {
		t.Errorf("the plugin is asked %q (%v), want %q", got, err, want)
	}
}
