// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package manifests_test builds the kustomizations in config and checks what comes out.
package manifests_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/config/crd"
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

// overlay is a kustomization that renames everything, generates what the services refer to
// and sets every image.
const overlay = `
configurations: [kustomizeconfig.yaml]
namePrefix: dev-
resources: [objects.yaml]
configMapGenerator: [{name: settings, literals: [a=b]}]
secretGenerator: [{name: keys, literals: [a=b]}]
images: [{name: shop, newTag: "2"}]
`

// pods is a podTemplate with every kind of reference.
const pods = `{spec: {
      imagePullSecrets: [{name: keys}],
      volumes: [
        {name: a, configMap: {name: settings}}, {name: b, secret: {secretName: keys}}, {name: c, persistentVolumeClaim: {claimName: files}},
        {name: d, projected: {sources: [{configMap: {name: settings}}, {secret: {name: keys}}]}}],
      containers: [@container@], initContainers: [@container@]}}`

const container = `{name: proxy, image: "shop:1",
        env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: a}}}, {name: B, valueFrom: {secretKeyRef: {name: keys, key: a}}}],
        envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: keys}}]}`

const objects = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: files}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: robot}
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge}
---
apiVersion: atoll.dev/v1alpha1
kind: Topology
metadata: {name: shop}
spec:
  gateway: {ref: {name: edge}, tls: {secretName: keys}}
  defaults:
    env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: a}}}, {name: B, valueFrom: {secretKeyRef: {name: keys, key: a}}}]
    imagePullSecrets: [{name: keys}]
    podTemplate: @pods@
---
apiVersion: atoll.dev/v1alpha1
kind: Microservice
metadata: {name: users}
---
apiVersion: atoll.dev/v1alpha1
kind: Microservice
metadata: {name: orders}
spec:
  image: "shop:1"
  topologyRef: {name: shop}
  serviceAccount: {name: robot}
  dependencies: [{name: users}]
  access: [{name: users}]
  routes: [{path: /, parentRefs: [{name: edge}]}]
  env: [{name: A, valueFrom: {configMapKeyRef: {name: settings, key: a}}}, {name: B, valueFrom: {secretKeyRef: {name: keys, key: a}}}]
  envFrom: [{configMapRef: {name: settings}}, {secretRef: {name: keys}}]
  imagePullSecrets: [{name: keys}]
  podTemplate: @pods@
  database:
    image: "shop:1"
    migration: {image: "shop:1"}
    external: {secretName: keys}
    backup: {destination: {s3: {secretName: keys}, persistentVolumeClaim: {claimName: files}}}
    restore: {from: {s3: {secretName: keys}, persistentVolumeClaim: {claimName: files}}}
`

// TestReferencesFollow checks that kustomize renames every reference and sets every image of
// Microservices and Topologies.
func TestReferencesFollow(t *testing.T) {
	text := strings.ReplaceAll(strings.ReplaceAll(objects, "@pods@", pods), "@container@", container)
	disk, memory := filesys.MakeFsOnDisk(), filesys.MakeFsInMemory()
	settings, err := disk.ReadFile(filepath.Join(config, "samples", "kustomizeconfig.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"kustomization.yaml": overlay, "objects.yaml": text, "kustomizeconfig.yaml": string(settings)} {
		if err := memory.WriteFile("/"+name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	for _, o := range build(t, memory, "/").Resources() {
		text, err := o.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			// name, and fields like it, are the only ones that name other objects here.
			field, value, _ := strings.Cut(strings.TrimLeft(line, " -"), ": ")
			value = strings.Trim(strings.TrimSpace(value), `"`)
			named := slices.Contains([]string{"name", "secretName", "claimName"}, field) && slices.Contains([]string{"settings", "keys", "files", "robot", "edge", "shop", "users", "orders"}, value)
			if named || field == "image" && value == "shop:1" {
				t.Errorf("%s %s keeps %s: %s", o.GetKind(), o.GetName(), field, value)
			}
		}
	}
}

// TestReferencesAreComplete checks that kustomizeconfig.yaml has every field of the schemas
// that names another object or an image.
func TestReferencesAreComplete(t *testing.T) {
	settings, err := filesys.MakeFsOnDisk().ReadFile(filepath.Join(config, "samples", "kustomizeconfig.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for kind, file := range map[string]string{"Microservice": "atoll.dev_microservices.yaml", "Topology": "atoll.dev_topologies.yaml"} {
		text, err := crd.Bases.ReadFile("bases/" + file)
		if err != nil {
			t.Fatal(err)
		}
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.UnmarshalStrict(text, &definition); err != nil {
			t.Fatal(err)
		}
		spec := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["spec"]
		references := 0
		for _, path := range fields("spec", &spec) {
			if !isReference(path) {
				continue
			}
			references++
			if !strings.Contains(string(settings), "{path: "+path+", group: atoll.dev, kind: "+kind+"}") {
				t.Errorf("kustomizeconfig.yaml lacks %s of a %s", path, kind)
			}
		}
		if references < 5 {
			t.Errorf("a %s has %d references, want at least 5", kind, references)
		}
	}
}

// isReference reports whether a field names an image, or another object that a
// kustomization may contain.
func isReference(path string) bool {
	for _, end := range []string{
		"/image", "/secretName", "/claimName", "/configMapKeyRef/name", "/secretKeyRef/name", "/configMapRef/name", "/secretRef/name",
		"/imagePullSecrets/name", "/serviceAccount/name", "/topologyRef/name", "spec/dependencies/name", "spec/access/name", "/parentRefs/name", "/gateway/ref/name",
	} {
		if strings.HasSuffix(path, end) {
			return true
		}
	}
	return false
}

// fields returns the paths of all fields that have no fields of their own.
func fields(path string, schema *apiextensionsv1.JSONSchemaProps) []string {
	var all []string
	for name, property := range schema.Properties {
		all = append(all, fields(path+"/"+name, &property)...)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		all = append(all, fields(path, schema.Items.Schema)...)
	}
	if len(all) == 0 {
		return []string{path}
	}
	return all
}
