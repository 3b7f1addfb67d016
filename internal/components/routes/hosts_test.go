// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// edge is a Gateway that the services of these tests share.
const edge = "infra/edge"

// hosting is what exists beside the Microservice that a test is about.
type hosting struct {
	own        *claimant
	topologies []*v1alpha1.Topology
	services   []*claimant
}

func (h *hosting) TopologiesAt(gateway string) ([]*v1alpha1.Topology, error) {
	var found []*v1alpha1.Topology
	for _, topology := range h.topologies {
		if TopologyGateway(topology) == gateway && strings.HasPrefix(gateway, topology.Namespace+"/") {
			found = append(found, topology)
		}
	}
	return found, nil
}

func (h *hosting) Own() []Claim {
	own := h.own.claims()
	for _, service := range h.services {
		if service.Microservice.Namespace == h.own.Microservice.Namespace && service.Microservice.Name == h.own.Microservice.Name {
			own = append(own, service.claims()...)
		}
	}
	return own
}

func (h *hosting) At(gateway string) ([]Claim, error) {
	var all []Claim
	for _, service := range h.services {
		for _, claim := range service.claims() {
			if claim.Gateway == gateway {
				all = append(all, claim)
			}
		}
	}
	return all, nil
}

func (h *hosting) Membership(ms types.NamespacedName) (topology string, inherits bool, err error) {
	for _, service := range h.services {
		if service.Microservice.Namespace == ms.Namespace && service.Microservice.Name == ms.Name && service.Topology != nil {
			return keyOf(service.Topology), Inherits(service.Microservice), nil
		}
	}
	return "", false, nil
}

// edgeTopology returns a Topology with the shared Gateway.
func edgeTopology(namespace, name string, hostnames ...v1alpha1.Hostname) *v1alpha1.Topology {
	topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(time.Unix(1e9, 0))}}
	topology.Spec.Gateway = &v1alpha1.TopologyGateway{Ref: &v1alpha1.GatewayReference{Namespace: "infra", Name: "edge"}, Hostnames: hostnames}
	return topology
}

// serviceAt returns a service with a route at the shared Gateway that has existed for some minutes;
// zero means that it does not exist yet. A nil Topology means that it stands alone.
func serviceAt(namespace string, minutes int, topology *v1alpha1.Topology, route v1alpha1.Route) *claimant {
	if len(route.ParentRefs) == 0 {
		route.ParentRefs = []v1alpha1.GatewayReference{{Namespace: "infra", Name: "edge"}}
	}
	c := claiming(namespace, minutes, route, func(c *claimant) { c.Microservice.Namespace, c.Topology = namespace, topology })
	if minutes == 0 {
		c.routes = nil
	}
	return c
}

// inheriting returns a service whose live route has its hosts and Gateway from a Topology.
func inheriting(namespace string, topology *v1alpha1.Topology, path string) *claimant {
	return claiming(namespace, 1, v1alpha1.Route{Path: path}, func(c *claimant) { c.Microservice.Namespace, c.Topology = namespace, topology })
}

func TestTakenHosts(t *testing.T) {
	const shop, wild = v1alpha1.Hostname("shop.example.com"), v1alpha1.Hostname("*.example.com")
	on := func(path string, hosts ...v1alpha1.Hostname) v1alpha1.Route {
		return v1alpha1.Route{Path: path, Hostnames: hosts}
	}
	headed := func(route v1alpha1.Route) v1alpha1.Route {
		route.Headers = []v1alpha1.HeaderMatch{{Name: "Upgrade-Insecure-Requests", Value: "1"}}
		return route
	}
	younger := func(topology *v1alpha1.Topology) *v1alpha1.Topology {
		topology.CreationTimestamp = metav1.NewTime(time.Unix(2e9, 0))
		return topology
	}
	delegating := func(topology *v1alpha1.Topology) *v1alpha1.Topology {
		topology.Spec.Gateway.DelegatedPaths = []v1alpha1.DelegatedPaths{
			{Namespace: "books", Prefixes: []string{"/books", "/shared"}},
			{Namespace: "toys", Prefixes: []string{"/books/toys/", "/shared"}},
		}
		return topology
	}
	rejected := func(c *claimant) *claimant {
		route := c.routes[0].(*gatewayv1.HTTPRoute)
		route.Status.Parents = []gatewayv1.RouteParentStatus{{ParentRef: route.Spec.ParentRefs[0], Conditions: []metav1.Condition{
			{Type: string(gatewayv1.RouteConditionAccepted), Status: metav1.ConditionFalse, ObservedGeneration: route.Generation}}}}
		return c
	}
	elsewhereDelegating := delegating(edgeTopology("books", "both", shop))
	unborn := func(c *claimant) *claimant {
		c.routes = nil
		return c
	}
	net, wildcard := edgeTopology("toys", "net", shop), edgeTopology("infra", "wild", wild)
	named := edgeTopology("infra", "both", wild, shop)
	elsewhere := edgeTopology("books", "elsewhere")
	elsewhere.Spec.Gateway.Ref.Name = "other"
	platform, both := edgeTopology("infra", "shop", shop), edgeTopology("books", "both", shop)
	delegated := delegating(edgeTopology("infra", "shop", shop))
	byPlatform := &inputs.TakenHost{Hostname: shop, Host: shop, Topology: "infra/shop"}
	byBooks := &inputs.TakenHost{Hostname: shop, Host: shop, Namespace: "books"}
	pathOfBooks := func(path string) *inputs.TakenHost {
		return &inputs.TakenHost{Hostname: shop, Host: shop, Namespace: "books", Path: path}
	}
	notDelegated := func(path string) *inputs.TakenHost {
		return &inputs.TakenHost{Hostname: shop, Host: shop, Topology: "infra/shop", Path: path}
	}
	for name, tc := range map[string]struct {
		own    *claimant
		beside hosting
		want   *inputs.TakenHost
	}{
		"a free host": {own: serviceAt("toys", 0, nil, on("/", shop))},
		"a host of a Topology beside the Gateway":                        {serviceAt("toys", 0, nil, on("/", shop)), hosting{topologies: []*v1alpha1.Topology{platform}}, byPlatform},
		"an older route does not help":                                   {serviceAt("toys", 9, nil, on("/", shop)), hosting{topologies: []*v1alpha1.Topology{platform}}, byPlatform},
		"for a member":                                                   {serviceAt("toys", 0, platform, on("/toys", shop)), hosting{topologies: []*v1alpha1.Topology{platform}}, nil},
		"for a member of another Topology":                               {serviceAt("toys", 0, edgeTopology("toys", "toys", shop), on("/toys", shop)), hosting{topologies: []*v1alpha1.Topology{platform}}, byPlatform},
		"for a service of the Gateway's namespace":                       {serviceAt("infra", 0, nil, on("/toys", shop)), hosting{topologies: []*v1alpha1.Topology{platform}}, nil},
		"a wildcard has its hosts":                                       {serviceAt("toys", 0, nil, on("/", shop)), hosting{topologies: []*v1alpha1.Topology{edgeTopology("infra", "shop", wild)}}, byPlatform},
		"no hostnames are every host":                                    {serviceAt("toys", 0, nil, on("/", shop)), hosting{topologies: []*v1alpha1.Topology{edgeTopology("infra", "shop")}}, byPlatform},
		"the more exact Topology has a host":                             {serviceAt("toys", 0, nil, on("/", shop)), hosting{topologies: []*v1alpha1.Topology{edgeTopology("infra", "all"), edgeTopology("infra", "wild", wild), platform}}, byPlatform},
		"the older of two":                                               {serviceAt("toys", 0, nil, on("/", shop)), hosting{topologies: []*v1alpha1.Topology{younger(edgeTopology("infra", "again", shop)), platform}}, byPlatform},
		"another host":                                                   {serviceAt("toys", 0, nil, on("/", "toys.example.com")), hosting{topologies: []*v1alpha1.Topology{platform}}, nil},
		"a Topology elsewhere has no host by naming it":                  {serviceAt("toys", 0, nil, on("/", shop)), hosting{topologies: []*v1alpha1.Topology{both}}, nil},
		"the oldest route has a host":                                    {serviceAt("toys", 0, nil, on("/", shop)), hosting{services: []*claimant{serviceAt("books", 1, nil, on("/", shop))}}, byBooks},
		"with a longer path":                                             {serviceAt("toys", 0, nil, on("/toys", shop)), hosting{services: []*claimant{serviceAt("books", 1, nil, on("/", shop))}}, byBooks},
		"with a header":                                                  {serviceAt("toys", 0, nil, headed(on("/", shop))), hosting{services: []*claimant{serviceAt("books", 1, nil, on("/", shop))}}, byBooks},
		"not against an older one":                                       {serviceAt("toys", 2, nil, on("/", shop)), hosting{services: []*claimant{serviceAt("toys", 2, nil, on("/", shop)), serviceAt("books", 1, nil, on("/", shop))}}, nil},
		"not against its own namespace":                                  {serviceAt("books", 0, nil, on("/toys", shop)), hosting{services: []*claimant{serviceAt("books", 1, nil, on("/", shop))}}, nil},
		"an older wildcard has a host":                                   {serviceAt("toys", 0, nil, on("/", shop)), hosting{services: []*claimant{serviceAt("books", 1, nil, on("/", wild))}}, byBooks},
		"a wildcard includes a host of others":                           {serviceAt("toys", 0, nil, on("/", wild)), hosting{services: []*claimant{serviceAt("books", 1, nil, on("/", shop))}}, &inputs.TakenHost{Hostname: wild, Host: shop, Namespace: "books"}},
		"every host includes it":                                         {serviceAt("toys", 0, nil, on("/", shop)), hosting{services: []*claimant{serviceAt("books", 1, nil, on("/"))}}, byBooks},
		"a Topology that both are members of":                            {serviceAt("toys", 0, both, on("/toys", shop)), hosting{services: []*claimant{serviceAt("books", 1, both, on("/", shop))}}, nil},
		"one that does not name the host":                                {serviceAt("toys", 0, edgeTopology("books", "both", "b.example.com"), on("/toys", shop)), hosting{services: []*claimant{serviceAt("books", 1, edgeTopology("books", "both", "b.example.com"), on("/", shop))}}, byBooks},
		"two Topologies with the host":                                   {serviceAt("toys", 0, edgeTopology("toys", "other", shop), on("/toys", shop)), hosting{services: []*claimant{serviceAt("books", 1, both, on("/", shop))}}, byBooks},
		"members: the path of another namespace":                         {serviceAt("toys", 0, platform, on("/books", shop)), hosting{nil, []*v1alpha1.Topology{platform}, []*claimant{serviceAt("books", 1, platform, on("/books", shop))}}, pathOfBooks("/books")},
		"members: a path below one":                                      {serviceAt("toys", 0, platform, on("/books/new/", shop)), hosting{nil, []*v1alpha1.Topology{platform}, []*claimant{serviceAt("books", 1, platform, on("/books/", shop))}}, pathOfBooks("/books/new")},
		"members: one that begins alike":                                 {serviceAt("toys", 0, platform, on("/bookshelf", shop)), hosting{nil, []*v1alpha1.Topology{platform}, []*claimant{serviceAt("books", 1, platform, on("/books", shop))}}, nil},
		"members: every path leaves the others":                          {serviceAt("toys", 0, platform, on("/toys", shop)), hosting{nil, []*v1alpha1.Topology{platform}, []*claimant{serviceAt("books", 1, platform, on("/", shop))}}, nil},
		"members: every path with a header":                              {serviceAt("toys", 0, platform, headed(on("/", shop))), hosting{nil, []*v1alpha1.Topology{platform}, []*claimant{serviceAt("books", 1, platform, on("/", shop))}}, pathOfBooks("/")},
		"members: an older path":                                         {serviceAt("toys", 2, platform, on("/books/new", shop)), hosting{nil, []*v1alpha1.Topology{platform}, []*claimant{serviceAt("toys", 2, platform, on("/books/new", shop)), serviceAt("books", 1, platform, on("/books", shop))}}, nil},
		"members: an older route that gets another path":                 {serviceAt("toys", 0, platform, on("/books/new", shop)), hosting{nil, []*v1alpha1.Topology{platform}, []*claimant{serviceAt("toys", 2, platform, on("/toys", shop)), serviceAt("books", 1, platform, on("/books", shop))}}, pathOfBooks("/books/new")},
		"members: of the Topology's namespace":                           {serviceAt("books", 0, both, on("/toys/new", shop)), hosting{services: []*claimant{inheriting("toys", both, "/toys")}}, nil},
		"a live route of two namespaces from before the rule":            {serviceAt("toys", 1, nil, on("/", shop)), hosting{services: []*claimant{serviceAt("books", 9, nil, on("/", shop))}}, nil},
		"its path may not, as if it were new":                            {serviceAt("toys", 0, nil, on("/new", shop)), hosting{services: []*claimant{serviceAt("toys", 1, nil, on("/", shop)), serviceAt("books", 9, nil, on("/", shop))}}, byBooks},
		"nor its host":                                                   {serviceAt("toys", 0, nil, on("/", wild)), hosting{services: []*claimant{serviceAt("toys", 9, nil, on("/", "toys.example.com")), serviceAt("books", 1, nil, on("/", shop))}}, &inputs.TakenHost{Hostname: wild, Host: shop, Namespace: "books"}},
		"a younger wildcard takes nothing from a live route":             {serviceAt("toys", 1, nil, on("/", shop)), hosting{services: []*claimant{serviceAt("books", 9, nil, on("/", wild))}}, nil},
		"a Topology has the hosts that a route includes":                 {serviceAt("toys", 9, nil, on("/")), hosting{topologies: []*v1alpha1.Topology{platform}}, &inputs.TakenHost{Host: shop, Topology: "infra/shop"}},
		"a route that is rejected holds its host":                        {serviceAt("toys", 0, nil, on("/", shop)), hosting{services: []*claimant{rejected(serviceAt("books", 1, nil, on("/", shop)))}}, byBooks},
		"a Topology with another Gateway":                                {serviceAt("toys", 0, elsewhere, on("/toys", shop)), hosting{services: []*claimant{serviceAt("books", 1, elsewhere, on("/", shop))}}, byBooks},
		"an exact name before a wildcard of its length":                  {serviceAt("toys", 0, edgeTopology("infra", "exact", "x.b"), on("/", "x.b")), hosting{topologies: []*v1alpha1.Topology{edgeTopology("infra", "a", "*.b"), younger(edgeTopology("infra", "exact", "x.b"))}}, nil},
		"members: beside a service of the Gateway's namespace":           {serviceAt("toys", 0, platform, on("/toys", shop)), hosting{nil, []*v1alpha1.Topology{platform}, []*claimant{serviceAt("infra", 9, nil, on("/"))}}, nil},
		"one service of the namespace is a member, and this one is not":  {serviceAt("toys", 0, nil, on("/checkout", shop)), hosting{services: []*claimant{serviceAt("toys", 1, both, on("/toys", shop)), serviceAt("books", 1, both, on("/", shop))}}, byBooks},
		"a Topology of the claimant, which the holder is a member of":    {serviceAt("toys", 0, net, on("/checkout", shop)), hosting{services: []*claimant{serviceAt("books", 1, net, on("/", shop))}}, byBooks},
		"a guest with a hostname of its own, on a host of the namespace": {serviceAt("books", 0, nil, on("/new", shop)), hosting{services: []*claimant{serviceAt("books", 1, nil, on("/", shop)), serviceAt("toys", 1, both, on("/toys", shop))}}, nil},
		"it delegates no path of a host that the holder has itself":      {serviceAt("books", 0, delegating(edgeTopology("toys", "net", shop)), on("/new", shop)), hosting{services: []*claimant{serviceAt("books", 1, net, on("/old", shop))}}, nil},
		"a wildcard of a Topology beside a more exact one":               {serviceAt("toys", 0, wildcard, on("/login", wild)), hosting{topologies: []*v1alpha1.Topology{wildcard, platform}}, &inputs.TakenHost{Hostname: wild, Host: shop, Topology: "infra/shop"}},
		"a wildcard of a Topology that names one of its hosts, too":      {serviceAt("toys", 0, named, on("/", wild)), hosting{topologies: []*v1alpha1.Topology{named, edgeTopology("infra", "pay", "pay.example.com")}}, &inputs.TakenHost{Hostname: wild, Host: "pay.example.com", Topology: "infra/pay"}},
		"another host of that wildcard":                                  {serviceAt("toys", 0, wildcard, on("/login", "toys.example.com")), hosting{topologies: []*v1alpha1.Topology{wildcard, platform}}, nil},
		"inherited: a free path":                                         {unborn(inheriting("toys", both, "/toys")), hosting{services: []*claimant{inheriting("games", both, "/games")}}, nil},
		"inherited: the path of another namespace":                       {unborn(inheriting("toys", both, "/games/new")), hosting{services: []*claimant{inheriting("games", both, "/games")}}, &inputs.TakenHost{Hostname: shop, Host: shop, Namespace: "games", Path: "/games/new"}},
		"inherited: a path that the Topology delegates":                  {unborn(inheriting("toys", elsewhereDelegating, "/shared")), hosting{}, nil},
		"inherited: one that it does not":                                {unborn(inheriting("toys", elsewhereDelegating, "/pay")), hosting{}, &inputs.TakenHost{Hostname: shop, Host: shop, Topology: "books/both", Path: "/pay"}},
		"delegated: its path":                                            {serviceAt("books", 0, delegated, on("/books/new", shop)), hosting{topologies: []*v1alpha1.Topology{delegated}}, nil},
		"delegated: another path":                                        {serviceAt("books", 0, delegated, on("/pay", shop)), hosting{topologies: []*v1alpha1.Topology{delegated}}, notDelegated("/pay")},
		"delegated: every path":                                          {serviceAt("books", 0, delegated, on("/", shop)), hosting{topologies: []*v1alpha1.Topology{delegated}}, notDelegated("/")},
		"delegated: the path of a longer prefix":                         {serviceAt("books", 0, delegated, on("/books/toys/1", shop)), hosting{topologies: []*v1alpha1.Topology{delegated}}, notDelegated("/books/toys/1")},
		"delegated: to the other one":                                    {serviceAt("toys", 0, delegated, on("/books/toys", shop)), hosting{topologies: []*v1alpha1.Topology{delegated}}, nil},
		"delegated: to both":                                             {serviceAt("toys", 0, delegated, on("/shared/1", shop)), hosting{topologies: []*v1alpha1.Topology{delegated}}, nil},
		"delegated: a namespace without any":                             {serviceAt("games", 0, delegated, on("/games", shop)), hosting{topologies: []*v1alpha1.Topology{delegated}}, notDelegated("/games")},
		"delegated: no matter who was first":                             {serviceAt("toys", 0, delegated, on("/books/toys", shop)), hosting{nil, []*v1alpha1.Topology{delegated}, []*claimant{serviceAt("books", 1, delegated, on("/books/toys", shop))}}, nil},
		"delegated: a service that is no member has no path":             {serviceAt("books", 0, nil, on("/books", shop)), hosting{topologies: []*v1alpha1.Topology{delegated}}, byPlatform},
		"delegated: services of the Topology's namespace have all":       {serviceAt("books", 0, delegating(edgeTopology("books", "both", shop)), on("/toys", shop)), hosting{services: []*claimant{inheriting("toys", delegating(edgeTopology("books", "both", shop)), "/shared")}}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			tc.beside.own = tc.own
			got, err := TakenHosts(&tc.own.Inputs, &tc.beside)
			if err != nil {
				t.Fatal(err)
			}
			var want []inputs.TakenHost
			if tc.want != nil {
				want = []inputs.TakenHost{*tc.want}
				want[0].Gateway = edge
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A route gets the hosts that its hostnames and those of its listeners have in common. The listener
// of a host has its first label as its name.
func TestTakenHostsOfListeners(t *testing.T) {
	at := func(listeners ...string) map[string]*gatewayv1.Gateway {
		gateway := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "infra", Name: "edge"}}
		for _, hostname := range listeners {
			section, _, _ := strings.Cut(hostname, ".")
			listener := gatewayv1.Listener{Name: gatewayv1.SectionName(section), AllowedRoutes: &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: ptr.To(gatewayv1.NamespacesFromAll)}}}
			if section == "closed" {
				listener.AllowedRoutes = nil
			}
			if hostname != "" {
				listener.Hostname = ptr.To(gatewayv1.Hostname(hostname))
			}
			gateway.Spec.Listeners = append(gateway.Spec.Listeners, listener)
		}
		return map[string]*gatewayv1.Gateway{edge: gateway}
	}
	with := func(section string, hosts ...v1alpha1.Hostname) v1alpha1.Route {
		return v1alpha1.Route{Hostnames: hosts, ParentRefs: []v1alpha1.GatewayReference{{Namespace: "infra", Name: "edge", SectionName: section}}}
	}
	const free = "free"
	for name, tc := range map[string]struct {
		own, other v1alpha1.Route
		gateways   map[string]*gatewayv1.Gateway
		want       v1alpha1.Hostname
	}{
		"every host at the listener of a host":            {with(""), with("", "shop.example.com"), at("shop.example.com"), "shop.example.com"},
		"a wildcard there":                                {with("", "*.example.com"), with("", "shop.example.com"), at("other.example.com", "shop.example.com"), "shop.example.com"},
		"a host where the other has every host":           {with("", "shop.example.com"), with(""), at("shop.example.com"), "shop.example.com"},
		"the same at the listener of a wildcard":          {with("", "shop.example.com"), with(""), at("*.example.com"), "shop.example.com"},
		"a host where the other includes it":              {with("", "shop.example.com"), with(""), at(""), "shop.example.com"},
		"every host where the other has one":              {with(""), with("", "shop.example.com"), at(""), "shop.example.com"},
		"a host that no listener of the other has":        {with("shop", "shop.example.com"), with("toys", "shop.example.com"), at("toys.example.com", "shop.example.com"), free},
		"a host at the listener of another host":          {with("toys", "shop.example.com"), with("shop", "shop.example.com"), at("toys.example.com", "shop.example.com"), "shop.example.com"},
		"a host that the other's listener does not admit": {with("", "closed.example.com"), with("closed", "closed.example.com"), at("", "closed.example.com"), free},
		"every host, where a listener may be added":       {with(""), with("", "toys.example.com"), at("shop.example.com", "toys.example.com"), "toys.example.com"},
		"two teams with a listener each":                  {with("toys"), with("books"), at("toys.example.com", "books.example.com"), free},
		"the listener of another team":                    {with("books"), with("books"), at("toys.example.com", "books.example.com"), "books.example.com"},
		"every listener, where another team has one":      {with(""), with("books"), at("toys.example.com", "books.example.com"), "books.example.com"},
		"a host beside another one":                       {with("", "toys.example.com"), with("", "shop.example.com"), at(""), free},
		"a wildcard beside another one":                   {with("", "*.toys.example.com"), with("", "*.shop.example.com"), at(""), free},
		"a wildcard within another one":                   {with("", "*.shop.example.com"), with("", "*.example.com"), at(""), "*.shop.example.com"},
		"a Gateway that is not known, with every host":    {with(""), with("", "shop.example.com"), nil, "shop.example.com"},
	} {
		own, other := serviceAt("toys", 0, nil, tc.own), serviceAt("books", 1, nil, tc.other)
		own.Gateways = tc.gateways
		taken, err := TakenHosts(&own.Inputs, &hosting{own: own, services: []*claimant{other}})
		if err != nil {
			t.Fatal(err)
		}
		got := v1alpha1.Hostname(free)
		for i := range taken {
			got = taken[i].Host
		}
		if got != tc.want {
			t.Errorf("%s: taken is %q, want %q", name, got, tc.want)
		}
	}
}

// A route for every host at a listener that does not exist, or does not admit it, has no host.
func TestTakenHostsWithoutAListener(t *testing.T) {
	for _, namespace := range []string{"infra", "books"} {
		topology := edgeTopology(namespace, "both")
		topology.Spec.Gateway.Ref.SectionName = "closed"
		topology.Spec.Gateway.DelegatedPaths = []v1alpha1.DelegatedPaths{{Namespace: "games", Prefixes: []string{"/games"}}}
		for _, listener := range []gatewayv1.SectionName{"closed", "other"} {
			own := inheriting("toys", topology, "/toys")
			own.Gateways = map[string]*gatewayv1.Gateway{edge: {ObjectMeta: metav1.ObjectMeta{Namespace: "infra", Name: "edge"},
				Spec: gatewayv1.GatewaySpec{Listeners: []gatewayv1.Listener{{Name: listener}}}}}
			own.routes = nil
			taken, err := TakenHosts(&own.Inputs, &hosting{own: own, topologies: []*v1alpha1.Topology{topology}, services: []*claimant{inheriting("games", topology, "/games")}})
			if len(taken) != 0 || err != nil {
				t.Errorf("a Topology of %s, listener %s: taken is %v, the error %v", namespace, listener, taken, err)
			}
		}
	}
}

