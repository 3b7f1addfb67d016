// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

func TestURLs(t *testing.T) {
	secure := func(g *gatewayv1.Gateway) {
		g.Spec.Listeners = append(g.Spec.Listeners, gatewayv1.Listener{Name: "https", Port: 443, Protocol: gatewayv1.HTTPSProtocolType})
	}
	addressed := func(values ...string) func(*gatewayv1.Gateway) {
		return func(g *gatewayv1.Gateway) {
			for _, value := range values {
				g.Status.Addresses = append(g.Status.Addresses, gatewayv1.GatewayStatusAddress{Value: value})
			}
		}
	}
	topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop"},
		Spec: v1alpha1.TopologySpec{Gateway: &v1alpha1.TopologyGateway{ClassName: "traefik", Hostnames: []v1alpha1.Hostname{"shop.example.com"}}}}
	var many []v1alpha1.Hostname
	var first []string
	for i := range 16 {
		many = append(many, v1alpha1.Hostname(fmt.Sprintf("shop-%d.example.com", i)))
	}
	for _, path := range []string{"/a", "/b", "/c", "/d"} {
		for _, host := range many {
			first = append(first, "http://"+string(host)+path)
		}
	}
	for name, tc := range map[string]struct {
		routes   []v1alpha1.Route
		topology *v1alpha1.Topology
		ports    inputs.PublicPorts
		gateways map[string]*gatewayv1.Gateway
		wantURLs []string
	}{
		"no routes, no URLs": {topology: topology, gateways: map[string]*gatewayv1.Gateway{"shop/shop": programmed()}},
		"the Topology's host names, and the path": {
			routes: []v1alpha1.Route{{Path: "/orders"}, {}}, topology: topology, gateways: map[string]*gatewayv1.Gateway{"shop/shop": programmed()},
			wantURLs: []string{"http://shop.example.com/orders", "http://shop.example.com"}},
		"every path is no path": {
			routes: []v1alpha1.Route{{Path: "/"}}, topology: topology, gateways: map[string]*gatewayv1.Gateway{"shop/shop": programmed()},
			wantURLs: []string{"http://shop.example.com"}},
		"a Gateway that does not exist has none": {routes: []v1alpha1.Route{{Path: "/orders"}}, topology: topology},
		"https where the Gateway listens with it": {
			routes: []v1alpha1.Route{{Path: "/orders"}}, topology: topology, gateways: map[string]*gatewayv1.Gateway{"shop/shop": programmed(secure)},
			wantURLs: []string{"https://shop.example.com/orders"}},
		"a public port": {
			routes: []v1alpha1.Route{{Path: "/orders"}}, topology: topology, ports: inputs.PublicPorts{80: 8080}, gateways: map[string]*gatewayv1.Gateway{"shop/shop": programmed()},
			wantURLs: []string{"http://shop.example.com:8080/orders"}},
		"a public port that is the scheme's": {
			routes: []v1alpha1.Route{{Path: "/orders"}}, topology: topology, ports: inputs.PublicPorts{8000: 80},
			gateways: map[string]*gatewayv1.Gateway{"shop/shop": programmed(func(g *gatewayv1.Gateway) { g.Spec.Listeners[0].Port = 8000 })},
			wantURLs: []string{"http://shop.example.com/orders"}},
		"a public port is none of an address": {
			routes: []v1alpha1.Route{{ParentRefs: []v1alpha1.GatewayReference{{Name: "inner"}}}}, ports: inputs.PublicPorts{80: 8080},
			gateways: map[string]*gatewayv1.Gateway{"shop/inner": programmed(addressed("192.0.2.1"))},
			wantURLs: []string{"http://192.0.2.1"}},
		"own host names and own gateways": {
			routes: []v1alpha1.Route{{Path: "/orders", Hostnames: []v1alpha1.Hostname{"a.example.com"},
				ParentRefs: []v1alpha1.GatewayReference{{Name: "public", Namespace: "infra", SectionName: "http"}, {Name: "inner"}, {Name: "absent"}}}},
			topology: topology, gateways: map[string]*gatewayv1.Gateway{"infra/public": programmed(secure), "shop/inner": programmed(secure), "shop/shop": programmed()},
			wantURLs: []string{"http://a.example.com/orders", "https://a.example.com/orders"}},
		"the Gateway's addresses without a host name": {
			routes:   []v1alpha1.Route{{Path: "/orders", ParentRefs: []v1alpha1.GatewayReference{{Name: "inner"}}}},
			gateways: map[string]*gatewayv1.Gateway{"shop/inner": programmed(addressed("192.0.2.1", "2001:db8::1"))},
			wantURLs: []string{"http://192.0.2.1/orders", "http://[2001:db8::1]/orders"}},
		"routes that differ in headers have one URL": {
			routes:   []v1alpha1.Route{{Path: "/orders"}, {Path: "/orders", Headers: []v1alpha1.HeaderMatch{{Name: "a", Value: "b"}}}},
			topology: topology, gateways: map[string]*gatewayv1.Gateway{"shop/shop": programmed()},
			wantURLs: []string{"http://shop.example.com/orders"}},
		"no more than the status may hold": {
			routes:   []v1alpha1.Route{{Path: "/a", Hostnames: many}, {Path: "/b", Hostnames: many}, {Path: "/c", Hostnames: many}, {Path: "/d", Hostnames: many}, {Path: "/e", Hostnames: many}},
			topology: topology, gateways: map[string]*gatewayv1.Gateway{"shop/shop": programmed()},
			wantURLs: first},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders(func(ms *v1alpha1.Microservice) { ms.Spec.Routes = tc.routes })
			got := URLs(&inputs.Inputs{Microservice: ms, Topology: tc.topology, Gateways: tc.gateways, PublicPorts: tc.ports})
			if diff := cmp.Diff(tc.wantURLs, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
