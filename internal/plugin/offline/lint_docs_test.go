// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var codeConstant = regexp.MustCompile(`(?m)^(?:const )?\s*Code\w+\s*= "(\w+)"$`)

// TestCodesHaveRules checks that each code of lint has a rule.
func TestCodesHaveRules(t *testing.T) {
	files, err := filepath.Glob("lint*.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	for _, file := range files {
		for _, found := range codeConstant.FindAllStringSubmatch(readDocument(t, file), -1) {
			codes++
			if rule := RuleOf(found[1]); rule.Summary == "" {
				t.Errorf("Rules has no rule for the code %s", found[1])
			}
		}
	}
	if codes < 14 {
		t.Errorf("found %d codes, want 14 or more", codes)
	}
}

// TestRulesAreDocumented compares the rules with the tables of docs/kubectl-atoll.md and
// docs/status.md, and checks that the pages of the rules exist.
func TestRulesAreDocumented(t *testing.T) {
	table := "| code | is | what it reports |\n|---|---|---|\n"
	for i := range ownRules {
		r := &ownRules[i]
		row := fmt.Sprintf("| %s | %s | %s", r.Code, severities(r), r.Summary)
		if r.Page != "" {
			row += fmt.Sprintf(" ([more](%s))", r.Page)
		}
		table += row + " |\n"
	}
	if plugin := readDocument(t, "../../../docs/kubectl-atoll.md"); !strings.Contains(plugin, "\n\n"+table+"\n") {
		t.Errorf("docs/kubectl-atoll.md does not have the table of the rules:\n%s", table)
	}
	status := readDocument(t, "../../../docs/status.md")
	for i := range reasonRules {
		if row := fmt.Sprintf("\n| %s | %s | ", reasonRules[i].Code, reasonRules[i].Summary); !strings.Contains(status, row) {
			t.Errorf("docs/status.md has no row %q", row)
		}
	}
	headings := map[string]string{}
	for i := range Rules {
		page, anchor, _ := strings.Cut(Rules[i].Help(), "#")
		if headings[page] == "" {
			headings[page] = strings.ToLower(readDocument(t, "../../../docs/"+page))
		}
		if !strings.Contains(headings[page], "\n## "+strings.ReplaceAll(anchor, "-", " ")+"\n") {
			t.Errorf("the rule %s names %s, which is no heading", Rules[i].Code, Rules[i].Help())
		}
	}
}

func severities(r *Rule) string {
	switch {
	case r.Errors && r.Warnings:
		return "both"
	case r.Errors:
		return "error"
	}
	return "warning"
}

func readDocument(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
