// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// focusedTest runs some tests of a package in the extended copy of the code.
type focusedTest struct {
	in, run string
	// wantOutput is a text that the output of the tests must have.
	wantOutput string
	// wantFile is a golden file that the tests write, and wantText a text that it must
	// have.
	wantFile, wantText string
}

// extensions are the tests of each section of docs/extending.md that has a diff.
var extensions = map[string][]focusedTest{
	"Add a field": {{in: "./internal/components", run: "TestGolden/priority-class",
		wantFile: "internal/components/testdata/priority-class/want.yaml", wantText: "priorityClassName: high"}},
	"Add a condition": {
		{in: "./internal/components/workload", run: "TestImageHealth", wantOutput: "PASS: TestImageHealth"},
		{in: "./test/docs", run: "TestConditionsMatchTheTable|TestStatusIsDocumented|TestReasonsAreExpected", wantOutput: "PASS: TestConditionsMatchTheTable"},
	},
	"Add a component": {{in: "./internal/components", run: "TestGolden/addresses",
		wantFile: "internal/components/testdata/addresses/want.yaml", wantText: "name: orders-addresses"}},
	"Add an engine": {
		{in: "./internal/engine", run: "TestEnginesDiffer|TestURIs", wantOutput: "MySQL"},
		{in: "./internal/components/database", run: "TestScripts", wantOutput: "MySQL"},
	},
	"Add a provider": {{in: "./internal/components", run: "TestGolden/provider-platform",
		wantFile: "internal/components/testdata/provider-platform/want.yaml", wantText: "kind: PostgreSQLInstance"}},
}

// TestExtendingWorks applies the diff of each section of docs/extending.md to a copy of the
// code, compiles the copy and runs the focused tests.
func TestExtendingWorks(t *testing.T) {
	dir := t.TempDir()
	for _, part := range []string{"go.mod", "go.sum", "Makefile", "api", "cmd", "config", "docs", "internal", "test"} {
		run(t, root, "cp", "-r", part, dir)
	}
	run(t, dir, "git", "init", "--quiet")
	run(t, dir, "git", "add", "--all")
	found := 0
	for _, section := range strings.Split(read(t, "docs/extending.md"), "\n## ")[1:] {
		heading, text, _ := strings.Cut(section, "\n")
		_, diff, _ := strings.Cut(text, "```diff\n")
		diff, _, complete := strings.Cut(diff, "```\n")
		if !complete {
			continue
		}
		found++
		t.Run(heading, func(t *testing.T) {
			tests, known := extensions[heading]
			if !known {
				t.Fatalf("docs/extending.md: no test for the section %q", heading)
			}
			defer func() {
				run(t, dir, "git", "checkout", "--quiet", "--", ".")
				run(t, dir, "git", "clean", "-d", "--force", "--quiet")
			}()
			patch := filepath.Join(t.TempDir(), "extension.diff")
			if err := os.WriteFile(patch, []byte(diff), 0o644); err != nil {
				t.Fatal(err)
			}
			run(t, dir, "git", "apply", patch)
			run(t, dir, "go", "build", "./api/...", "./internal/...", "./cmd/...")
			for _, test := range tests {
				checkExtension(t, dir, test)
			}
		})
	}
	if found != len(extensions) {
		t.Errorf("docs/extending.md has %d sections with a diff, want %d", found, len(extensions))
	}
}

func checkExtension(t *testing.T, dir string, test focusedTest) {
	t.Helper()
	args := []string{"test", "-count=1", "-v", "-run", test.run, test.in}
	if test.wantFile != "" {
		args = append(args, "-update")
	}
	output := run(t, dir, "go", args...)
	if !strings.Contains(output, test.wantOutput) {
		t.Errorf("go %s: the output lacks %q:\n%s", strings.Join(args, " "), test.wantOutput, output)
	}
	if test.wantFile == "" {
		return
	}
	text, err := os.ReadFile(filepath.Join(dir, test.wantFile))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), test.wantText) {
		t.Errorf("%s lacks %q:\n%s", test.wantFile, test.wantText, text)
	}
}
