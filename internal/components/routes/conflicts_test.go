// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// claimant is a Microservice with its live routes.
type claimant struct {
	inputs.Inputs
	routes []kube.Object
}

// claiming returns a member of a Topology with two hosts that has one route, which has
// existed for some minutes.
func claiming(name string, minutes int, route v1alpha1.Route, change ...func(*claimant)) *claimant {
	c := &claimant{Inputs: inputs.Inputs{Microservice: &v1alpha1.Microservice{}, Topology: &v1alpha1.Topology{}}}
	c.Microservice.Namespace, c.Microservice.Name = "shop", name
	c.Microservice.Spec.Routes = []v1alpha1.Route{route}
	c.Topology.Namespace, c.Topology.Name = "shop", "shop"
	c.Topology.Spec.Gateway = &v1alpha1.TopologyGateway{ClassName: "any", Hostnames: []v1alpha1.Hostname{"shop.example.com", "www.example.com"}}
	for _, f := range change {
		f(c)
	}
	c.build(minutes)
	return c
}

func (c *claimant) build(minutes int) {
	c.routes = nil
	for _, build := range []func(*inputs.Inputs) ([]kube.Object, error){HTTPRoutes, GRPCRoutes} {
		// A route with a problem is not built.
		built, _ := build(&c.Inputs)
		c.routes = append(c.routes, built...)
	}
	for _, o := range c.routes {
		o.SetCreationTimestamp(metav1.NewTime(time.Unix(1e9, 0).Add(-time.Duration(minutes) * time.Minute)))
	}
}

func (c *claimant) claims() []Claim {
	var claims []Claim
	for _, o := range c.routes {
		claims = append(claims, Claims(o)...)
	}
	return claims
}

// conflictsOf returns the conflicts of the first of several Microservices.
func conflictsOf(own *claimant, others ...*claimant) []inputs.RouteConflict {
	var claims []Claim
	for _, other := range others {
		claims = append(claims, other.claims()...)
	}
	return Conflicts(own.Microservice, own.claims(), claims)
}

