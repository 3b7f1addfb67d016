// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs tests that the documents match the code.
package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestDataTable checks that every test exists that the table of data operations names.
func TestDataTable(t *testing.T) {
	_, table, found := strings.Cut(read(t, "docs/databases.md"), "## What happens to the data")
	if !found {
		t.Fatal(`docs/databases.md has no section "What happens to the data"`)
	}
	table, _, _ = strings.Cut(table, "\n## ")
	tests := testSources(t, "internal/controller", "test/e2e")
	rows := 0
	for _, line := range strings.Split(table, "\n") {
		cells := strings.Split(strings.Trim(line, "|"), "|")
		if len(cells) != 3 || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "you" {
			continue
		}
		rows++
		names := regexp.MustCompile("`[^`]+`").FindAllString(cells[2], -1)
		if len(names) == 0 {
			t.Errorf("%s: the row names no test", cells[0])
		}
		for _, name := range names {
			if !strings.Contains(tests, `"`+strings.Trim(name, "`")+`"`) {
				t.Errorf("%s: no test is named %s", strings.TrimSpace(cells[0]), name)
			}
		}
	}
	if rows < 15 {
		t.Errorf("the table has %d rows, want at least 15", rows)
	}
}

// testSources returns the concatenated test files of some folders.
func testSources(t *testing.T, folders ...string) string {
	t.Helper()
	var all strings.Builder
	for _, folder := range folders {
		files, err := filepath.Glob(filepath.Join(root, folder, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no tests in %s: %v", folder, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			all.Write(text)
		}
	}
	return all.String()
}

// TestStatusIsDocumented checks that docs/status.md has every condition and reason.
func TestStatusIsDocumented(t *testing.T) {
	status := read(t, "docs/status.md")
	declared := regexp.MustCompile(`(?m)^\t(?:Condition|Reason)\w+ = "(\w+)"`).FindAllStringSubmatch(read(t, "api/v1alpha1/condition_types.go"), -1)
	if len(declared) < 30 {
		t.Fatalf("found %d conditions and reasons in condition_types.go, want at least 30", len(declared))
	}
	for _, name := range declared {
		if !regexp.MustCompile(`\b` + name[1] + `\b`).MatchString(status) {
			t.Errorf("docs/status.md does not document %s", name[1])
		}
	}
}

func run(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = dir
	// git must not use a repository that contains the copy.
	cmd.Env = append(os.Environ(), "GIT_CEILING_DIRECTORIES="+filepath.Dir(dir))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}