// A route attaches with its other hosts, and one without any is neither built nor kept.
func TestRoutesWithTakenHosts(t *testing.T) {
	c := claiming("orders", 1, v1alpha1.Route{Path: "/orders"}, func(c *claimant) {
		c.Microservice.Spec.Routes = append(c.Microservice.Spec.Routes, v1alpha1.Route{Path: "/pay", Hostnames: []v1alpha1.Hostname{"pay.example.com"}})
		c.Gateways = map[string]*gatewayv1.Gateway{"shop/shop": programmed()}
	})
	live := c.routes
	c.TakenHosts = []inputs.TakenHost{
		{Route: 0, Gateway: "shop/shop", Hostname: "www.example.com", Host: "www.example.com", Topology: "infra/www"},
		{Route: 1, Gateway: "shop/shop", Hostname: "pay.example.com", Host: "pay.example.com", Namespace: "bank"},
	}
	built, err := HTTPRoutes(&c.Inputs)
	if len(built) != 1 {
		t.Fatalf("built %d routes, want 1", len(built))
	}
	if diff := cmp.Diff([]gatewayv1.Hostname{"shop.example.com"}, built[0].(*gatewayv1.HTTPRoute).Spec.Hostnames); diff != "" {
		t.Errorf("hostnames (-want +got):\n%s", diff)
	}
	var problem *condition.Problem
	if !errors.As(err, &problem) || problem.Reason != v1alpha1.ReasonHostAlreadyClaimed || !problem.Stalled {
		t.Errorf("the problem is %v", err)
	}
	if !StandsIn(&c.Inputs, live[0], nil) || StandsIn(&c.Inputs, live[1], nil) {
		t.Error("the live route of a host that others have is kept, or that of an open host is not")
	}
	if StandsIn(&c.Inputs, live[0], built) {
		t.Error("a live route is kept although one that is applied replaces it")
	}
	c.TakenRoutes = []string{live[0].GetName()}
	if StandsIn(&c.Inputs, live[0], nil) {
		t.Error("a live route with a host of a Topology is kept")
	}
	if diff := cmp.Diff([]string{"http://shop.example.com/orders"}, URLs(&c.Inputs)); diff != "" {
		t.Errorf("URLs (-want +got):\n%s", diff)
	}
}

