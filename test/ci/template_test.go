// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"encoding/xml"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

const templateFile = root + "/templates/lint.yml"

// template is what the tests read of the GitLab template.
type template struct {
	inputs    map[string]string
	variables map[string]string
	scripts   []string
	report    string
}

var interpolation = regexp.MustCompile(`\$\[\[ *inputs\.([a-z]+) *\]\]`)

func readTemplate(t *testing.T) *template {
	t.Helper()
	text := read(t, templateFile)
	head, body, _ := strings.Cut(text, "\n---\n")
	var spec struct {
		Spec struct {
			Inputs map[string]struct{ Description, Default string }
		}
	}
	var jobs map[string]struct {
		Variables map[string]string
		Script    []string
		Artifacts struct {
			When    string
			Reports map[string]string
		}
	}
	if err := yaml.UnmarshalStrict([]byte(head), &spec); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal([]byte(body), &jobs); err != nil {
		t.Fatal(err)
	}
	lint := jobs["atoll-lint"]
	if lint.Artifacts.When != "always" {
		t.Error("the report of a failed job is not kept")
	}
	read := &template{inputs: map[string]string{}, variables: lint.Variables, scripts: lint.Script, report: lint.Artifacts.Reports["junit"]}
	for name, input := range spec.Spec.Inputs {
		read.inputs[name] = input.Default
		if input.Description == "" || !strings.Contains(body, "inputs."+name+" ") {
			t.Errorf("the input %s has no description, or is not used", name)
		}
	}
	return read
}

// runTemplate runs the scripts in one shell, as GitLab does, and returns the exit code.
func (j *job) runTemplate(t *testing.T, of *template, inputs map[string]string, shell ...string) int {
	t.Helper()
	values := maps.Clone(of.inputs)
	maps.Copy(values, inputs)
	env := map[string]string{}
	for name, value := range of.variables {
		env[name] = interpolation.ReplaceAllStringFunc(value, func(found string) string { return values[interpolation.FindStringSubmatch(found)[1]] })
	}
	env["ATOLL_BIN"] = t.TempDir()
	return j.run(t, "set -e\n"+strings.Join(of.scripts, "\n"), env, shell...)
}

// TestTemplate runs the commands of the template, in the shell of a small image.
func TestTemplate(t *testing.T) {
	of, releases := readTemplate(t), makeRelease(t, nil)
	// TestAction has the other cases, of the same commands.
	for _, name := range []string{"a good file", "a file with an error", "a file that is absent", "the latest release"} {
		tc := lintCases[name]
		t.Run(name, func(t *testing.T) {
			j := newJob(t)
			inputs := map[string]string{"version": releaseVersion, "releases": releases}
			maps.Copy(inputs, tc.inputs)
			if code := j.runTemplate(t, of, inputs, "sh"); code != tc.wantCode || !strings.Contains(j.log.String(), tc.wantLog) {
				t.Fatalf("exit code %d, want %d, and %q in\n%s", code, tc.wantCode, tc.wantLog, j.log.String())
			}
			text := j.report(t, of.report)
			if tc.wantFindings < 0 {
				if text != "" {
					t.Errorf("the report is %q, want none", text)
				}
				return
			}
			var report struct {
				Tests    int `xml:"tests,attr"`
				Failures int `xml:"failures,attr"`
			}
			if err := xml.Unmarshal([]byte(text), &report); err != nil {
				t.Fatalf("%v in\n%s", err, text)
			}
			if report.Tests == 0 || (report.Failures > 0) != (tc.wantFindings > 0) {
				t.Errorf("%d of %d tests failed, want %d findings", report.Failures, report.Tests, tc.wantFindings)
			}
		})
	}
}

// TestTemplateHasTheCommandsOfTheAction checks that the commands have one text.
func TestTemplateHasTheCommandsOfTheAction(t *testing.T) {
	scripts := readTemplate(t).scripts
	of := func(name string) string {
		steps := readAction(t).Runs.Steps
		return steps[slices.IndexFunc(steps, func(s actionStep) bool { return s.Name == name })].Run
	}
	if want := "(\n" + of("Install kubectl-atoll") + ")\n"; scripts[0] != want {
		t.Errorf("the template installs with\n%s\nwant\n%s", scripts[0], want)
	}
	if !strings.HasSuffix(of("Lint"), scripts[1]) {
		t.Errorf("the template lints with\n%s\nwant\n%s", scripts[1], of("Lint"))
	}
}
