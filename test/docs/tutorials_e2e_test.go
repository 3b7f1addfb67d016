//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTutorials prepares the local cluster as the overview of the tutorials says, and runs the commands
// of all tutorials in order.
func TestTutorials(t *testing.T) {
	environment := localCluster(t)
	folder := t.TempDir()
	if err := os.CopyFS(filepath.Join(folder, "config"), os.DirFS(filepath.Join(root, "config"))); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		command := exec.Command("bash", "-c", "kubectl delete namespace shop --ignore-not-found")
		command.Env = environment
		if out, err := command.CombinedOutput(); err != nil {
			t.Errorf("deleting the shop: %v: %s", err, out)
		}
	})
	tutorials, err := filepath.Glob(filepath.Join(root, "docs", "tutorials", "0*.md"))
	if err != nil || len(tutorials) < 6 {
		t.Fatalf("found the tutorials %v: %v", tutorials, err)
	}
	slices.Sort(tutorials)
	for _, path := range tutorials {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		ok := t.Run(filepath.Base(path), func(t *testing.T) { runSteps(t, folder, environment, stepsOf(string(text))) })
		t.Logf("%s took %s", filepath.Base(path), time.Since(begin).Round(time.Second))
		if !ok {
			// The next ones continue from here.
			t.FailNow()
		}
	}
}

// localCluster runs the commands of the section about the local cluster, with the crane that tutorial 2
// installs. It returns the environment of the shell afterwards.
func localCluster(t *testing.T) []string {
	t.Helper()
	install := regexp.MustCompile(`go install \S+/cmd/crane@\S+`).FindString(read(t, "docs/tutorials/02-add-your-own-service.md"))
	_, section, _ := strings.Cut(read(t, "docs/tutorials/README.md"), "## On the local cluster\n")
	setUp := blocks.FindStringSubmatch(section)
	if install == "" || setUp == nil {
		t.Fatal("the tutorials do not say how to install crane, or how to use the local cluster")
	}
	programs, variables := t.TempDir(), filepath.Join(t.TempDir(), "variables")
	command := exec.Command("bash", "-euo", "pipefail")
	command.Dir = root
	command.Env = append(os.Environ(), "GOBIN="+programs, "PATH="+programs+":"+os.Getenv("PATH"))
	command.Stdin = strings.NewReader(install + "\n" + setUp[2] + "\nenv --null > '" + variables + "'\n")
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("preparing the local cluster: %v\n%s", err, out)
	}
	text, err := os.ReadFile(variables)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(text), "\x00"), "\x00")
}

// runSteps runs blocks in one shell, and compares what they write with what the document shows.
func runSteps(t *testing.T, folder string, environment []string, steps []step) {
	t.Helper()
	const mark = "=== the next block ==="
	var script strings.Builder
	script.WriteString("set -euo pipefail\n")
	for _, s := range steps {
		fmt.Fprintf(&script, "%secho '%s'\n", s.Commands, mark)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, "bash")
	command.Dir, command.Env = folder, environment
	command.Stdin = strings.NewReader(script.String())
	// What the tutorial runs in the background ends with it.
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = 10 * time.Second
	out, err := command.CombinedOutput()
	outputs := strings.Split(string(out), mark+"\n")
	if err != nil {
		failed := min(len(outputs), len(steps)) - 1
		t.Fatalf("%v in\n%s\nwhich wrote\n%s", err, steps[failed].Commands, outputs[failed])
	}
	for i, s := range steps {
		if !containsLines(outputs[i], s.Output) {
			t.Errorf("the block\n%s\nwrites\n%s\nand the document shows\n%s", s.Commands, outputs[i], s.Output)
		}
	}
}
