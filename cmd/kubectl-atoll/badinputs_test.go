// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/config/crd"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// badInput is a folder of testdata/badinputs: an input that a user writes by mistake.
type badInput struct {
	// name is also the namespace of the input.
	name string
	// field is what the user has to change, such as spec.ports[0].port.
	field string
	// needsCluster says that lint can't find the fault, because the files do not show it.
	needsCluster bool
	// accepted says that a service with the fault runs, so that only lint reports it.
	accepted bool
	// before says that the folder has a before.yaml, which is applied first.
	before bool
}

// The lines of an input's head.
const (
	fieldLine    = "# field: "
	clusterLine  = "# lint: needs the cluster"
	acceptedLine = "# status: the service runs"
)

// notCreated is what status and why say of an object that the API server refused.
const notCreated = "not created\n"

// minBadInputs is the least number of inputs.
const minBadInputs = 40

// TestBadInputs shows what kubectl apply, the status, why and lint say of inputs that are
// wrong. Each of them that finds the fault names the field and what to do. The expected texts
// are the files want.txt of testdata/badinputs.
func TestBadInputs(t *testing.T) {
	s := startBadInputStage(t)
	cases := readBadInputs(t)
	if len(cases) < minBadInputs {
		t.Errorf("%d inputs, want at least %d", len(cases), minBadInputs)
	}
	schemas, err := offline.NewSchemas(crd.Bases)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			answers := badInputAnswers{apply: s.apply(t, c), lint: lintBadInput(t, schemas, c)}
			want := readWant(t, c)
			s.observe(t, c, &answers, func() bool { return answers.String() == want })
			if *update {
				if err := os.WriteFile(c.file("want.txt"), []byte(answers.String()), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if diff := cmp.Diff(want, answers.String()); diff != "" {
				t.Errorf("%s differs (-want +got); if it should, run this test with -update and read the diff:\n%s", c.file("want.txt"), diff)
			}
			for _, fault := range answers.faults(c) {
				t.Error(fault)
			}
		})
	}
}

// badInputAnswers is what a user can read about an input.
type badInputAnswers struct {
	apply, status, why, lint string
}

func (a *badInputAnswers) String() string {
	var text strings.Builder
	for _, section := range []struct{ title, text string }{
		{"kubectl apply", a.apply}, {"status", a.status}, {"why", a.why}, {"lint", a.lint},
	} {
		fmt.Fprintf(&text, "== %s ==\n%s", section.title, section.text)
	}
	return text.String()
}

// refused says whether the API server refused an object of the input.
func (a *badInputAnswers) refused() bool { return strings.Contains(a.apply, "exit code 1") }

// faults returns what an input's answers lack.
func (a *badInputAnswers) faults(c *badInput) []string {
	var faults []string
	demand := func(section, text string) {
		if !namesField(text, c.field) {
			faults = append(faults, fmt.Sprintf("%s does not name %s", section, c.field))
		}
		if !hasRemedy(text) && (section != "kubectl apply" || !rulesOfAPIServer.MatchString(text)) {
			faults = append(faults, section+" does not say what to do")
		}
	}
	switch {
	case a.refused():
		demand("kubectl apply", a.apply)
		if !c.before && (a.status != notCreated || a.why != notCreated) {
			faults = append(faults, "kubectl apply refuses the input, and status or why describes it")
		}
	case c.accepted:
		if strings.Contains(a.status, "Stalled=True") {
			faults = append(faults, "the service is Stalled; remove the line "+acceptedLine)
		}
	default:
		demand("status", a.status)
		demand("why", a.why)
	}
	if !c.needsCluster {
		demand("lint", a.lint)
	}
	for line := range strings.Lines(a.lint) {
		if lintError.MatchString(line) && !hasRemedy(rulesOfAPIServer.ReplaceAllString(line, "")) {
			faults = append(faults, "this error of lint does not say what to do: "+line)
		}
	}
	return faults
}

// lintError matches a line of lint about an error.
var lintError = regexp.MustCompile(`(^|: )error: `)

// namesField says whether a text names a field, and not only another one whose path contains
// it. Conditions leave out "spec." at its beginning, and a path may continue below the field.
func namesField(text, field string) bool {
	path := regexp.QuoteMeta(strings.TrimPrefix(field, "spec."))
	return regexp.MustCompile(`(^|[^\w.])(spec\.)?` + path + `([^\w]|$)`).MatchString(oneLine(text))
}

// remedies are the forms in which Atoll's messages say what to do: the marker of conditions,
// the line of why, the rule that a value must follow, and a verb after the cause.
var remedies = regexp.MustCompile(`to fix: |(^|\n)Fix {4}\S| must |[:;,] (or )?(set|remove|move|use|give|list|put|write|add|restore|lower|raise) `)

// rulesOfAPIServer are the forms in which the API server's own checks say which rule a value
// breaks. Atoll can't change them; lint adds what to do.
var rulesOfAPIServer = regexp.MustCompile(`[Ss]upported values: | in body (should|must) |Required value|Duplicate value|unknown field|no matches for kind`)

func hasRemedy(text string) bool { return remedies.MatchString(text) }

// oneLine undoes the wrapping of why.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

func (c *badInput) file(name string) string {
	return filepath.Join("testdata", "badinputs", c.name, name)
}

func readBadInputs(t *testing.T) []*badInput {
	t.Helper()
	folders, err := os.ReadDir(filepath.Join("testdata", "badinputs"))
	if err != nil {
		t.Fatal(err)
	}
	var cases []*badInput
	for _, folder := range folders {
		c := &badInput{name: folder.Name()}
		text, err := os.ReadFile(c.file("input.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			line = strings.TrimSpace(line)
			switch {
			case strings.HasPrefix(line, fieldLine):
				c.field = strings.TrimPrefix(line, fieldLine)
			case line == clusterLine:
				c.needsCluster = true
			case line == acceptedLine:
				c.accepted = true
			}
		}
		if c.field == "" {
			t.Fatalf("%s lacks the line %q", c.file("input.yaml"), fieldLine)
		}
		_, err = os.Stat(c.file("before.yaml"))
		c.before = err == nil
		cases = append(cases, c)
	}
	return cases
}

func readWant(t *testing.T, c *badInput) string {
	t.Helper()
	want, err := os.ReadFile(c.file("want.txt"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return string(want)
}
