// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// job is a run of the action or of the template, on a copy of the files that it checks.
type job struct {
	// folder is the checkout of the repository.
	folder string
	env    []string
	log    bytes.Buffer
}

// newJob returns a job with good.yaml, bad.yaml and a kustomization in the folder k.
func newJob(t *testing.T) *job {
	t.Helper()
	j := &job{folder: t.TempDir()}
	j.write(t, "good.yaml", good)
	j.write(t, "bad files/bad.yaml", good2+"  replicas: 2\n")
	j.write(t, "nested/deep/good.yaml", good)
	j.write(t, "nested/good2.yaml", good2)
	j.write(t, "k/kustomization.yaml", "resources: [users.yaml]\n")
	j.write(t, "k/users.yaml", good)
	return j
}

const (
	good  = "apiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: users}\nspec:\n  image: ghcr.io/example/users:1.4.0\n"
	good2 = "apiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: orders}\nspec:\n  image: ghcr.io/example/orders:1.4.0\n"
)

func (j *job) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(j.folder, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// run runs a script as the runner does, and returns its exit code.
func (j *job) run(t *testing.T, script string, env map[string]string, shell ...string) int {
	t.Helper()
	file := filepath.Join(t.TempDir(), "script")
	if err := os.WriteFile(file, []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(shell[0], append(shell[1:], file)...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = j.folder, &j.log, &j.log
	cmd.Env = append(os.Environ(), append(j.env, "KUBECONFIG="+os.DevNull)...)
	for name, value := range env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	err := cmd.Run()
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// report returns the text of a report; empty if there is none.
func (j *job) report(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(j.folder, name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// lintCase is an input of the action or of the template.
type lintCase struct {
	inputs   map[string]string
	wantCode int
	// wantFindings is the number of errors in the report. -1 means that there is no report.
	wantFindings int
	wantLog      string
}

// lintCases are inputs and what lint does with them.
var lintCases = map[string]lintCase{
	"a good file":            {inputs: map[string]string{"paths": "good.yaml"}, wantLog: "1 object checked: 0 errors, 0 warnings"},
	"a file with an error":   {inputs: map[string]string{"paths": "good.yaml bad*/bad.yaml"}, wantCode: 1, wantFindings: 1, wantLog: "spec.replicas: no such field"},
	"a folder":               {inputs: map[string]string{"paths": "nested"}, wantLog: "2 objects checked"},
	"a folder alone":         {inputs: map[string]string{"paths": "nested", "recursive": "false"}, wantLog: "1 object checked"},
	"several lines of paths": {inputs: map[string]string{"paths": "nested/good2.yaml\ngood.yaml\n"}, wantLog: "2 objects checked"},
	"a kustomization":        {inputs: map[string]string{"kustomization": "k", "recursive": "false"}, wantLog: "1 object checked"},
	"a file that is absent":  {inputs: map[string]string{"paths": "absent.yaml"}, wantCode: 2, wantFindings: -1, wantLog: "absent.yaml"},
	"no paths":               {wantCode: 2, wantFindings: -1, wantLog: "no input"},
	"the latest release":     {inputs: map[string]string{"paths": "good.yaml", "version": "latest"}, wantLog: "OK"},
}
