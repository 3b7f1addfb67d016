// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package config tests the manifests in config, without a cluster.
package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// build returns the objects of a kustomization, of a kind.
func build[T any](t *testing.T, folder, kind string) []T {
	t.Helper()
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	for _, resource := range built.Resources() {
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

// TestAggregatedRoles checks what Atoll adds to Kubernetes' built-in roles. A Topology
// decides about isolation and about the pods of all members, and routes and Gateways publish
// a service, so that editors may not write them.
func TestAggregatedRoles(t *testing.T) {
	want := map[string][]string{
		"aggregate-to-view":  {"microservices", "microservices/status", "topologies", "topologies/status"},
		"aggregate-to-edit":  {"microservices", "microservices/scale"},
		"aggregate-to-admin": {"microservices", "microservices/scale", "topologies"},
	}
	roles := build[rbacv1.ClusterRole](t, "../../config/default", "ClusterRole")
	for label, want := range want {
		var got []string
		for i := range roles {
			if roles[i].Labels["rbac.authorization.k8s.io/"+label] != "true" {
				continue
			}
			for _, rule := range roles[i].Rules {
				got = append(got, rule.Resources...)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", label, got, want)
		}
	}
}

// TestManagerRolesAreBound checks that each ClusterRole of role.yaml, which the markers of
// setup.go generate, is bound to the manager: in all namespaces by config/default, and in its
// namespaces alone by config/namespaced.
func TestManagerRolesAreBound(t *testing.T) {
	var generated []string
	text, err := os.ReadFile("../../config/rbac/role.yaml")
	if err != nil {
		t.Fatal(err)
	}
	for document := range strings.SplitSeq(string(text), "---\n") {
		role := &rbacv1.ClusterRole{}
		if err := yaml.Unmarshal([]byte(document), role); err != nil {
			t.Fatal(err)
		}
		if role.Name != "" {
			generated = append(generated, "atoll-"+role.Name)
		}
	}
	if len(generated) < 4 {
		t.Fatalf("role.yaml has %v", generated)
	}
	clusterWide := func(folder string) (bound []string) {
		for _, binding := range build[rbacv1.ClusterRoleBinding](t, folder, "ClusterRoleBinding") {
			if slices.ContainsFunc(binding.Subjects, isManager) {
				bound = append(bound, binding.RoleRef.Name)
			}
		}
		return bound
	}
	others := []string{"atoll-metrics-auth-role"}
	if got, want := sorted(clusterWide("../../config/default")), sorted(append(others, generated...)); !slices.Equal(got, want) {
		t.Errorf("config/default binds %v, want %v", got, want)
	}
	if got, want := sorted(clusterWide("../../config/namespaced")), sorted(append(others, "atoll-cluster-reader-role")); !slices.Equal(got, want) {
		t.Errorf("config/namespaced binds %v in all namespaces, want %v", got, want)
	}
	var inShop []string
	for _, binding := range build[rbacv1.RoleBinding](t, "../../config/namespaced", "RoleBinding") {
		if binding.Namespace == "shop" && slices.ContainsFunc(binding.Subjects, isManager) {
			inShop = append(inShop, binding.RoleRef.Name)
		}
	}
	if got, want := sorted(inShop), sorted(generated); !slices.Equal(got, want) {
		t.Errorf("config/namespaced binds %v in its namespace, want %v", got, want)
	}
}

// TestPoliciesNameTheOperator changes the namespace and the name prefix of the installation.
// The policies must name the operator's user all the same.
func TestPoliciesNameTheOperator(t *testing.T) {
	copied := t.TempDir()
	if err := os.CopyFS(copied, os.DirFS("../../config")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(copied, "default", "kustomization.yaml")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	changed := strings.NewReplacer("namespace: atoll-system", "namespace: platform", "namePrefix: atoll-", "namePrefix: team-").Replace(string(text))
	if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
		t.Fatal(err)
	}
	type policy struct {
		Metadata struct{ Name string }
		Spec     struct{ MatchConditions []struct{ Expression string } }
	}
	const wanted = `['system:serviceaccount', 'platform', 'team-controller-manager'].join(':')`
	var named []string
	for _, p := range build[policy](t, filepath.Join(copied, "default"), "ValidatingAdmissionPolicy") {
		for _, condition := range p.Spec.MatchConditions {
			if strings.Contains(condition.Expression, wanted) {
				named = append(named, p.Metadata.Name)
			} else if strings.Contains(condition.Expression, "system:serviceaccount'") {
				t.Errorf("%s names another user: %s", p.Metadata.Name, condition.Expression)
			}
		}
	}
	if want := []string{"team-host-access", "team-operator-scope"}; !slices.Equal(sorted(named), want) {
		t.Errorf("the operator is named by %v, want %v", named, want)
	}
}

func isManager(subject rbacv1.Subject) bool { return subject.Name == "atoll-controller-manager" }

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }
