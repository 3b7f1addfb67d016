// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	fences     = regexp.MustCompile("(?ms)^```.*?^```")
	codeSpans  = regexp.MustCompile("`[^`\n]*`")
	links      = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	headings   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInSlugs = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	makeCalls  = regexp.MustCompile("(?m)(?:^    |`)make ((?:[a-z0-9-]+ ?)+)")
	targets    = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)
)

// TestLinksResolve checks that each link to a file names one that exists, and each link to a
// heading names a heading of that file.
func TestLinksResolve(t *testing.T) {
	for _, document := range documents(t) {
		text := codeSpans.ReplaceAllString(fences.ReplaceAllString(read(t, document), ""), "")
		for _, link := range links.FindAllStringSubmatch(text, -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			path, anchor, _ := strings.Cut(link[1], "#")
			target := document
			if path != "" {
				target = filepath.Join(filepath.Dir(document), path)
			}
			if matches, _ := filepath.Glob(filepath.Join(root, target)); len(matches) == 0 {
				t.Errorf("%s: the link %s names no file", document, link[1])
				continue
			}
			if anchor != "" && strings.HasSuffix(target, ".md") && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s: the link %s names no heading of %s", document, link[1], target)
			}
		}
	}
}

// TestMakeTargetsExist checks that the documents name only targets that the Makefile has.
func TestMakeTargetsExist(t *testing.T) {
	var known []string
	for _, target := range targets.FindAllStringSubmatch(read(t, "Makefile"), -1) {
		known = append(known, target[1])
	}
	for _, document := range documents(t) {
		for _, call := range makeCalls.FindAllStringSubmatch(read(t, document), -1) {
			for _, target := range strings.Fields(call[1]) {
				if !slices.Contains(known, target) {
					t.Errorf("%s: make %s: the Makefile has no such target", document, target)
				}
			}
		}
	}
}

// documents returns the paths of all Markdown files, relative to the root.
func documents(t *testing.T) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != "..":
			return filepath.SkipDir
		case strings.HasSuffix(path, ".md"):
			relative, err := filepath.Rel(root, path)
			found = append(found, relative)
			return err
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < 20 {
		t.Fatalf("found %d documents, want at least 20", len(found))
	}
	return found
}

// anchors returns the anchors that GitHub gives to the headings of a document.
func anchors(text string) []string {
	var all []string
	for _, heading := range headings.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
		slug := notInSlugs.ReplaceAllString(strings.ToLower(heading[1]), "")
		all = append(all, strings.ReplaceAll(slug, " ", "-"))
	}
	return all
}
