// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/config/crd"
)

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

const container = `{name: sidecar, image: "shop:1",
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
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata: {name: proxy}
---
apiVersion: storage.k8s.io/v1
kind: StorageClass
metadata: {name: fast}
---
apiVersion: cert-manager.io/v1
kind: Issuer
metadata: {name: ca}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: root}
---
apiVersion: atoll.dev/v1alpha1
kind: Topology
metadata: {name: mall}
spec: {gateway: {className: proxy, tls: {issuerRef: {name: ca}}}}
---
apiVersion: atoll.dev/v1alpha1
kind: Topology
metadata: {name: fair}
spec: {gateway: {className: proxy, tls: {issuerRef: {kind: ClusterIssuer, name: root}}}}
---
apiVersion: atoll.dev/v1alpha1
kind: Topology
metadata: {name: shop}
spec:
  gateway: {ref: {name: edge}, tls: {secretName: keys}}
  defaults:
    database: {storageClassName: fast}
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
    storage: {storageClassName: fast}
    backup: {destination: {s3: {secretName: keys, staging: {storageClassName: fast}}, persistentVolumeClaim: {claimName: files}}}
    restore: {from: {s3: {secretName: keys, staging: {storageClassName: fast}}, persistentVolumeClaim: {claimName: files}}}
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
	renamed := []string{"settings", "keys", "files", "robot", "edge", "proxy", "fast", "ca", "root", "shop", "users", "orders"}
	for _, o := range build(t, memory, "/").Resources() {
		text, err := o.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(text)) {
			// name, and fields that end with it, are the only ones that name other objects here.
			field, value, _ := strings.Cut(strings.TrimLeft(line, " -"), ": ")
			named := strings.HasSuffix(strings.ToLower(field), "name") && slices.Contains(renamed, strings.Trim(strings.TrimSpace(value), `"`))
			if named || field == "image" && strings.Contains(value, "shop:1") {
				t.Errorf("%s %s keeps %s: %s", o.GetKind(), o.GetName(), field, strings.TrimSpace(value))
			}
		}
	}
}

// otherNames are the ends of fields that look like references and are none that kustomize can
// follow, with what they name.
var otherNames = map[string]string{
	"/env/name":                       "a variable",
	"/ports/name":                     "a port",
	"/headers/name":                   "a header",
	"/httpHeaders/name":               "a header",
	"/resources/claims/name":          "an entry of the pod's resourceClaims",
	"/fileKeyRef/volumeName":          "a volume of the pod",
	"/resourceFieldRef/containerName": "a container of the pod",
	"/sectionName":                    "a listener of a Gateway",
	"/metric/name":                    "a metric",
	"/resource/name":                  "a metric",
	"/containerResource/name":         "a metric",
	"/describedObject/name":           "an object of any kind, and a list of kustomize is about one kind",
}

// TestReferencesAreComplete checks that kustomizeconfig.yaml has every field of the schemas
// that names another object or an image. A new field must be in it, or in otherNames.
func TestReferencesAreComplete(t *testing.T) {
	settings, err := filesys.MakeFsOnDisk().ReadFile(filepath.Join(config, "samples", "kustomizeconfig.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	used := map[string]bool{}
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
			if end := otherName(path); !isReference(path) || end != "" {
				used[end] = true
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
	for end := range otherNames {
		if !used[end] {
			t.Errorf("no field ends in %s", end)
		}
	}
}

// isReference reports whether a field looks like the name of an object, or like an image.
func isReference(path string) bool {
	field := strings.ToLower(path[strings.LastIndexByte(path, '/')+1:])
	return strings.HasSuffix(field, "name") || strings.HasSuffix(field, "image")
}

// otherName returns the entry of otherNames that a field has, and is empty where it has none.
func otherName(path string) string {
	for end := range otherNames {
		if strings.HasSuffix(path, end) {
			return end
		}
	}
	return ""
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
