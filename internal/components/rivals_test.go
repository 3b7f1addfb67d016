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

package components_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// contender is a service with one route, as old as its minutes.
func contender(name string, minutes int, route v1alpha1.Route, change ...func(*routes.Contender)) routes.Contender {
	ms := &v1alpha1.Microservice{}
	ms.Namespace, ms.Name = "shop", name
	ms.CreationTimestamp = metav1.NewTime(time.Unix(1e9, 0).Add(-time.Duration(minutes) * time.Minute))
	ms.Spec.Routes = []v1alpha1.Route{route}
	topology := &v1alpha1.Topology{}
	topology.Namespace, topology.Name = "shop", "shop"
	topology.Spec.Gateway = &v1alpha1.TopologyGateway{ClassName: "any", Hostnames: []v1alpha1.Hostname{"shop.example.com", "www.example.com"}}
	c := routes.Contender{Microservice: ms, Topology: topology}
	for _, f := range change {
		f(&c)
	}
	return c
}

// served gives a service the live routes that it would have without rivals.
func served(c *routes.Contender) {
	built, err := components.Build(&inputs.Inputs{Microservice: c.Microservice, Topology: c.Topology})
	if err != nil {
		panic(err)
	}
	for _, w := range built.Components {
		if w.Component.Condition == v1alpha1.ConditionRoutesReady {
			c.Routes = append(c.Routes, w.Objects...)
		}
	}
}

func TestRivals(t *testing.T) {
	orders := v1alpha1.Route{Path: "/orders"}
	both := []string{"shop.example.com: wins", "www.example.com: wins"}
	neither := []string{"shop.example.com: loses", "www.example.com: loses"}
	for name, test := range map[string]struct {
		mine, other routes.Contender
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
		"serving another path is not it":    {contender("a", 2, orders), contender("b", 1, v1alpha1.Route{Path: "/old"}, served, func(c *routes.Contender) { c.Microservice.Spec.Routes[0] = orders }), neither},
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
		"at two Gateways": {contender("b", 1, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "one"}, {Name: "two"}}}),
			contender("a", 2, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "one"}, {Name: "two"}}}),
			[]string{"shop.example.com: wins", "shop.example.com: wins", "www.example.com: wins", "www.example.com: wins"}},
		"of two that serve it the older route": {contender("b", 1, orders, served, since(5)), contender("a", 2, orders, served, since(4)), neither},
		"serving it with a header is not it": {
			contender("a", 2, headed("x", "1"), served, func(c *routes.Contender) { c.Microservice.Spec.Routes[0] = v1alpha1.Route{} }), contender("b", 1, v1alpha1.Route{}, served), both},
		"a route that somebody made in its name": {contender("b", 1, orders), contender("a", 0, orders, served, func(c *routes.Contender) {
			c.Routes[0].SetOwnerReferences(nil)
		}), neither},
		"one that can't be made": {contender("b", 1, orders), contender("a", 2, v1alpha1.Route{Path: "/orders", Rewrite: "/"}, grpc), nil},
		"another namespace's":    {contender("b", 1, orders), contender("a", 2, orders, func(c *routes.Contender) { c.Microservice.Namespace = "elsewhere" }), both},
		"one that goes": {contender("b", 1, orders), contender("a", 2, orders, func(c *routes.Contender) {
			c.Microservice.DeletionTimestamp = &metav1.Time{Time: time.Unix(1e9, 0)}
		}), nil},
		"one that the Gateway does not let in": {contender("b", 1, orders), contender("a", 2, orders, func(c *routes.Contender) {
			c.Admits = func(string, string, v1alpha1.Hostname) bool { return false }
		}), nil},
		"one whose other route can't be made": {contender("b", 1, orders), contender("a", 2, orders, func(c *routes.Contender) {
			c.Microservice.Spec.Routes = append(c.Microservice.Spec.Routes, v1alpha1.Route{Path: "/y", ParentRefs: []v1alpha1.GatewayReference{{Name: "closed"}}})
			c.Admits = func(gateway, _ string, _ v1alpha1.Hostname) bool { return gateway != "shop/closed" }
		}), both},
		"one that another of its Gateways does not let in": {
			contender("b", 1, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "open"}}}),
			contender("a", 2, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "open"}, {Name: "closed"}}}, func(c *routes.Contender) {
				c.Admits = func(gateway, _ string, _ v1alpha1.Hostname) bool { return gateway != "shop/closed" }
			}), nil},
		"one without a Gateway": {contender("b", 1, orders), contender("a", 2, orders, func(c *routes.Contender) { c.Topology = nil }), nil},
		"a gRPC method":         {contender("a", 2, v1alpha1.Route{Path: "/pkg.Orders/Get"}, grpc), contender("b", 1, v1alpha1.Route{Path: "/pkg.Orders/Get"}, grpc, served), both},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, rival := range routes.RivalsOf(&test.mine, []routes.Contender{test.other}) {
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
			for _, rival := range routes.RivalsOf(&test.other, []routes.Contender{test.mine}) {
				if i := strings.Join(got, " "); rival.Wins == strings.Contains(i, string(rival.Hostname)+": wins") {
					t.Errorf("both or neither have %q", rival.Hostname)
				}
			}
		})
	}
}

// since sets how many minutes a service's routes are there.
func since(minutes int) func(c *routes.Contender) {
	return func(c *routes.Contender) {
		for _, o := range c.Routes {
			o.SetCreationTimestamp(metav1.NewTime(time.Unix(1e9, 0).Add(-time.Duration(minutes) * time.Minute)))
		}
	}
}

func grpc(c *routes.Contender) {
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
	half := contender("c", 2, v1alpha1.Route{Path: "/half", Hostnames: []v1alpha1.Hostname{"www.example.com"}}, func(c *routes.Contender) { c.Microservice.Namespace = "guests" })
	gateway := &gatewayv1.Gateway{}
	in := &inputs.Inputs{Microservice: mine.Microservice, Topology: mine.Topology,
		Rivals: routes.RivalsOf(&mine, []routes.Contender{whole, half}), Gateways: map[string]*gatewayv1.Gateway{"shop/shop": gateway}}
	built, err := components.Build(in)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][]gatewayv1.Hostname{}
	for _, w := range built.Components {
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
	if diff := cmp.Diff(wantURLs, routes.URLs(in)); diff != "" {
		t.Error(diff)
	}
	h := routes.RouteConflictHealth(in)
	wantMessage := `routes[0]: shop.example.com/orders already belongs to Microservice "a"; routes[0]: www.example.com/orders already belongs to Microservice "a"; ` +
		`routes[2]: www.example.com/half already belongs to Microservice "c" of namespace "guests": give one of the two another path, hostname or header`
	if h == nil || !h.Stalled || h.Message.String() != wantMessage {
		t.Errorf("got %+v", h)
	}
}

func TestConflictAtOneOfTwoGateways(t *testing.T) {
	at := func(gateways ...string) v1alpha1.Route {
		route := v1alpha1.Route{Path: "/x", Hostnames: []v1alpha1.Hostname{"h.example.com", "i.example.com"}}
		for _, gateway := range gateways {
			route.ParentRefs = append(route.ParentRefs, v1alpha1.GatewayReference{Name: gateway})
		}
		return route
	}
	for name, test := range map[string]struct {
		other     v1alpha1.Route
		gateways  []gatewayv1.ObjectName
		hostnames []gatewayv1.Hostname
	}{
		"all of it at one":     {at("two"), []gatewayv1.ObjectName{"one"}, []gatewayv1.Hostname{"h.example.com", "i.example.com"}},
		"all of it at the one": {at("one"), []gatewayv1.ObjectName{"two"}, []gatewayv1.Hostname{"h.example.com", "i.example.com"}},
		"a host at one": {v1alpha1.Route{Path: "/x", Hostnames: []v1alpha1.Hostname{"h.example.com"}, ParentRefs: []v1alpha1.GatewayReference{{Name: "two"}}},
			[]gatewayv1.ObjectName{"one", "two"}, []gatewayv1.Hostname{"i.example.com"}},
		"a host at both": {v1alpha1.Route{Path: "/x", Hostnames: []v1alpha1.Hostname{"h.example.com"}, ParentRefs: []v1alpha1.GatewayReference{{Name: "one"}, {Name: "two"}}},
			[]gatewayv1.ObjectName{"one", "two"}, []gatewayv1.Hostname{"i.example.com"}},
		"all of it at both": {at("one", "two"), nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			mine, other := contender("b", 1, at("one", "two")), contender("a", 2, test.other)
			built, err := components.Build(&inputs.Inputs{Microservice: mine.Microservice, Rivals: routes.RivalsOf(&mine, []routes.Contender{other})})
			if err != nil {
				t.Fatal(err)
			}
			var gateways []gatewayv1.ObjectName
			var hostnames []gatewayv1.Hostname
			for _, w := range built.Components {
				for _, o := range w.Objects {
					if route, ok := o.(*gatewayv1.HTTPRoute); ok {
						hostnames = route.Spec.Hostnames
						for _, parent := range route.Spec.ParentRefs {
							gateways = append(gateways, parent.Name)
						}
					}
				}
			}
			if diff := cmp.Diff(test.gateways, gateways) + cmp.Diff(test.hostnames, hostnames); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestOneHolder is about three services that claim the same: a loser is told of the
// one that has it.
func TestOneHolder(t *testing.T) {
	orders := v1alpha1.Route{Path: "/orders", Hostnames: []v1alpha1.Hostname{"shop.example.com"}}
	mine := contender("c", 1, orders)
	for _, others := range [][]routes.Contender{
		{contender("a", 3, orders), contender("b", 2, orders)}, {contender("b", 2, orders), contender("a", 3, orders)},
	} {
		var has []string
		for _, rival := range routes.RivalsOf(&mine, others) {
			if rival.Wins {
				has = append(has, rival.Name)
			}
		}
		if diff := cmp.Diff([]string{"a"}, has); diff != "" {
			t.Errorf("who has it (-want +got):\n%s", diff)
		}
	}
}

// TestHeldRival is about a service of which nothing is made any more, as its Topology
// refuses it: the route that it has goes on getting the requests.
func TestHeldRival(t *testing.T) {
	orders := v1alpha1.Route{Path: "/orders", Hostnames: []v1alpha1.Hostname{"shop.example.com"}}
	mine := contender("b", 2, orders)
	for name, tc := range map[string]struct {
		other routes.Contender
		want  int
	}{
		"its route is there":     {contender("a", 1, orders, served), 1},
		"it has none":            {contender("a", 3, orders), 0},
		"it has one for another": {contender("a", 3, v1alpha1.Route{Path: "/old", Hostnames: orders.Hostnames}, served), 0},
	} {
		tc.other.Held = true
		if got := routes.RivalsOf(&mine, []routes.Contender{tc.other}); len(got) != tc.want || tc.want > 0 && !got[0].Wins {
			t.Errorf("%s: rivals are %+v, want %d", name, got, tc.want)
		}
	}
}

// TestRefusedRoute is about a service of which one Gateway lets in one route, and
// another does not let in the other one.
func TestRefusedRoute(t *testing.T) {
	for name, ports := range map[string][]v1alpha1.Port{"HTTP": nil, "gRPC": {{Name: "grpc", Port: 50051, Protocol: v1alpha1.ProtocolGRPC}}} {
		c := contender("a", 2, v1alpha1.Route{})
		c.Microservice.Spec.Ports = ports
		c.Microservice.Spec.Routes = append(c.Microservice.Spec.Routes, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "closed"}}})
		gateway := &gatewayv1.Gateway{Spec: gatewayv1.GatewaySpec{Listeners: []gatewayv1.Listener{{Port: 80, Protocol: gatewayv1.HTTPProtocolType}}}}
		in := &inputs.Inputs{Microservice: c.Microservice, Topology: c.Topology, RefusedBy: map[string]bool{"shop/closed/": true},
			Gateways: map[string]*gatewayv1.Gateway{"shop/shop": gateway, "shop/closed": gateway}}
		built, err := components.Build(in)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range built.Components {
			if w.Component.Condition != v1alpha1.ConditionRoutesReady || len(w.Objects) == 0 && w.Problem == nil {
				continue
			}
			if len(w.Objects) != 1 || w.Objects[0].GetName() != "a" || w.Problem == nil || w.Problem.Reason != v1alpha1.ReasonNotAccepted {
				t.Errorf("%s: made are %d %ss, and the problem is %v", name, len(w.Objects), w.Component.Kind, w.Problem)
			}
		}
		if diff := cmp.Diff([]string{"http://shop.example.com", "http://www.example.com"}, routes.URLs(in)); diff != "" {
			t.Errorf("%s: URLs (-want +got):\n%s", name, diff)
		}
	}
}
