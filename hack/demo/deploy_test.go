// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// TestGatewayClassPatch lets kustomize apply the patch to a Topology.
func TestGatewayClassPatch(t *testing.T) {
	files := filesys.MakeFsInMemory()
	for name, text := range map[string]string{
		"kustomization.yaml": "resources: [topology.yaml]\npatches:\n- target: {kind: Topology}\n  patch: " + gatewayClassPatch("my-class") + "\n",
		"topology.yaml":      "apiVersion: atoll.dev/v1alpha1\nkind: Topology\nmetadata: {name: shop}\nspec: {gateway: {className: traefik, dataPlane: {}}}\n",
	} {
		if err := files.WriteFile("/"+name, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/")
	if err != nil {
		t.Fatal(err)
	}
	class, err := built.Resources()[0].GetString("spec.gateway.className")
	if err != nil || class != "my-class" {
		t.Errorf("the class is %q (%v), want my-class", class, err)
	}
	topology, err := built.Resources()[0].Map()
	if err != nil {
		t.Fatal(err)
	}
	gateway := topology["spec"].(map[string]any)["gateway"].(map[string]any)
	if dataPlane, found := gateway["dataPlane"]; found {
		t.Errorf("the pods of the former class are still named: %v", dataPlane)
	}
}