func TestConflicts(t *testing.T) {
	orders := v1alpha1.Route{Path: "/orders"}
	at := func(section string, gateways ...string) v1alpha1.Route {
		route := v1alpha1.Route{}
		for _, gateway := range gateways {
			route.ParentRefs = append(route.ParentRefs, v1alpha1.GatewayReference{Name: gateway, SectionName: section})
		}
		return route
	}
	won := []string{"shop.example.com: won", "www.example.com: won"}
	lost := []string{"shop.example.com: lost", "www.example.com: lost"}
	for name, test := range map[string]struct {
		own, other *claimant
		// want says of each host who gets its requests.
		want []string
	}{
		"the older route wins":                            {claiming("b", 2, orders), claiming("a", 1, orders), won},
		"the younger route loses":                         {claiming("a", 1, orders), claiming("b", 2, orders), lost},
		"routes of one age go by name":                    {claiming("a", 1, orders), claiming("b", 1, orders), won},
		"routes of one age go by namespace before name":   {claiming("a", 1, orders), claiming("b", 1, orders, namespace("guests")), lost},
		"a route that does not exist yet is the youngest": {claiming("b", 1, orders), claiming("a", 0, orders).notLive(), won},
		"of two that do not exist yet the name decides":   {claiming("b", 0, orders).notLive(), claiming("a", 0, orders).notLive(), lost},
		"a slash at the end makes no difference":          {claiming("b", 2, orders), claiming("a", 1, v1alpha1.Route{Path: "/orders/"}), won},
		"a longer path is no conflict":                    {claiming("b", 2, orders), claiming("a", 1, v1alpha1.Route{Path: "/orders/new"}), nil},
		"no path is every path":                           {claiming("b", 2, v1alpha1.Route{}), claiming("a", 1, v1alpha1.Route{Path: "/"}), won},
		"one host of two":                                 {claiming("b", 2, orders), claiming("a", 1, v1alpha1.Route{Path: "/orders", Hostnames: []v1alpha1.Hostname{"www.example.com"}}), won[1:]},
		"a wildcard is another host":                      {claiming("b", 2, orders), claiming("a", 1, v1alpha1.Route{Path: "/orders", Hostnames: []v1alpha1.Hostname{"*.example.com"}}), nil},
		"headers in another order and case":               {claiming("b", 2, headed("x-a", "1", "X-B", "2")), claiming("a", 1, headed("x-b", "2", "X-A", "1")), won},
		"other headers are no conflict":                   {claiming("b", 2, headed("x-a", "1")), claiming("a", 1, headed("x-a", "2")), nil},
		"a header more is no conflict":                    {claiming("b", 2, headed("x-a", "1")), claiming("a", 1, v1alpha1.Route{}), nil},
		"another Gateway is no conflict":                  {claiming("b", 2, at("", "shop")), claiming("a", 1, at("", "internal")), nil},
		"another listener is no conflict":                 {claiming("b", 2, at("http", "shop")), claiming("a", 1, at("https", "shop")), nil},
		"every listener includes each":                    {claiming("b", 2, at("http", "shop")), claiming("a", 1, v1alpha1.Route{}), won},
		"two Gateways": {claiming("b", 2, at("", "one", "two")), claiming("a", 1, at("", "one", "two")),
			[]string{"shop.example.com: won", "shop.example.com: won", "www.example.com: won", "www.example.com: won"}},
		"another namespace": {claiming("b", 2, orders), claiming("a", 1, orders, namespace("elsewhere"), func(c *claimant) {
			c.Microservice.Spec.Routes[0].ParentRefs = []v1alpha1.GatewayReference{{Namespace: "shop", Name: "shop"}}
		}), won},
		"a route that can't be built": {claiming("b", 1, orders), claiming("a", 2, v1alpha1.Route{Path: "/orders", Rewrite: "/"}, grpc), nil},
		"a route without a Gateway":   {claiming("b", 1, orders), claiming("a", 2, orders, func(c *claimant) { c.Topology = nil }), nil},
		"a route whose Gateway admits no route of its namespace": {claiming("b", 1, orders), claiming("a", 2, orders, func(c *claimant) {
			c.RefusedBy = map[string]bool{"shop/shop/": true}
		}), nil},
		"a route that the Gateway rejects":                    {claiming("b", 1, orders), claiming("a", 2, orders).answered(1, metav1.ConditionFalse), nil},
		"a route that the Gateway accepts":                    {claiming("b", 1, orders), claiming("a", 2, orders).answered(1, metav1.ConditionTrue), lost},
		"a route whose older generation the Gateway rejected": {claiming("b", 1, orders), claiming("a", 2, orders).answered(0, metav1.ConditionFalse), lost},
		"a gRPC method":                                          {claiming("a", 1, v1alpha1.Route{Path: "/pkg.Orders/Get"}, grpc), claiming("b", 2, v1alpha1.Route{Path: "/pkg.Orders/Get"}, grpc), lost},
		"another gRPC method is no conflict":                     {claiming("a", 1, v1alpha1.Route{Path: "/pkg.Orders/Get"}, grpc), claiming("b", 2, v1alpha1.Route{Path: "/pkg.Orders"}, grpc), nil},
		"every gRPC method":                                      {claiming("a", 1, v1alpha1.Route{}, grpc), claiming("b", 2, v1alpha1.Route{}, grpc), lost},
		"a live route that the spec has no more":                 {claiming("b", 2, orders).withoutRoutes(), claiming("a", 1, orders), nil},
		"a second live route of the Microservice is no conflict": {claiming("a", 2, orders), claiming("a", 1, orders), nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, conflict := range conflictsOf(test.own, test.other) {
				if conflict.Namespace != test.other.Microservice.Namespace || conflict.Name != test.other.Microservice.Name {
					t.Errorf("names %s/%s", conflict.Namespace, conflict.Name)
				}
				got = append(got, fmt.Sprintf("%s: %s", conflict.Hostname, map[bool]string{false: "won", true: "lost"}[conflict.Lost]))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			// Exactly one of the two wins.
			for _, conflict := range conflictsOf(test.other, test.own) {
				result := map[bool]string{false: "lost", true: "won"}[conflict.Lost]
				if want := fmt.Sprintf("%s: %s", conflict.Hostname, result); len(got) > 0 && !slices.Contains(got, want) {
					t.Errorf("both or neither win: want %q in %q", want, got)
				}
			}
		})
	}
}

