// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"strings"
	"testing"
)

// TestPositions checks where a finding about a field points.
func TestPositions(t *testing.T) {
	const text = `# A comment before the object.
apiVersion: atoll.dev/v1alpha1
kind: Microservice
metadata:
  name: orders
  annotations:
    atoll.dev/isolation: audit
spec:
  image: &image ghcr.io/example/orders:1.4.0
  env:
  - name: FIRST
    value: a
  - {name: SECOND, value: ü, valueFrom: {}}
  ports: [{name: http, port: 80}]
  podTemplate:
    spec:
      containers:
      - name: orders
        env:
        - name: SIDE
          value: b
  probes: &probes
    readiness:
      httpGet: {path: /}
  scaling:
    <<: *probes
`
	for path, want := range map[string]Position{
		"":              {2, 1},
		"kind":          {3, 1},
		"metadata.name": {5, 3},
		"metadata.annotations[atoll.dev/isolation]": {7, 5},
		"metadata.annotations.atoll.dev/isolation":  {7, 5},
		"spec.image":                {9, 3},
		"spec.env[1]":               {13, 5},
		"spec.env[1].value":         {13, 20},
		"spec.env[1].valueFrom":     {13, 30},
		"spec.env[FIRST].value":     {12, 5},
		"spec.env[THIRD].value":     {10, 3},
		"spec.env[2].value":         {10, 3},
		"spec.env[].value":          {10, 3},
		"spec.ports[http].protocol": {14, 11},
		"spec.imagePullPolicy":      {8, 1},
		"spec.image.registry":       {9, 3},
		"spec.podTemplate: spec.containers[orders].env[SIDE]": {20, 11},
		"spec.podTemplate.spec.containers[0].image":           {18, 9},
		"spec.scaling.readiness.httpGet":                      {24, 7},
		"defaults.env of the Topology: env[SIDE]":             {2, 1},
	} {
		sources := sourcesOf(t, "shop.yaml", text)
		SetPositions(sources, func(string) []byte { return []byte(text) })
		if got := positionOf(sources[0].node, path); got != want {
			t.Errorf("%q is at %v, want %v", path, got, want)
		}
	}
}

// TestPositionsOfObjects checks which object of a file is which.
func TestPositionsOfObjects(t *testing.T) {
	object := func(name, namespace string) string {
		return "kind: Microservice\napiVersion: atoll.dev/v1alpha1\nmetadata: {name: " + name + namespace + "}\n"
	}
	for name, tc := range map[string]struct {
		// objects are those that were read, and text the file.
		objects, text string
		// want are the lines of the objects.
		want []int
	}{
		"several documents": {object("a", "") + "---\n" + object("b", ""), object("a", "") + "---\n# b\n" + object("b", ""), []int{1, 6}},
		"an object twice":   {object("a", "") + "---\n" + object("a", ""), object("a", "") + "---\n" + object("a", ""), []int{1, 5}},
		"one name in two namespaces": {object("a", "") + "---\n" + object("a", ", namespace: other"),
			object("a", ", namespace: other") + "---\n" + object("a", ""), []int{5, 1}},
		"Windows' ends of lines": {object("a", "") + "---\n" + object("b", ""), strings.ReplaceAll(object("a", "")+"---\n"+object("b", ""), "\n", "\r\n"), []int{1, 5}},
		"an empty document":      {object("a", ""), "---\n---\n" + object("a", ""), []int{3}},
		"JSON":                   {object("a", ""), "\n{\"kind\": \"Microservice\",\n\"metadata\": {\"name\": \"a\"}}\n", []int{2}},
		"a text that is no YAML": {object("a", "") + "---\n" + object("b", ""), object("a", "") + "---\na: b: c\n---\n" + object("b", ""), []int{1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			sources := sourcesOf(t, "shop.yaml", tc.objects)
			SetPositions(sources, func(string) []byte { return []byte(tc.text) })
			for i, want := range tc.want {
				if got := positionOf(sources[i].node, "").Line; got != want {
					t.Errorf("object %d is at line %d, want %d", i, got, want)
				}
			}
		})
	}
	t.Run("items of a list", func(t *testing.T) {
		sources := sourcesOf(t, "", object("b", ""))
		SetPositions(sources, func(string) []byte {
			return []byte("kind: List\napiVersion: v1\nitems:\n- kind: Microservice\n  metadata: {name: a}\n- kind: Microservice\n  metadata: {name: b}\n")
		})
		if got := positionOf(sources[0].node, ""); got != (Position{6, 3}) {
			t.Errorf("the object is at %v, want line 6, column 3", got)
		}
	})
	t.Run("a source that can't be read again", func(t *testing.T) {
		sources := sourcesOf(t, "https://example.com/a.yaml", object("a", ""))
		SetPositions(sources, func(string) []byte { return nil })
		if got := positionOf(sources[0].node, "kind"); got != (Position{}) {
			t.Errorf("the object is at %v, want no place", got)
		}
	})
}
