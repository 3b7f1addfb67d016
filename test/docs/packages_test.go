// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"regexp"
	"strings"
	"testing"
)

const module = "github.com/atoll-dev/atoll/"

var (
	nodes = regexp.MustCompile(`(\w+)\["([^"]+)"\]`)
	edges = regexp.MustCompile(`(?m)^  (\w+) --> (.+)$`)
)

// TestPackagesMatchTheirPicture checks that each package is in the picture of
// docs/design.md, and imports only packages to which its arrows lead.
func TestPackagesMatchTheirPicture(t *testing.T) {
	_, picture, _ := strings.Cut(read(t, "docs/design.md"), "flowchart BT\n")
	picture, _, found := strings.Cut(picture, "```")
	if !found {
		t.Fatal("docs/design.md has no picture of the packages")
	}
	nodeOf := map[string]string{}
	for _, node := range nodes.FindAllStringSubmatch(picture, -1) {
		for name := range strings.SplitSeq(node[2], ", ") {
			nodeOf[name] = node[1]
		}
	}
	arrows := map[string][]string{}
	for _, edge := range edges.FindAllStringSubmatch(nodes.ReplaceAllString(picture, "$1"), -1) {
		arrows[edge[1]] = append(arrows[edge[1]], strings.Split(edge[2], " & ")...)
	}
	listed := run(t, root, "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./api/...", "./internal/...", "./cmd/...")
	for line := range strings.Lines(listed) {
		packages := strings.Fields(line)
		importer := shortName(packages[0])
		from, known := nodeOf[importer]
		if !known {
			t.Errorf("the picture lacks package %s", importer)
			continue
		}
		for _, path := range packages[1:] {
			imported := shortName(path)
			if to, pictured := nodeOf[imported]; pictured && !leads(arrows, from, to) {
				t.Errorf("%s imports %s, to which no arrow leads", importer, imported)
			}
		}
	}
}

// shortName returns the path of a package as the picture has it.
func shortName(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "internal/")
}

// leads reports whether arrows lead from one node to another, or both are the same.
func leads(arrows map[string][]string, from, to string) bool {
	if from == to {
		return true
	}
	for _, next := range arrows[from] {
		if leads(arrows, next, to) {
			return true
		}
	}
	return false
}