// A route leaves out the Gateway where a host is taken, and keeps the others.
func TestRoutesAtTwoGateways(t *testing.T) {
	const a, b = v1alpha1.Hostname("a.example.com"), v1alpha1.Hostname("b.example.com")
	for name, tc := range map[string]struct {
		taken     []inputs.TakenHost
		gateways  []string
		hostnames []gatewayv1.Hostname
	}{
		"nothing is taken":                {nil, []string{"one", "two"}, []gatewayv1.Hostname{"a.example.com", "b.example.com"}},
		"a host at one of them":           {[]inputs.TakenHost{{Gateway: "shop/two", Hostname: a, Host: a}}, []string{"one"}, []gatewayv1.Hostname{"a.example.com", "b.example.com"}},
		"the same host at both":           {[]inputs.TakenHost{{Gateway: "shop/one", Hostname: a, Host: a}, {Gateway: "shop/two", Hostname: a, Host: a}}, []string{"one", "two"}, []gatewayv1.Hostname{"b.example.com"}},
		"another host at each, none left": {[]inputs.TakenHost{{Gateway: "shop/one", Hostname: a, Host: a}, {Gateway: "shop/two", Hostname: b, Host: b}}, nil, nil},
	} {
		route := v1alpha1.Route{Hostnames: []v1alpha1.Hostname{a, b}, ParentRefs: []v1alpha1.GatewayReference{{Name: "one"}, {Name: "two"}}}
		c := claiming("orders", 1, route, func(c *claimant) { c.TakenHosts = tc.taken })
		if tc.gateways == nil {
			if len(c.routes) != 0 {
				t.Errorf("%s: a route is built", name)
			}
			continue
		}
		built := c.routes[0].(*gatewayv1.HTTPRoute)
		var gateways []string
		for _, parent := range built.Spec.ParentRefs {
			gateways = append(gateways, string(parent.Name))
		}
		if diff := cmp.Diff(tc.gateways, gateways); diff != "" {
			t.Errorf("%s: Gateways (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(tc.hostnames, built.Spec.Hostnames); diff != "" {
			t.Errorf("%s: hostnames (-want +got):\n%s", name, diff)
		}
	}
}

func TestTakenMessages(t *testing.T) {
	c := claiming("orders", 1, v1alpha1.Route{})
	for _, tc := range []struct {
		taken inputs.TakenHost
		want  string
	}{
		{inputs.TakenHost{Hostname: "a.example.com", Host: "a.example.com", Topology: "infra/shop"},
			`routes[0]: a.example.com belongs to Topology "infra/shop", and this service is not a member of it; to fix: join that Topology (topologyRef), or use another hostname`},
		{inputs.TakenHost{Topology: "infra/shop"},
			`routes[0]: every host belongs to Topology "infra/shop", and this service is not a member of it; to fix: join that Topology (topologyRef), or use another hostname`},
		{inputs.TakenHost{Hostname: "*.example.com", Host: "a.example.com", Namespace: "books"},
			`routes[0]: a.example.com, which the route includes, belongs to namespace "books", which has a route for it; to fix: use another hostname, or join a Topology with the services of that namespace`},
		{inputs.TakenHost{Hostname: "a.example.com", Host: "a.example.com", Path: "/pay", Topology: "infra/shop"},
			`routes[0]: Topology "infra/shop" delegates /pay on a.example.com to no service of namespace "shop"; to fix: use a path that gateway.delegatedPaths of the Topology has for the namespace, or have its owner add this one`},
		{inputs.TakenHost{Hostname: "a.example.com", Host: "a.example.com", Path: "/pay", Namespace: "books"},
			`routes[0]: /pay on a.example.com belongs to namespace "books", which has a route for it; to fix: use another path, or have the owner of Topology "shop/shop" delegate paths to namespaces (gateway.delegatedPaths)`},
	} {
		if diff := cmp.Diff(tc.want, takenMessage(&c.Inputs, &tc.taken).String()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

// TestTakenRoutes checks the live routes that do not stay although their Microservice is broken.
func TestTakenRoutes(t *testing.T) {
	shop := edgeTopology("infra", "shop", "shop.example.com")
	member := edgeTopology("infra", "shop", "shop.example.com")
	member.Spec.Gateway.DelegatedPaths = []v1alpha1.DelegatedPaths{{Namespace: "books", Prefixes: []string{"/books"}}}
	for name, tc := range map[string]struct {
		own        *claimant
		topologies []*v1alpha1.Topology
		want       []string
	}{
		"no Topology":           {own: serviceAt("toys", 1, nil, v1alpha1.Route{Hostnames: shop.Spec.Gateway.Hostnames})},
		"a host of a Topology":  {serviceAt("toys", 1, nil, v1alpha1.Route{Path: "/a", Hostnames: shop.Spec.Gateway.Hostnames}), []*v1alpha1.Topology{shop}, []string{"toys.a-"}},
		"a path of a namespace": {serviceAt("books", 1, member, v1alpha1.Route{Path: "/pay"}), []*v1alpha1.Topology{member}, []string{"books.pay"}},
		"its own path":          {serviceAt("books", 1, member, v1alpha1.Route{Path: "/books"}), []*v1alpha1.Topology{member}, nil},
	} {
		// What the spec says by now makes no difference.
		tc.own.Microservice.Spec.Routes = nil
		got, err := TakenRoutes(&tc.own.Inputs, &hosting{own: tc.own, topologies: tc.topologies})
		if err != nil {
			t.Fatal(err)
		}
		if len(got) != len(tc.want) || len(got) == 1 && !strings.HasPrefix(got[0], tc.want[0]) {
			t.Errorf("%s: the routes are %q, want %q", name, got, tc.want)
		}
	}
}
