// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resource"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// TestGatewayClassPatch lets kustomize apply the patch to a Topology.
func TestGatewayClassPatch(t *testing.T) {
	topology := kustomized(t, "patches:\n- target: {kind: Topology}\n  patch: "+gatewayClassPatch("my-class")+"\n",
		"apiVersion: atoll.dev/v1alpha1\nkind: Topology\nmetadata: {name: shop}\nspec: {gateway: {className: traefik, dataPlane: {}}}\n")
	class, err := topology.GetString("spec.gateway.className")
	if err != nil || class != "my-class" {
		t.Errorf("the class is %q (%v), want my-class", class, err)
	}
	fields, err := topology.Map()
	if err != nil {
		t.Fatal(err)
	}
	gateway := fields["spec"].(map[string]any)["gateway"].(map[string]any)
	if dataPlane, found := gateway["dataPlane"]; found {
		t.Errorf("the pods of the former class are still named: %v", dataPlane)
	}
}

// TestPublicPortPatch lets kustomize apply the patch to the operator's Deployment.
func TestPublicPortPatch(t *testing.T) {
	for gatewayURL, want := range map[string]string{
		"http://127.0.0.1:8080":         "--leader-elect --public-ports=80=8080",
		"http://shop.example.com":       "--leader-elect",
		"http://shop.example.com:80":    "--leader-elect",
		"https://shop.example.com:8443": "--leader-elect",
		"":                              "--leader-elect",
	} {
		patch, err := publicPortPatch(gatewayURL)
		if err != nil {
			t.Fatal(err)
		}
		deployment := kustomized(t, "namePrefix: atoll-\n"+strings.ReplaceAll(patch, "atoll-controller-manager", "controller-manager"),
			"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: controller-manager}\nspec: {template: {spec: {containers: [{name: manager, args: [--leader-elect]}]}}}\n")
		args, err := deployment.GetSlice("spec.template.spec.containers")
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, arg := range args[0].(map[string]any)["args"].([]any) {
			got = append(got, arg.(string))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: the arguments are %q, want %q", gatewayURL, got, want)
		}
	}
	if _, err := publicPortPatch("http://a b"); err == nil {
		t.Error("a URL that can't be read is accepted")
	}
}

// kustomized returns a resource as kustomize builds it with further lines of a kustomization.
func kustomized(t *testing.T, lines, text string) *resource.Resource {
	t.Helper()
	files := filesys.MakeFsInMemory()
	for name, content := range map[string]string{"kustomization.yaml": "resources: [resource.yaml]\n" + lines, "resource.yaml": text} {
		if err := files.WriteFile("/"+name, []byte(content)); err != nil {
			t.Fatal(err)
		}
	}
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, "/")
	if err != nil {
		t.Fatal(err)
	}
	return built.Resources()[0]
}

func TestDescribeApplied(t *testing.T) {
	names := "namespace/shop\ntopology.atoll.dev/shop\nmicroservice.atoll.dev/orders\nmicroservice.atoll.dev/users\n"
	const want = "applied 4 objects: 1 namespace, 1 topology, 2 microservice"
	if got := describeApplied(names); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