func namespace(name string) func(*claimant) {
	return func(c *claimant) { c.Microservice.Namespace = name }
}

func grpc(c *claimant) {
	c.Microservice.Spec.Ports = []v1alpha1.Port{{Name: "grpc", Port: 9000, Protocol: v1alpha1.ProtocolGRPC}}
}

// notLive gives the routes no age, as those that are only in files.
func (c *claimant) notLive() *claimant {
	for _, o := range c.routes {
		o.SetCreationTimestamp(metav1.Time{})
	}
	return c
}

func (c *claimant) withoutRoutes() *claimant {
	c.Microservice.Spec.Routes = nil
	return c
}

// answered gives the routes, of generation 1, a Gateway's answer about a generation.
func (c *claimant) answered(generation int64, accepted metav1.ConditionStatus) *claimant {
	for _, o := range c.routes {
		route := o.(*gatewayv1.HTTPRoute)
		route.Generation = 1
		route.Status.Parents = []gatewayv1.RouteParentStatus{{ParentRef: route.Spec.ParentRefs[0],
			Conditions: []metav1.Condition{conditionOf("Accepted", accepted, generation, "Any")}}}
	}
	return c
}

// headed is a route with headers, given as names and values.
func headed(pairs ...string) v1alpha1.Route {
	route := v1alpha1.Route{}
	for i := 0; i < len(pairs); i += 2 {
		route.Headers = append(route.Headers, v1alpha1.HeaderMatch{Name: pairs[i], Value: pairs[i+1]})
	}
	return route
}

