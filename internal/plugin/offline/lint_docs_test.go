// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var codeConstant = regexp.MustCompile(`(?m)^(?:const )?\s*Code\w+\s*= "(\w+)"$`)

// TestCodesAreDocumented looks for each code of lint in the table of docs/kubectl-atoll.md.
func TestCodesAreDocumented(t *testing.T) {
	docs, err := os.ReadFile("../../../docs/kubectl-atoll.md")
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("lint*.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := 0
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range codeConstant.FindAllStringSubmatch(string(source), -1) {
			codes++
			if !strings.Contains(string(docs), "\n| "+found[1]+" | ") {
				t.Errorf("docs/kubectl-atoll.md has no row for the code %s", found[1])
			}
		}
	}
	if codes < 14 {
		t.Errorf("found %d codes, want 14 or more", codes)
	}
}
