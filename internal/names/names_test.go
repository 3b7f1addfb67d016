// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package names

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TestRoute asks for names that differ where routes do, depend on nothing else, and can be
// no other Microservice's.
func TestRoute(t *testing.T) {
	long := "/" + strings.Repeat("segment/", 120)
	routes := map[string]v1alpha1.Route{
		"every path":         {},
		"the root":           {Path: "/", Headers: []v1alpha1.HeaderMatch{{Name: "X-Tenant", Value: "a"}}},
		"a path":             {Path: "/carts"},
		"a path of a host":   {Path: "/carts", Hostnames: []v1alpha1.Hostname{"a.example.com"}},
		"a path of a header": {Path: "/carts", Headers: []v1alpha1.HeaderMatch{{Name: "X-Tenant", Value: "a"}}},
		"two segments":       {Path: "/api/v1"},
		"a dash":             {Path: "/api-v1"},
		"upper case":         {Path: "/Carts"},
		"no letters":         {Path: "/~"},
		"a method":           {Path: "/shop.v1.Carts/Add"},
		"a long path":        {Path: long},
		"a longer path":      {Path: long + "x"},
	}
	seen := map[string]string{}
	for name, route := range routes {
		ms := &v1alpha1.Microservice{Spec: v1alpha1.MicroserviceSpec{Routes: []v1alpha1.Route{{Path: "/other"}, route}}}
		ms.Name = strings.Repeat("a", 40)
		got := Route(ms, 1)
		ms.Spec.Routes = []v1alpha1.Route{route}
		if alone := Route(ms, 0); alone != got {
			t.Errorf("%s: the route is %q, and %q beside another", name, alone, got)
		}
		if errs := validation.IsDNS1123Subdomain(got); len(errs) > 0 {
			t.Errorf("%s: the name %q is not valid: %v", name, got, errs)
		}
		if got != ms.Name && !strings.HasPrefix(got, ms.Name+".") {
			t.Errorf("%s: the name %q may be another Microservice's", name, got)
		}
		if other, taken := seen[got]; taken {
			t.Errorf("%s and %s are both named %q", name, other, got)
		}
		seen[got] = name
	}
	for name, want := range map[string]string{"every path": "orders", "a path": "orders.carts"} {
		ms := &v1alpha1.Microservice{Spec: v1alpha1.MicroserviceSpec{Routes: []v1alpha1.Route{routes[name]}}}
		ms.Name = "orders"
		if got := Route(ms, 0); got != want {
			t.Errorf("%s: the name is %q, want %q", name, got, want)
		}
	}
}
