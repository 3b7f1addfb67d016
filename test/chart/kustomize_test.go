// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// TestSameObjects checks that the chart installs the objects that kustomize installs.
func TestSameObjects(t *testing.T) {
	cases := map[string]struct {
		release release
		folder  string
		// changes are pairs of old and new text in the kustomizations.
		changes []string
	}{
		"the defaults are config/default": {release: defaultRelease(""), folder: "default"},
		"namespaces are config/namespaced": {
			release: defaultRelease("namespaces: [shop]"), folder: "namespaced"},
		"names and namespace follow the release": {
			release: release{name: "atoll-2", namespace: "platform"}, folder: "default",
			changes: []string{"namespace: atoll-system", "namespace: platform", "namePrefix: atoll-", "namePrefix: atoll-2-"}},
		"a release of another name has the chart's name too": {
			release: release{name: "team", namespace: "platform"}, folder: "default",
			changes: []string{"namespace: atoll-system", "namespace: platform", "namePrefix: atoll-", "namePrefix: team-atoll-"}},
		// kustomize itself writes a namespace like 123 without quotes.
		"names may look like numbers": {
			release: release{name: "7", namespace: "platform", values: "fullnameOverride: '7'"}, folder: "default",
			changes: []string{"namespace: atoll-system", "namespace: platform", "namePrefix: atoll-", "namePrefix: 7-"}},
		"metrics are config/prometheus and config/network-policy": {
			release: defaultRelease("metrics: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, networkPolicy: {enabled: true}}"), folder: "default",
			changes: []string{"# - ../prometheus", "- ../prometheus", "# - ../network-policy", "- ../network-policy"}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			want := normalised(kustomization(t, c.folder, c.changes))
			got := normalised(c.release.objects(t))
			if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
				t.Errorf("objects (-kustomize +chart):\n%s", diff)
			}
			for id := range want {
				if diff := cmp.Diff(want[id], got[id]); got[id] != nil && diff != "" {
					t.Errorf("%s (-kustomize +chart):\n%s", id, diff)
				}
			}
		})
	}
}

// TestInstallManifest checks that dist/install.yaml has the objects of the chart.
func TestInstallManifest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "dist", "install.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(normalised(parse(t, string(text))), normalised(defaultRelease("").objects(t))); diff != "" {
		t.Errorf("(-dist/install.yaml +chart):\n%s", diff)
	}
}

// kustomization returns the objects of a folder of config after changes of its text.
func kustomization(t *testing.T, folder string, changes []string) []object {
	t.Helper()
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS(filepath.Join(root, "config"))); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(copied, folder, "kustomization.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(changes); i += 2 {
		if !strings.Contains(string(text), changes[i]) {
			t.Fatalf("%s has no %q", path, changes[i])
		}
		text = []byte(strings.ReplaceAll(string(text), changes[i], changes[i+1]))
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), filepath.Join(copied, folder))
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := built.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	return parse(t, string(manifest))
}

// chartLabels are labels that differ between kustomize and Helm.
var chartLabels = []string{
	"app.kubernetes.io/instance", "app.kubernetes.io/managed-by", "app.kubernetes.io/name", "app.kubernetes.io/version", "helm.sh/chart"}

// clusterScoped are kinds that kustomize gives a namespace, because it does not know them.
var clusterScoped = []string{"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}

// normalised returns the objects by kind, namespace and name, without what must differ: the
// labels of the object itself that name the installing tool, and the Namespace, which
// helm install --create-namespace creates.
func normalised(objects []object) map[string]object {
	all := map[string]object{}
	for _, o := range objects {
		kind, metadata := o["kind"].(string), o["metadata"].(object)
		if kind == "Namespace" {
			continue
		}
		if slices.Contains(clusterScoped, kind) {
			delete(metadata, "namespace")
		}
		if labels, ok := metadata["labels"].(object); ok {
			for _, label := range chartLabels {
				delete(labels, label)
			}
			if len(labels) == 0 {
				delete(metadata, "labels")
			}
		}
		joinLines(o)
		namespace, _ := metadata["namespace"].(string)
		all[kind+" "+namespace+"/"+metadata["name"].(string)] = o
	}
	return all
}

// joinLines removes empty lines from all texts in a value. kustomize writes one more than it read
// into some folded expressions.
func joinLines(value any) any {
	switch v := value.(type) {
	case string:
		return emptyLines.ReplaceAllString(v, "\n")
	case []any:
		for i := range v {
			v[i] = joinLines(v[i])
		}
	case object:
		for key := range v {
			v[key] = joinLines(v[key])
		}
	}
	return value
}

var emptyLines = regexp.MustCompile(`\n\n+`)
