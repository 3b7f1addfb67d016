// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// TestVersionsAgree checks that every file that names the current release names the same one.
func TestVersionsAgree(t *testing.T) {
	version := ""
	for _, place := range []struct{ file, pattern string }{
		{"charts/atoll/Chart.yaml", `(?m)^version: (.*)$`},
		{"charts/atoll/Chart.yaml", `(?m)^appVersion: v(.*)$`},
		{"charts/atoll/README.md", `ghcr\.io/atoll-dev/atoll:v([0-9.]+)`},
		{"Makefile", `ghcr\.io/atoll-dev/atoll:v([0-9.]+)`},
		{"config/manager/kustomization.yaml", `newTag: v(.*)`},
		{"config/samples/gitops/argocd/atoll.yaml", `targetRevision: ([0-9.]+)`},
		{"config/samples/gitops/flux/operator/release.yaml", `tag: (.*)`},
		{"README.md", `releases/download/v([0-9.]+)/`},
		{"docs/ci.md", `\bv([0-9]+\.[0-9]+\.[0-9]+)\b`},
	} {
		text, err := os.ReadFile(filepath.Join("../..", place.file))
		if err != nil {
			t.Fatal(err)
		}
		matches := regexp.MustCompile(place.pattern).FindAllSubmatch(text, -1)
		if len(matches) == 0 {
			t.Errorf("%s has nothing like %s", place.file, place.pattern)
		}
		for _, match := range matches {
			if version == "" {
				version = string(match[1])
			}
			if string(match[1]) != version {
				t.Errorf("%s has %q, and charts/atoll/Chart.yaml has the version %s", place.file, match[0], version)
			}
		}
	}
}
