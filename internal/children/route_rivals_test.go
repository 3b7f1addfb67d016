/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package children_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/children"
)

// contender is a service with one route, as old as its minutes.
func contender(name string, minutes int, route v1alpha1.Route, change ...func(*children.Contender)) children.Contender {
	ms := &v1alpha1.Microservice{}
	ms.Namespace, ms.Name = "shop", name
	ms.CreationTimestamp = metav1.NewTime(time.Unix(1e9, 0).Add(-time.Duration(minutes) * time.Minute))
	ms.Spec.Routes = []v1alpha1.Route{route}
	topology := &v1alpha1.Topology{}
	topology.Namespace, topology.Name = "shop", "shop"
	topology.Spec.Gateway = &v1alpha1.TopologyGateway{ClassName: "any", Hostnames: []v1alpha1.Hostname{"shop.example.com", "www.example.com"}}
	c := children.Contender{Microservice: ms, Topology: topology}
	for _, f := range change {
		f(&c)
	}
	return c
}

// served gives a service the live routes that it would have without rivals.
func served(c *children.Contender) {
	wanted, err := children.Build(&children.Inputs{Microservice: c.Microservice, Topology: c.Topology})
	if err != nil {
		panic(err)
	}
	for _, w := range wanted {
		if w.Kind.Condition == v1alpha1.ConditionRoutesReady {
			c.Routes = append(c.Routes, w.Objects...)
		}
	}
}

func TestRivals(t *testing.T) {
	orders := v1alpha1.Route{Path: "/orders"}
	both := []string{"shop.example.com: wins", "www.example.com: wins"}
	neither := []string{"shop.example.com: loses", "www.example.com: loses"}
	for name, test := range map[string]struct {
		mine, other children.Contender
		// want says of each host what becomes of the other one.
		want []string
	}{
		"the older has it":                  {contender("b", 1, orders), contender("a", 2, orders), both},
		"the younger has it not":            {contender("b", 2, orders), contender("a", 1, orders), neither},
		"as old, by name":                   {contender("b", 1, orders), contender("a", 1, orders), both},
		"as old, by name, the other way":    {contender("a", 1, orders), contender("b", 1, orders), neither},
		"who serves it keeps it":            {contender("a", 2, orders), contender("b", 1, orders, served), both},
		"both serve it":                     {contender("a", 2, orders, served), contender("b", 1, orders, served), neither},
		"I serve it":                        {contender("b", 1, orders, served), contender("a", 2, orders), neither},
		"serving another path is not it":    {contender("a", 2, orders), contender("b", 1, v1alpha1.Route{Path: "/old"}, served, func(c *children.Contender) { c.Microservice.Spec.Routes[0] = orders }), neither},
		"a '/' at the end":                  {contender("b", 1, orders), contender("a", 2, v1alpha1.Route{Path: "/orders/"}), both},
		"another path":                      {contender("b", 1, orders), contender("a", 2, v1alpha1.Route{Path: "/orders/new"}), nil},
		"every path":                        {contender("b", 1, v1alpha1.Route{}), contender("a", 2, v1alpha1.Route{Path: "/"}), both},
		"one host of two":                   {contender("b", 1, orders), contender("a", 2, v1alpha1.Route{Path: "/orders", Hostnames: []v1alpha1.Hostname{"www.example.com"}}), both[1:]},
		"a wildcard is another host":        {contender("b", 1, orders), contender("a", 2, v1alpha1.Route{Path: "/orders", Hostnames: []v1alpha1.Hostname{"*.example.com"}}), nil},
		"headers in another order and case": {contender("b", 1, headed("x-a", "1", "X-B", "2")), contender("a", 2, headed("x-b", "2", "X-A", "1")), both},
		"other headers":                     {contender("b", 1, headed("x-a", "1")), contender("a", 2, headed("x-a", "2")), nil},
		"at another Gateway":                {contender("b", 1, orders), contender("a", 2, v1alpha1.Route{Path: "/orders", ParentRefs: []v1alpha1.GatewayReference{{Name: "internal"}}}), nil},
		"at another listener": {contender("b", 1, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "shop", SectionName: "http"}}}),
			contender("a", 2, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "shop", SectionName: "https"}}}), nil},
		"at every listener": {contender("b", 1, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "shop", SectionName: "http"}}}), contender("a", 2, v1alpha1.Route{}), both},
		"at two Gateways, told once": {contender("b", 1, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "one"}, {Name: "two"}}}),
			contender("a", 2, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "one"}, {Name: "two"}}}), both},
		"another namespace's": {contender("b", 1, orders), contender("a", 2, orders, func(c *children.Contender) { c.Microservice.Namespace = "elsewhere" }), both},
		"one that goes": {contender("b", 1, orders), contender("a", 2, orders, func(c *children.Contender) {
			c.Microservice.DeletionTimestamp = &metav1.Time{Time: time.Unix(1e9, 0)}
		}), nil},
		"one that the Gateway does not let in": {contender("b", 1, orders), contender("a", 2, orders, func(c *children.Contender) {
			c.Admits = func(string, string) bool { return false }
		}), nil},
		"one without a Gateway": {contender("b", 1, orders), contender("a", 2, orders, func(c *children.Contender) { c.Topology = nil }), nil},
		"a gRPC method":         {contender("a", 2, v1alpha1.Route{Path: "/pkg.Orders/Get"}, grpc), contender("b", 1, v1alpha1.Route{Path: "/pkg.Orders/Get"}, grpc, served), both},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, rival := range children.RivalsOf(&test.mine, []children.Contender{test.other}) {
				if rival.Namespace != test.other.Microservice.Namespace || rival.Name != test.other.Microservice.Name {
					t.Errorf("names %s/%s", rival.Namespace, rival.Name)
				}
				fate := "loses"
				if rival.Wins {
					fate = "wins"
				}
				got = append(got, string(rival.Hostname)+": "+fate)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Error(diff)
			}
			if test.other.Microservice.DeletionTimestamp != nil {
				return
			}
			// Both ends come to the same.
			for _, rival := range children.RivalsOf(&test.other, []children.Contender{test.mine}) {
				if i := strings.Join(got, " "); rival.Wins == strings.Contains(i, string(rival.Hostname)+": wins") {
					t.Errorf("both or neither have %q", rival.Hostname)
				}
			}
		})
	}
}

