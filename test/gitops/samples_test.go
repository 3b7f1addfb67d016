// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"

	"github.com/atoll-dev/atoll/config/crd"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

const shop = samples + "/gitops/shop"

// overlays are the environments of the shop, with their namespaces.
var overlays = map[string]string{"staging": "shop-staging", "production": "shop"}

// TestShopCopies checks that the base of the shop has the files of config/samples.
func TestShopCopies(t *testing.T) {
	for _, path := range glob(t, filepath.Join(samples, "*.yaml")) {
		if name := filepath.Base(path); name != "kustomization.yaml" {
			compareOrUpdate(t, filepath.Join(shop, "base", name), read(t, path))
		}
	}
}

// TestKustomizationsBuild checks that each kustomization of the samples builds.
func TestKustomizationsBuild(t *testing.T) {
	found := 0
	err := filepath.WalkDir(filepath.Join(samples, "gitops"), func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.Name() != "kustomization.yaml" {
			return err
		}
		found++
		t.Run(filepath.Dir(path), func(t *testing.T) {
			if resources := build(t, filesys.MakeFsOnDisk(), filepath.Dir(path)); len(resources) == 0 {
				t.Error("no objects")
			}
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found < 6 {
		t.Errorf("found %d kustomizations, want at least 6", found)
	}
}

// TestNamesFollow adds a prefix and a hash to the names of an overlay, and checks that the
// references to them follow, and that the images have the tag of the overlay.
func TestNamesFollow(t *testing.T) {
	for environment := range overlays {
		files := inMemory(t, shop)
		withHashes(t, files)
		if err := files.WriteFile("/dev/kustomization.yaml", []byte("namePrefix: dev-\nresources: [../overlays/"+environment+"]\n"+
			"images: [{name: ghcr.io/atoll-dev/orders, newTag: v9}]\n")); err != nil {
			t.Fatal(err)
		}
		resources := build(t, files, "/dev")
		var settings string
		names := map[string]bool{}
		services, dependencies := 0, 0
		for _, o := range resources {
			names[o.GetKind()+"/"+o.GetName()] = true
			if o.GetKind() == "ConfigMap" {
				settings = o.GetName()
			}
		}
		if !regexp.MustCompile(`^dev-shop-settings-[a-z0-9]{10}$`).MatchString(settings) {
			t.Errorf("%s: the ConfigMap is %q, want it with the prefix and a hash", environment, settings)
		}
		for _, o := range resources {
			if o.GetKind() != "Microservice" {
				continue
			}
			fields := fieldsOf(t, o)
			if name, _, _ := unstructured.NestedString(fields, "spec", "topologyRef", "name"); !names["Topology/"+name] {
				t.Errorf("%s: topologyRef of %s is %q, and no Topology has this name", environment, o.GetName(), name)
			}
			sources, _, _ := unstructured.NestedSlice(fields, "spec", "envFrom")
			if len(sources) != 1 || sources[0].(map[string]any)["configMapRef"].(map[string]any)["name"] != settings {
				t.Errorf("%s: envFrom of %s is %v, want ConfigMap %s", environment, o.GetName(), sources, settings)
			}
			services++
			callees, _, _ := unstructured.NestedSlice(fields, "spec", "dependencies")
			for _, callee := range callees {
				dependencies++
				if name, _ := callee.(map[string]any)["name"].(string); !names["Microservice/"+name] {
					t.Errorf("%s: %s depends on %q, and no Microservice has this name", environment, o.GetName(), name)
				}
			}
			image, _, _ := unstructured.NestedString(fields, "spec", "image")
			if o.GetName() == "dev-orders" && image != "ghcr.io/atoll-dev/orders:v9" {
				t.Errorf("%s: the image of %s is %s", environment, o.GetName(), image)
			}
		}
		if services != 3 || dependencies != 2 {
			t.Errorf("%s: found %d services with %d dependencies, want 3 with 2", environment, services, dependencies)
		}
	}
}

// withHashes makes kustomize add hashes to the names of ConfigMaps, which the samples turn off.
func withHashes(t *testing.T, files filesys.FileSystem) {
	t.Helper()
	const without = "disableNameSuffixHash: true"
	found := 0
	for _, folder := range []string{"base", "overlays/staging", "overlays/production"} {
		path := "/" + folder + "/kustomization.yaml"
		text, err := files.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found += strings.Count(string(text), without)
		if err := files.WriteFile(path, []byte(strings.ReplaceAll(string(text), without, "immutable: false"))); err != nil {
			t.Fatal(err)
		}
	}
	if found != 2 {
		t.Errorf("%s is there %d times, want 2", without, found)
	}
}

// TestShop checks what the overlays consist of: valid objects in one namespace, which no tool
// prunes; waves in which no object waits for a later one; and a ConfigMap with a fixed name.
func TestShop(t *testing.T) {
	schemas, err := offline.NewSchemas(crd.Bases)
	if err != nil {
		t.Fatal(err)
	}
	for environment, namespace := range overlays {
		waves := map[string]string{"Namespace": "-2", "Topology": "-1"}
		var sources []offline.Source
		seen := map[string]int{}
		for _, o := range build(t, filesys.MakeFsOnDisk(), filepath.Join(shop, "overlays", environment)) {
			seen[o.GetKind()]++
			annotations := o.GetAnnotations()
			if got := annotations["argocd.argoproj.io/sync-wave"]; got != waves[o.GetKind()] {
				t.Errorf("%s: %s %s is in wave %q, want %q", environment, o.GetKind(), o.GetName(), got, waves[o.GetKind()])
			}
			switch o.GetKind() {
			case "Namespace":
				if o.GetName() != namespace {
					t.Errorf("%s: the Namespace is %s, want %s", environment, o.GetName(), namespace)
				}
				checkKept(t, environment, annotations)
				continue
			case "ConfigMap":
				if o.GetName() != "shop-settings" {
					t.Errorf("%s: the ConfigMap is %s: old pods need the one that they began with", environment, o.GetName())
				}
			}
			if o.GetNamespace() != namespace {
				t.Errorf("%s: %s %s is in namespace %q, want %q", environment, o.GetKind(), o.GetName(), o.GetNamespace(), namespace)
			}
			if strings.HasPrefix(o.GetApiVersion(), "atoll.dev/") {
				sources = append(sources, offline.Source{Object: &unstructured.Unstructured{Object: fieldsOf(t, o)}})
			}
		}
		if seen["Microservice"] != 3 || seen["Topology"] != 1 || seen["ConfigMap"] != 1 || seen["Namespace"] != 1 {
			t.Errorf("%s: the objects are %v", environment, seen)
		}
		findings, checked := offline.Validate(t.Context(), schemas, sources)
		for i := range findings {
			t.Errorf("%s: %s", environment, findings[i].String())
		}
		if checked != 4 {
			t.Errorf("%s: checked %d objects, want 4", environment, checked)
		}
	}
}

// TestTestdataIsValid checks the objects of testdata against the CRDs.
func TestTestdataIsValid(t *testing.T) {
	schemas, err := offline.NewSchemas(crd.Bases)
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range append(glob(t, customizations+"/*/testdata/*.yaml"), glob(t, customizations+"/*/actions/testdata/*.yaml")...) {
		object := &unstructured.Unstructured{Object: readObject(t, path)}
		findings, checked := offline.Validate(t.Context(), schemas, []offline.Source{{Object: object}})
		if checked != 1 {
			t.Errorf("%s was not checked", path)
		}
		for i := range findings {
			t.Errorf("%s: %s", path, findings[i].String())
		}
	}
}

// TestApplications checks the options that docs/gitops.md gives reasons for, and that the paths in
// the repository exist.
func TestApplications(t *testing.T) {
	paths, found := 0, map[string]int{}
	for _, o := range slices.Concat(build(t, filesys.MakeFsOnDisk(), samples+"/gitops/argocd"), build(t, filesys.MakeFsOnDisk(), samples+"/gitops/flux")) {
		found[o.GetKind()]++
		fields := fieldsOf(t, o)
		path, inGit, _ := unstructured.NestedString(fields, "spec", "source", "path")
		switch o.GetKind() {
		case "Application":
			options, _, _ := unstructured.NestedStringSlice(fields, "spec", "syncPolicy", "syncOptions")
			for _, option := range []string{"ServerSideApply=true", "PruneLast=true"} {
				if !slices.Contains(options, option) {
					t.Errorf("Application %s lacks %s", o.GetName(), option)
				}
			}
		case "Kustomization":
			path, inGit, _ = unstructured.NestedString(fields, "spec", "path")
			for _, field := range []string{"wait", "prune"} {
				if set, _, _ := unstructured.NestedBool(fields, "spec", field); !set {
					t.Errorf("Kustomization %s lacks %s", o.GetName(), field)
				}
			}
			after, _, _ := unstructured.NestedSlice(fields, "spec", "dependsOn")
			if want := []any{map[string]any{"name": "atoll"}}; o.GetName() != "atoll" && !reflect.DeepEqual(after, want) {
				t.Errorf("Kustomization %s depends on %v, want the operator", o.GetName(), after)
			}
		}
		if inGit {
			paths++
			if _, err := os.Stat(filepath.Join(root, path, "kustomization.yaml")); err != nil {
				t.Errorf("%s %s: %v", o.GetKind(), o.GetName(), err)
			}
		}
	}
	if paths != 5 || found["Application"] != 3 || found["Kustomization"] != 3 {
		t.Errorf("found %d paths in %v, want 5 in 3 Applications and 3 Kustomizations", paths, found)
	}
}

func checkKept(t *testing.T, environment string, annotations map[string]string) {
	t.Helper()
	for name, want := range map[string]string{"argocd.argoproj.io/sync-options": "Prune=false,Delete=false", "kustomize.toolkit.fluxcd.io/prune": "disabled"} {
		if got := annotations[name]; got != want {
			t.Errorf("%s: the Namespace has %s=%q, want %q", environment, name, got, want)
		}
	}
}

func build(t *testing.T, files filesys.FileSystem, folder string) []*resource.Resource {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, folder)
	if err != nil {
		t.Fatal(err)
	}
	return built.Resources()
}

// inMemory copies a folder.
func inMemory(t *testing.T, folder string) filesys.FileSystem {
	t.Helper()
	files := filesys.MakeFsInMemory()
	err := filepath.WalkDir(folder, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		relative, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		return files.WriteFile("/"+relative, []byte(read(t, path)))
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// fieldsOf returns the fields of an object as the API machinery reads them.
func fieldsOf(t *testing.T, o *resource.Resource) map[string]any {
	t.Helper()
	path := filepath.Join(t.TempDir(), "object.yaml")
	text, err := o.AsYAML()
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return readObject(t, path)
}
