// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TestResolveEarlier asks for the calls that only the status has, and that are permitted.
func TestResolveEarlier(t *testing.T) {
	service := func(name string) *v1alpha1.Microservice {
		ms := &v1alpha1.Microservice{}
		ms.Namespace, ms.Name = "shop", name
		ms.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: "shop"}
		ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80}, {Name: "admin", Port: 9090}}
		return ms
	}
	const foreign = "foreign"
	existing := map[string]*v1alpha1.Microservice{"users": service("users"), "stock": service("stock"), foreign: service(foreign)}
	finds := 0
	services := Services{
		Find: func(_, name string) *v1alpha1.Microservice {
			finds++
			return existing[name]
		},
		MemberOf: func(ms *v1alpha1.Microservice) string {
			if ms.Name == foreign {
				return "elsewhere/other"
			}
			return "shop/shop"
		},
	}
	call := func(name string, ports ...string) v1alpha1.DependencyCall {
		return v1alpha1.DependencyCall{Name: name, Ports: ports}
	}
	for name, tc := range map[string]struct {
		spec   []v1alpha1.Dependency
		status []v1alpha1.DependencyCall
		// want are the ports by callee.
		want  map[string][]string
		finds int
	}{
		"nothing":                     {nil, nil, map[string][]string{}, 0},
		"what the spec has too":       {[]v1alpha1.Dependency{{Name: "users"}}, []v1alpha1.DependencyCall{call("users", "http")}, map[string][]string{}, 0},
		"a removed dependency":        {[]v1alpha1.Dependency{{Name: "users"}}, []v1alpha1.DependencyCall{call("users", "http"), call("stock", "http")}, map[string][]string{"stock": {"http"}}, 1},
		"a removed port":              {[]v1alpha1.Dependency{{Name: "users"}}, []v1alpha1.DependencyCall{call("users", "http", "admin")}, map[string][]string{"users": {"admin"}}, 1},
		"one that permits it no more": {nil, []v1alpha1.DependencyCall{call(foreign, "http")}, map[string][]string{}, 1},
		"one that is gone":            {nil, []v1alpha1.DependencyCall{call("gone", "http")}, map[string][]string{}, 1},
		"a call without ports":        {nil, []v1alpha1.DependencyCall{call("users")}, map[string][]string{}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			caller := service("orders")
			caller.Spec.Dependencies, caller.Status.Calls = tc.spec, &v1alpha1.Calls{Dependencies: tc.status}
			edges := Resolve(caller, services)
			finds = 0
			got := map[string][]string{}
			for _, e := range ResolveEarlier(caller, edges, services) {
				for _, port := range e.Ports() {
					got[e.Callee.Name] = append(got[e.Callee.Name], port.Name)
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("earlier calls (-want +got):\n%s", diff)
			}
			if finds != tc.finds {
				t.Errorf("%d services were looked up, want %d", finds, tc.finds)
			}
		})
	}
}