func grpc(c *children.Contender) {
	c.Microservice.Spec.Ports = []v1alpha1.Port{{Name: "grpc", Port: 9000, Protocol: v1alpha1.ProtocolGRPC}}
}

// headed is a route with headers, given as names and values.
func headed(pairs ...string) v1alpha1.Route {
	route := v1alpha1.Route{}
	for i := 0; i < len(pairs); i += 2 {
		route.Headers = append(route.Headers, v1alpha1.HeaderMatch{Name: pairs[i], Value: pairs[i+1]})
	}
	return route
}

func TestConflictingRoutes(t *testing.T) {
	mine := contender("b", 1, v1alpha1.Route{Path: "/orders"})
	mine.Microservice.Spec.Routes = append(mine.Microservice.Spec.Routes, v1alpha1.Route{Path: "/free"}, v1alpha1.Route{Path: "/half"})
	whole := contender("a", 2, v1alpha1.Route{Path: "/orders"})
	half := contender("c", 2, v1alpha1.Route{Path: "/half", Hostnames: []v1alpha1.Hostname{"www.example.com"}}, func(c *children.Contender) { c.Microservice.Namespace = "guests" })
	gateway := &gatewayv1.Gateway{}
	in := &children.Inputs{Microservice: mine.Microservice, Topology: mine.Topology,
		Rivals: children.RivalsOf(&mine, []children.Contender{whole, half}), Gateways: map[string]*gatewayv1.Gateway{"shop/shop": gateway}}
	wanted, err := children.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]gatewayv1.Hostname{}
	for _, w := range wanted {
		for _, o := range w.Objects {
			if route, ok := o.(*gatewayv1.HTTPRoute); ok {
				got[route.Name] = route.Spec.Hostnames
			}
		}
	}
	want := map[string][]gatewayv1.Hostname{"b-1": {"shop.example.com", "www.example.com"}, "b-2": {"shop.example.com"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	wantURLs := []string{"http://shop.example.com/free", "http://www.example.com/free", "http://shop.example.com/half"}
	if diff := cmp.Diff(wantURLs, children.URLs(in)); diff != "" {
		t.Error(diff)
	}
	h := children.RouteConflictHealth(in)
	wantMessage := `Another service has what routes claim: shop.example.com/orders (routes[0]; Microservice "a"), www.example.com/orders (routes[0]; Microservice "a"), ` +
		`www.example.com/half (routes[2]; Microservice "c" of namespace "guests"); change path, hostnames or headers of one of the two`
	if h == nil || !h.Stalled || h.Message != wantMessage {
		t.Errorf("got %+v", h)
	}
}
