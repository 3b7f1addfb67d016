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

// TestAwaitedBehind checks what a first rollout waits for with startup: WaitForAll.
func TestAwaitedBehind(t *testing.T) {
	down := func(name string, callees ...string) *v1alpha1.Microservice {
		return service(name, callees...).is(metav1.ConditionFalse, v1alpha1.ReasonProgressing, "").Microservice
	}
	up := func(name string, callees ...string) *v1alpha1.Microservice {
		return service(name, callees...).Microservice
	}
	waiting := func(policy v1alpha1.StartupPolicy, callees ...string) *v1alpha1.Microservice {
		ms := down("load", callees...)
		for i := range ms.Spec.Dependencies {
			ms.Spec.Dependencies[i].Startup = policy
		}
		return ms
	}
	// web of the caller's namespace calls ledger of another one.
	in := func(caller string, ms *v1alpha1.Microservice) *v1alpha1.Microservice {
		if caller == "" {
			ms.Namespace = "books"
			return ms
		}
		ms.Spec.Dependencies[0].Namespace = "books"
		return ms
	}
	unknown, known := down("ledger"), down("ledger")
	unknown.Spec.Access = []v1alpha1.AccessRule{{Name: "web", Namespace: "shop"}}
	known.Spec.Access = []v1alpha1.AccessRule{{Name: "web", Namespace: "shop"}, {Name: "load", Namespace: "shop"}}
	optional := up("web", "orders", "report")
	optional.Spec.Dependencies[1].Optional = ptr.To(true)
	for name, tc := range map[string]struct {
		caller *v1alpha1.Microservice
		others []*v1alpha1.Microservice
		want   []string
	}{
		"all are ready":                                            {waiting(v1alpha1.StartupWaitForAll, "web"), []*v1alpha1.Microservice{up("web", "orders"), up("orders")}, nil},
		"one far behind":                                           {waiting(v1alpha1.StartupWaitForAll, "web"), []*v1alpha1.Microservice{up("web", "orders"), up("orders", "users"), down("users")}, []string{"users"}},
		"two, one of them twice":                                   {waiting(v1alpha1.StartupWaitForAll, "web", "orders"), []*v1alpha1.Microservice{up("web", "orders", "users"), up("orders", "users", "stock"), down("users"), down("stock")}, []string{"users", "stock"}},
		"the dependency itself is no matter":                       {waiting(v1alpha1.StartupWaitForAll, "web"), []*v1alpha1.Microservice{down("web")}, nil},
		"an optional one":                                          {waiting(v1alpha1.StartupWaitForAll, "web"), []*v1alpha1.Microservice{optional, up("orders"), down("report")}, nil},
		"one that requires the caller":                             {waiting(v1alpha1.StartupWaitForAll, "web"), []*v1alpha1.Microservice{up("web", "orders", "users"), down("orders", "load"), down("users")}, []string{"users"}},
		"one that does not exist":                                  {waiting(v1alpha1.StartupWaitForAll, "web", "gone"), []*v1alpha1.Microservice{up("web", "nowhere")}, nil},
		"one that permits the caller, in another namespace":        {waiting(v1alpha1.StartupWaitForAll, "web"), []*v1alpha1.Microservice{in("web", up("web", "ledger")), in("", known)}, []string{"books/ledger"}},
		"one of another namespace that does not permit the caller": {waiting(v1alpha1.StartupWaitForAll, "web"), []*v1alpha1.Microservice{in("web", up("web", "ledger")), in("", unknown)}, []string{"what web requires"}},
		"Wait": {waiting(v1alpha1.StartupWait, "web"), []*v1alpha1.Microservice{up("web", "orders"), down("orders")}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			all := slices.Concat(tc.others, []*v1alpha1.Microservice{tc.caller})
			services := Services{MemberOf: TopologyOf, Find: func(namespace, name string) *v1alpha1.Microservice {
				at := slices.IndexFunc(all, func(ms *v1alpha1.Microservice) bool { return ms.Namespace == namespace && ms.Name == name })
				if at < 0 {
					return nil
				}
				// The cache returns another copy each time.
				return all[at].DeepCopy()
			}}
			if got := AwaitedBehind(tc.caller, services); !slices.Equal(got, tc.want) {
				t.Errorf("it waits for %v, want %v", got, tc.want)
			}
		})
	}
}
