// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TestDegraded checks which services are ready while something that they depend on is not.
func TestDegraded(t *testing.T) {
	optional := service("report", "orders")
	optional.Spec.Dependencies[0].Optional = ptr.To(true)
	// Its pods serve, and Atoll has not observed its latest change.
	changing := service("stock").Microservice
	changing.Generation = 7
	services := []*v1alpha1.Microservice{
		service("web", "payments").Microservice, service("payments", "orders").Microservice, service("orders", "users").Microservice,
		service("users").is(metav1.ConditionFalse, v1alpha1.ReasonCrashLooping, v1alpha1.ConditionStalled).Microservice,
		optional.Microservice, changing, service("bill", "stock").Microservice, service("stray", "nowhere", "stock").Microservice, service("pair", "twin").Microservice, service("twin", "pair").Microservice,
	}
	g := Build("shop", services, TopologyOf, nil)
	for name, want := range map[string]State{
		"users": StateStalled, "orders": StateDegraded, "payments": StateDegraded, "web": StateDegraded,
		"report": StateReady, "stock": StateReconciling, "bill": StateReady, "pair": StateReady, "twin": StateReady,
	} {
		if got := g.Node(name).Health; got != want {
			t.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	find := Services{MemberOf: TopologyOf, Find: func(_, name string) *v1alpha1.Microservice {
		at := slices.IndexFunc(services, func(ms *v1alpha1.Microservice) bool { return ms.Name == name })
		if at < 0 {
			return nil
		}
		return services[at]
	}}
	for _, ms := range services {
		n := g.Node(ms.Name)
		if degraded := serves(ms) && PathToDown(ms, find) != nil; degraded != (n.Health == StateDegraded) {
			t.Errorf("%s is %s, and a path to a service that is down: %t", ms.Name, n.Health, degraded)
		}
	}
	for name, want := range map[string]string{
		"orders": "It is Ready, but users, which it calls, is not ready",
		"web":    "It is Ready, but a dependency of payments, which it calls, is not ready",
	} {
		if n := g.Node(name); n.Message != want {
			t.Errorf("%s says %s", name, n.Message)
		}
	}
	if callers := TransitiveCallers(g.Node("orders")); len(callers) != 2 {
		t.Errorf("%d services need orders, want payments and web", len(callers))
	}
	if calls := OptionalCallsTo(g.Node("orders")); len(calls) != 1 || calls[0].From != "report" {
		t.Errorf("the optional calls are %v", calls)
	}
}
