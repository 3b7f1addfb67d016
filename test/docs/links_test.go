// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var (
	fences     = regexp.MustCompile("(?ms)^```.*?^```")
	codeSpans  = regexp.MustCompile("`[^`\n]*`")
	links      = regexp.MustCompile(`(?m)\]\(([^)\s]+)\)|^\[[^\]]+\]: +(\S+)`)
	headings   = regexp.MustCompile(`(?m)^#+ (.*)$`)
	notInSlugs = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	makeCalls  = regexp.MustCompile("(?m)(?:^    |`)make ((?:[a-z0-9-]+ ?)+)")
	targets    = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)
)

// TestLinksResolve checks that each link to a file names one that exists, and each link to a
// heading names a heading of that file.
func TestLinksResolve(t *testing.T) {
	for _, document := range documents(t) {
		for _, link := range relativeLinks(read(t, document)) {
			target, anchor := resolve(document, link)
			if matches, _ := filepath.Glob(filepath.Join(root, target)); len(matches) == 0 {
				t.Errorf("%s: the link %s names no file", document, link)
				continue
			}
			if anchor != "" && strings.HasSuffix(target, ".md") && !slices.Contains(anchors(read(t, target)), anchor) {
				t.Errorf("%s: the link %s names no heading of %s", document, link, target)
			}
		}
	}
}

// TestDocumentsAreReachable checks that links lead from README.md or docs/README.md to every
// document in docs.
func TestDocumentsAreReachable(t *testing.T) {
	all := documents(t)
	pending := []string{"README.md", "docs/README.md"}
	reached := map[string]bool{}
	for len(pending) > 0 {
		document := pending[0]
		pending = pending[1:]
		if reached[document] || !slices.Contains(all, document) {
			continue
		}
		reached[document] = true
		for _, link := range relativeLinks(read(t, document)) {
			target, _ := resolve(document, link)
			pending = append(pending, target)
		}
	}
	for _, document := range all {
		if strings.HasPrefix(document, "docs/") && !reached[document] {
			t.Errorf("no link leads to %s; add one to docs/README.md", document)
		}
	}
}

// relativeLinks returns the links of a document that name no host.
func relativeLinks(text string) []string {
	var found []string
	text = codeSpans.ReplaceAllString(fences.ReplaceAllString(text, ""), "")
	for _, link := range links.FindAllStringSubmatch(text, -1) {
		if target := link[1] + link[2]; !strings.Contains(target, "://") {
			found = append(found, target)
		}
	}
	return found
}

// resolve returns the file to which a link of a document leads, relative to the root, and the anchor.
func resolve(document, link string) (target, anchor string) {
	path, anchor, _ := strings.Cut(link, "#")
	if path == "" {
		return document, anchor
	}
	return filepath.Join(filepath.Dir(document), path), anchor
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

// anchors returns the anchors that GitHub gives to the headings of a document. It numbers those
// of equal headings.
func anchors(text string) []string {
	var all []string
	seen := map[string]int{}
	for _, heading := range headings.FindAllStringSubmatch(fences.ReplaceAllString(text, ""), -1) {
		slug := notInSlugs.ReplaceAllString(strings.ToLower(heading[1]), "")
		slug = strings.ReplaceAll(slug, " ", "-")
		if seen[slug]++; seen[slug] > 1 {
			slug += "-" + strconv.Itoa(seen[slug]-1)
		}
		all = append(all, slug)
	}
	return all
}
