// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifests_test builds the kustomizations in config and checks what comes out.
package manifests_test

import (
	"path/filepath"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

const config = "../../config"

// build builds a kustomization.
func build(t *testing.T, files filesys.FileSystem, path string) resmap.ResMap {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, path)
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// objectsOf returns the objects of a kustomization on disk that have a kind.
func objectsOf[T any](t *testing.T, folder, kind string) []T {
	t.Helper()
	var all []T
	for _, resource := range build(t, filesys.MakeFsOnDisk(), folder).Resources() {
		if resource.GetKind() != kind {
			continue
		}
		text, err := resource.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var o T
		if err := yaml.Unmarshal(text, &o); err != nil {
			t.Fatal(err)
		}
		all = append(all, o)
	}
	return all
}

// TestKeptByGitOps checks that no GitOps tool deletes what holds data.
func TestKeptByGitOps(t *testing.T) {
	keep := map[string]string{"argocd.argoproj.io/sync-options": "Prune=false,Delete=false", "kustomize.toolkit.fluxcd.io/prune": "disabled"}
	for path, kind := range map[string]string{"samples": "Namespace", "crd": "CustomResourceDefinition", "default": "CustomResourceDefinition"} {
		found := 0
		for _, o := range build(t, filesys.MakeFsOnDisk(), filepath.Join(config, path)).Resources() {
			if o.GetKind() != kind {
				continue
			}
			found++
			for name, value := range keep {
				if got := o.GetAnnotations()[name]; got != value {
					t.Errorf("%s %s of config/%s has annotation %s=%q, want %q", kind, o.GetName(), path, name, got, value)
				}
			}
		}
		if found == 0 {
			t.Errorf("config/%s has no %s", path, kind)
		}
	}
}
