// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package manifests_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"
)

// TestAggregatedRoles checks what Atoll adds to Kubernetes' built-in roles. A Topology
// decides about isolation and about the pods of all members, and routes and Gateways publish
// a service, so that editors may not write them.
func TestAggregatedRoles(t *testing.T) {
	const read, write = "get list watch", "create delete deletecollection get list patch update watch"
	editor := []string{"atoll.dev/microservices/scale: get patch update", "atoll.dev/microservices: " + write}
	want := map[string][]string{
		"view": {
			"atoll.dev/microservices/status: " + read, "atoll.dev/microservices: " + read,
			"atoll.dev/topologies/status: " + read, "atoll.dev/topologies: " + read},
		"edit":  editor,
		"admin": append(slices.Clone(editor), "atoll.dev/topologies: "+write),
	}
	got := map[string][]string{}
	for _, role := range objectsOf[rbacv1.ClusterRole](t, filepath.Join(config, "default"), "ClusterRole") {
		for label, value := range role.Labels {
			if to, aggregates := strings.CutPrefix(label, "rbac.authorization.k8s.io/aggregate-to-"); aggregates && value == "true" {
				got[to] = append(got[to], grants(role.Rules)...)
			}
		}
	}
	for to := range got {
		slices.Sort(got[to])
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// grants returns what rules permit, as group/resource: verbs.
func grants(rules []rbacv1.PolicyRule) []string {
	var all []string
	for i := range rules {
		rule := &rules[i]
		verbs := strings.Join(sorted(rule.Verbs), " ")
		for _, url := range rule.NonResourceURLs {
			all = append(all, url+": "+verbs)
		}
		for _, group := range rule.APIGroups {
			for _, resource := range rule.Resources {
				all = append(all, fmt.Sprintf("%s/%s: %s%s", group, resource, verbs, strings.Join(rule.ResourceNames, ",")))
			}
		}
	}
	return all
}

// TestManagerRolesAreBound checks that each ClusterRole of role.yaml, which the markers of
// setup.go generate, is bound to the manager: in all namespaces by config/default, and in its
// namespaces alone by config/namespaced.
func TestManagerRolesAreBound(t *testing.T) {
	var generated []string
	text, err := os.ReadFile(filepath.Join(config, "rbac", "role.yaml"))
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
		for _, binding := range objectsOf[rbacv1.ClusterRoleBinding](t, folder, "ClusterRoleBinding") {
			if slices.ContainsFunc(binding.Subjects, isManager) {
				bound = append(bound, binding.RoleRef.Name)
			}
		}
		return bound
	}
	others := []string{"atoll-metrics-auth-role"}
	if got, want := sorted(clusterWide(filepath.Join(config, "default"))), sorted(append(others, generated...)); !slices.Equal(got, want) {
		t.Errorf("config/default binds %v, want %v", got, want)
	}
	if got, want := sorted(clusterWide(filepath.Join(config, "namespaced"))), sorted(append(others, "atoll-cluster-reader-role")); !slices.Equal(got, want) {
		t.Errorf("config/namespaced binds %v in all namespaces, want %v", got, want)
	}
	var inShop []string
	for _, binding := range objectsOf[rbacv1.RoleBinding](t, filepath.Join(config, "namespaced"), "RoleBinding") {
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
	if err := os.CopyFS(copied, os.DirFS(config)); err != nil {
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
	for _, p := range objectsOf[policy](t, filepath.Join(copied, "default"), "ValidatingAdmissionPolicy") {
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
