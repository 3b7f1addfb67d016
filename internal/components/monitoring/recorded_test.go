// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// TestHosts checks by which host names a dependency is known.
func TestHosts(t *testing.T) {
	same := &graph.Edge{Caller: withObjective(nil, nil).Microservice, Dependency: &v1alpha1.Dependency{Name: "users"}}
	other := &graph.Edge{Caller: same.Caller, Dependency: &v1alpha1.Dependency{Name: "users", Namespace: "accounts"}}
	for _, tc := range []struct {
		host        string
		same, other bool
	}{
		{host: "users", same: true},
		{host: "users:80", same: true},
		{host: "users.shop", same: true},
		{host: "users.shop.svc", same: true},
		{host: "users.shop.svc:80", same: true},
		{host: "users-headless.shop.svc.cluster.local", same: true},
		{host: "users.accounts", other: true},
		{host: "users-headless.accounts.svc", other: true},
		{host: "users-db"},
		{host: "users.shopping.svc"},
		{host: "more-users.shop.svc"},
		{host: "usersXshop"},
		{host: "users.shop.example.com"},
	} {
		for edge, want := range map[*graph.Edge]bool{same: tc.same, other: tc.other} {
			if got := regexp.MustCompile("^(?:" + hosts(edge) + ")$").MatchString(tc.host); got != want {
				t.Errorf("%s as %q of a caller in shop: got %t", tc.host, edge.Dependency.Namespace, got)
			}
		}
	}
}

// TestRecordedRequests checks of which services what is recorded.
func TestRecordedRequests(t *testing.T) {
	all := &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{Monitoring: &v1alpha1.Monitoring{
		Record:          []v1alpha1.RecordedRequests{v1alpha1.RecordRequests, v1alpha1.RecordCalls, v1alpha1.RecordGatewayRequests},
		GatewayRequests: &v1alpha1.RequestMetrics{Series: []v1alpha1.LabelPattern{{Label: "a", Pattern: "b"}}},
	}}}
	plain := withObjective(nil, all)
	routed := withObjective(nil, all)
	routed.Microservice.Spec.Routes = []v1alpha1.Route{{}}
	calling := withObjective(nil, all)
	calling.Edges = []graph.Edge{{Caller: calling.Microservice, Dependency: &v1alpha1.Dependency{Name: "users"}}}
	worker := withObjective(nil, all)
	worker.Microservice.Spec.Type, worker.Edges = v1alpha1.WorkloadWorker, calling.Edges
	noRules := withObjective(nil, all)
	noRules.MissingCRDs = map[string]bool{PrometheusRuleCRD: true}
	for name, tc := range map[string]struct {
		in   *inputs.Inputs
		want []string
	}{
		"requests":                           {in: plain, want: []string{"atoll.shop.orders"}},
		"a route":                            {in: routed, want: []string{"atoll.shop.orders", "atoll.shop.orders.gateway"}},
		"a dependency":                       {in: calling, want: []string{"atoll.shop.orders", "atoll.shop.orders.calls"}},
		"pods that nothing scrapes":          {in: worker},
		"no PrometheusRules":                 {in: noRules},
		"a Topology that records nothing":    {in: withObjective(nil, &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{Monitoring: &v1alpha1.Monitoring{}}})},
		"a Topology without monitoring":      {in: withObjective(nil, &v1alpha1.Topology{})},
		"an objective, with its own records": {in: withObjective(&v1alpha1.ServiceLevelObjective{Availability: "50", Window: "7d"}, all), want: []string{"atoll.shop.orders", "atoll.shop.orders.warning"}},
	} {
		objects, err := PrometheusRules(tc.in)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range objects {
			groups, _, _ := unstructured.NestedSlice(o.(*unstructured.Unstructured).Object, "spec", "groups")
			for _, group := range groups {
				got = append(got, group.(map[string]any)["name"].(string))
			}
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s: (-want +got):\n%s", name, diff)
		}
	}
}