func TestLoserNamesTheOneWinner(t *testing.T) {
	orders := v1alpha1.Route{Path: "/orders", Hostnames: []v1alpha1.Hostname{"shop.example.com"}}
	own, second, first := claiming("c", 1, orders), claiming("b", 2, orders), claiming("a", 3, orders)
	for _, others := range [][]*claimant{{first, second}, {second, first}} {
		want := []inputs.RouteConflict{{Gateway: "shop/shop", Hostname: "shop.example.com", Path: "/orders", Namespace: "shop", Name: "a", Lost: true}}
		if diff := cmp.Diff(want, conflictsOf(own, others...)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
	var names []string
	for _, conflict := range conflictsOf(first, second, own) {
		names = append(names, conflict.Name)
	}
	if diff := cmp.Diff([]string{"b", "c"}, names); diff != "" {
		t.Errorf("the winner names (-want +got):\n%s", diff)
	}
}

func TestReportedConflicts(t *testing.T) {
	own := claiming("b", 1, v1alpha1.Route{Path: "/orders"}, func(c *claimant) {
		c.Microservice.Spec.Routes = append(c.Microservice.Spec.Routes, v1alpha1.Route{Path: "/free"}, v1alpha1.Route{Path: "/half"}, v1alpha1.Route{Path: "/won"})
		c.Gateways = map[string]*gatewayv1.Gateway{"shop/shop": programmed()}
	})
	half := v1alpha1.Route{Path: "/half", Hostnames: []v1alpha1.Hostname{"www.example.com"}, ParentRefs: []v1alpha1.GatewayReference{{Namespace: "shop", Name: "shop"}}}
	wins := v1alpha1.Route{Path: "/won", Hostnames: []v1alpha1.Hostname{"www.example.com"}}
	own.RouteConflicts = conflictsOf(own, claiming("a", 2, v1alpha1.Route{Path: "/orders"}), claiming("c", 2, half, namespace("guests")), claiming("d", 0, wins))

	if len(own.routes) != 4 {
		t.Errorf("built %d routes, want all 4", len(own.routes))
	}
	wantURLs := []string{"http://shop.example.com/free", "http://www.example.com/free", "http://shop.example.com/half", "http://shop.example.com/won", "http://www.example.com/won"}
	if diff := cmp.Diff(wantURLs, URLs(&own.Inputs)); diff != "" {
		t.Errorf("URLs (-want +got):\n%s", diff)
	}
	want := &condition.Health{Reason: v1alpha1.ReasonRouteConflict, Stalled: true, Message: condition.Message{
		Field: "routes[0]",
		Cause: `shop.example.com/orders already belongs to Microservice "a"; routes[0]: www.example.com/orders already belongs to Microservice "a"; ` +
			`routes[2]: www.example.com/half already belongs to Microservice "c" of namespace "guests"`,
		Remedy: "give one of the two another path, hostname or header",
	}}
	if diff := cmp.Diff(want, RouteConflictHealth(&own.Inputs)); diff != "" {
		t.Errorf("lost (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(`; routes[3]: www.example.com/won is also claimed by Microservice "d", which gets no requests`, wonConflicts(&own.Inputs)); diff != "" {
		t.Errorf("won (-want +got):\n%s", diff)
	}
}

func TestMessageNamesFiveConflicts(t *testing.T) {
	in := &inputs.Inputs{Microservice: &v1alpha1.Microservice{}}
	for i := range 7 {
		in.RouteConflicts = append(in.RouteConflicts, inputs.RouteConflict{Route: i, Path: "/", Name: "a", Lost: true})
	}
	want := ""
	for i := range 5 {
		want += fmt.Sprintf(`routes[%d]: (every host)/ already belongs to Microservice "a"; `, i)
	}
	want += "and 2 more; to fix: give one of the two another path, hostname or header"
	if diff := cmp.Diff(want, RouteConflictHealth(in).Message.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A Gateway that does not admit the namespace holds back the routes that attach to it,
// and no others.
func TestRouteOfAGatewayThatRefusesTheNamespace(t *testing.T) {
	for name, ports := range map[string][]v1alpha1.Port{"HTTP": nil, "gRPC": {{Name: "grpc", Port: 50051, Protocol: v1alpha1.ProtocolGRPC}}} {
		c := claiming("a", 2, v1alpha1.Route{}, func(c *claimant) {
			c.Microservice.Spec.Ports = ports
			c.Microservice.Spec.Routes = append(c.Microservice.Spec.Routes, v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "closed"}}})
			c.RefusedBy = map[string]bool{"shop/closed/": true}
			c.Gateways = map[string]*gatewayv1.Gateway{"shop/shop": programmed(), "shop/closed": programmed()}
		})
		if len(c.routes) != 1 || c.routes[0].GetName() != "a" {
			t.Errorf("%s: built %d routes, want only a", name, len(c.routes))
		}
		_, httpProblem := HTTPRoutes(&c.Inputs)
		_, grpcProblem := GRPCRoutes(&c.Inputs)
		var problem *condition.Problem
		if !errors.As(map[string]error{"HTTP": httpProblem, "gRPC": grpcProblem}[name], &problem) || problem.Reason != v1alpha1.ReasonNotAccepted {
			t.Errorf("%s: the problem is %v", name, problem)
		}
		if diff := cmp.Diff([]string{"http://shop.example.com", "http://www.example.com"}, URLs(&c.Inputs)); diff != "" {
			t.Errorf("%s: URLs (-want +got):\n%s", name, diff)
		}
	}
}
