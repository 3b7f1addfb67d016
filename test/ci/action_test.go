// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"sigs.k8s.io/yaml"
)

const actionFile = root + "/.github/actions/lint/action.yml"

// action is what the tests read of action.yml.
type action struct {
	Inputs map[string]struct{ Description, Default string }
	Runs   struct {
		Using string
		Steps []actionStep
	}
}

type actionStep struct {
	Name, ID, If, Shell, Run, Uses string
	Env                            map[string]string
}

func readAction(t *testing.T) *action {
	t.Helper()
	a := &action{}
	if err := yaml.Unmarshal([]byte(read(t, actionFile)), a); err != nil {
		t.Fatal(err)
	}
	if a.Runs.Using != "composite" {
		t.Fatalf("the action runs %q, want composite", a.Runs.Using)
	}
	return a
}

var expression = regexp.MustCompile(`\$\{\{ *(?:(inputs)\.([a-z]+)|runner\.temp) *\}\}`)

// conditions are the conditions of steps. With other ones, the tests would not run what GitHub runs.
var conditions = map[string]func(version string) bool{
	"":                           func(string) bool { return true },
	"inputs.version != 'source'": func(version string) bool { return version != "source" },
	"inputs.version == 'source'": func(version string) bool { return version == "source" },
}

// runAction runs the scripts of the action until one fails, and returns its exit code.
func (j *job) runAction(t *testing.T, a *action, inputs map[string]string) int {
	t.Helper()
	temp := t.TempDir()
	values := map[string]string{}
	for name, input := range a.Inputs {
		values[name] = input.Default
	}
	for name, value := range inputs {
		if _, known := a.Inputs[name]; !known {
			t.Fatalf("the action has no input %s", name)
		}
		values[name] = value
	}
	ran := 0
	for _, step := range a.Runs.Steps {
		if step.Uses != "" {
			continue
		}
		condition := conditions[step.If]
		if condition == nil {
			t.Fatalf("the test does not know the condition %q", step.If)
		}
		if !condition(values["version"]) {
			continue
		}
		env := map[string]string{"GITHUB_OUTPUT": filepath.Join(j.folder, "output"), "GITHUB_ACTION_PATH": filepath.Dir(absolute(t, actionFile))}
		for name, value := range step.Env {
			env[name] = expression.ReplaceAllStringFunc(value, func(found string) string {
				if parts := expression.FindStringSubmatch(found); parts[1] != "" {
					return values[parts[2]]
				}
				return temp
			})
		}
		ran++
		if code := j.run(t, step.Run, env, "bash", "--noprofile", "--norc", "-eo", "pipefail"); code != 0 {
			return code
		}
	}
	if ran != 2 {
		t.Errorf("%d steps ran, want 2", ran)
	}
	return 0
}

func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// TestAction runs the commands of the action.
func TestAction(t *testing.T) {
	a, schema, releases := readAction(t), sarifSchema(t), makeRelease(t, nil)
	for _, name := range slices.Sorted(maps.Keys(lintCases)) {
		tc := lintCases[name]
		t.Run(name, func(t *testing.T) {
			j := newJob(t)
			inputs := map[string]string{"version": releaseVersion, "releases": releases}
			maps.Copy(inputs, tc.inputs)
			if code := j.runAction(t, a, inputs); code != tc.wantCode || !strings.Contains(j.log.String(), tc.wantLog) {
				t.Fatalf("exit code %d, want %d, and %q in\n%s", code, tc.wantCode, tc.wantLog, j.log.String())
			}
			text := j.report(t, "atoll-lint.sarif")
			if output, want := j.report(t, "output"), "sarif=atoll-lint.sarif\n"; tc.wantFindings >= 0 && output != want || tc.wantFindings < 0 && output+text != "" {
				t.Fatalf("the outputs are %q, and the report is %q", output, text)
			}
			if tc.wantFindings < 0 {
				return
			}
			validateSARIF(t, schema, []byte(text))
			report, err := sarif.FromString(text)
			if err != nil || len(report.Runs[0].Results) != tc.wantFindings {
				t.Errorf("%v, and the report is\n%s\nwant %d results", err, text, tc.wantFindings)
			}
		})
	}
}

// TestActionFromSource builds the plugin from the checkout of the action.
func TestActionFromSource(t *testing.T) {
	j := newJob(t)
	if code := j.runAction(t, readAction(t), map[string]string{"version": "source", "paths": "good.yaml"}); code != 0 {
		t.Errorf("exit code %d\n%s", code, j.log.String())
	}
}

// TestInstallationRefuses checks that nothing is installed from a release that is not as it should be.
func TestInstallationRefuses(t *testing.T) {
	a := readAction(t)
	for name, tc := range map[string]struct {
		version string
		change  func(archive string)
		wantLog string
	}{
		"an archive that was changed": {change: func(archive string) { overwrite(t, archive, "changed") }, wantLog: "FAILED"},
		"no archive for this machine": {change: func(archive string) {
			overwrite(t, filepath.Join(filepath.Dir(archive), "checksums.txt"), fmt.Sprintf("%064d  kubectl-atoll_9.8.7_plan9_amd64.tar.gz\n", 0))
		}, wantLog: "has no kubectl-atoll for"},
		"an archive that is absent": {change: func(archive string) { remove(t, archive) }, wantLog: "curl: "},
		"a release that is absent":  {version: "v0.0.0", wantLog: "curl: "},
	} {
		j := newJob(t)
		version := releaseVersion
		if tc.version != "" {
			version = tc.version
		}
		code := j.runAction(t, a, map[string]string{"paths": "good.yaml", "version": version, "releases": makeRelease(t, tc.change)})
		if log := j.log.String(); code == 0 || !strings.Contains(log, tc.wantLog) || strings.Contains(log, "checked") {
			t.Errorf("%s: exit code %d; want another one than 0, and %q in\n%s", name, code, tc.wantLog, log)
		}
	}
}

func overwrite(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// TestActionIsSafe checks that no input is part of a script, where it could be a command, and that
// each input is described and used.
func TestActionIsSafe(t *testing.T) {
	text := read(t, actionFile)
	a := readAction(t)
	for _, step := range a.Runs.Steps {
		if strings.Contains(step.Run, "${{") {
			t.Errorf("the script of step %q contains an expression", step.Name)
		}
	}
	for name, input := range a.Inputs {
		if input.Description == "" || !strings.Contains(text, "inputs."+name) {
			t.Errorf("the input %s has no description, or is not used", name)
		}
	}
}
