/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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
