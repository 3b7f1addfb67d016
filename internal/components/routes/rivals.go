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

package routes

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// Contender is a service whose routes may claim what another's claim.
type Contender struct {
	Microservice *v1alpha1.Microservice
	// Topology is the one that the service is a member of; nil when it stands alone.
	Topology *v1alpha1.Topology
	// Routes are its live HTTPRoutes and GRPCRoutes.
	Routes []kube.Object
	// Held says that nothing is made of the service, as its Topology is not there or
	// refuses it: what it claims is what its routes have that are still there.
	Held bool
	// Admits says whether a Gateway, as namespace/name, lets the service have a host
	// at a listener; an empty section means any. nil means that all do. Nobody keeps
	// others from a Gateway that doesn't let them in.
	Admits func(gateway, section string, hostname v1alpha1.Hostname) bool
}

// claim is what a route asks for at one Gateway.
type claim struct {
	gateway, section, path, headers string
	hostname                        v1alpha1.Hostname
}

// same says whether two claims are for the same requests.
func (c *claim) same(other *claim) bool {
	return c.gateway == other.gateway && c.path == other.path && c.hostname == other.hostname && c.headers == other.headers &&
		(c.section == other.section || c.section == "" || other.section == "")
}

// RivalsOf finds the services that claim what own's routes claim. The one that
// has a route there already keeps it, so that nobody takes what somebody serves,
// and of two routes the older, which is the gateway's choice as well. Where
// neither has one the older Microservice gets it, and of those of the same second
// the one whose namespace and name come first.
func RivalsOf(own *Contender, others []Contender) []inputs.Rival {
	theirs := make([][]claim, len(others))
	for i := range others {
		if others[i].Microservice.DeletionTimestamp == nil {
			theirs[i] = slices.Concat(others[i].claims()...)
		}
	}
	var rivals []inputs.Rival
	for route, claims := range own.claims() {
		for _, contested := range claims {
			// Of several that would have it before own, one does.
			holder := own
			var claimants []*Contender
			for i := range others {
				if !slices.ContainsFunc(theirs[i], func(c claim) bool { return c.same(&contested) }) {
					continue
				}
				claimants = append(claimants, &others[i])
				if others[i].before(holder, &contested) {
					holder = &others[i]
				}
			}
			for _, other := range claimants {
				rivals = append(rivals, inputs.Rival{
					Route: route, Gateway: contested.gateway, Hostname: contested.hostname, Wins: other == holder,
					Namespace: other.Microservice.Namespace, Name: other.Microservice.Name,
				})
			}
		}
	}
	slices.SortFunc(rivals, func(a, b inputs.Rival) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Hostname, b.Hostname), cmp.Compare(a.Gateway, b.Gateway),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	// Routes may meet at more than one listener.
	return slices.Compact(rivals)
}

// claims are those of each route, one for each Gateway and host. What can't be
// made claims nothing.
func (c *Contender) claims() [][]claim {
	if c.Held {
		var live []claim
		for _, o := range c.Routes {
			live = append(live, liveClaims(o)...)
		}
		return [][]claim{live}
	}
	ms := c.Microservice
	all := make([][]claim, len(ms.Spec.Routes))
	in := &inputs.Inputs{Microservice: ms, Topology: c.Topology}
	for _, kind := range []struct {
		protocol v1alpha1.PortProtocol
		build    routeBuilder
	}{{v1alpha1.ProtocolHTTP, httpRoute}, {v1alpha1.ProtocolGRPC, grpcRoute}} {
		for _, i := range routesOf(ms, kind.protocol) {
			if _, problem := kind.build(in, i, nil, nil); problem == nil {
				all[i] = c.claimsOf(&ms.Spec.Routes[i])
			}
		}
	}
	return all
}

// claimsOf are none where one of the route's Gateways does not let it in: then it
// is made at none of them.
func (c *Contender) claimsOf(route *v1alpha1.Route) []claim {
	for _, ref := range GatewayRefs(c.Microservice, route, c.Topology) {
		if c.Admits != nil && !c.Admits(RefKey(&ref, c.Microservice.Namespace), ref.SectionName, "") {
			return nil
		}
	}
	hostnames := Hostnames(route, c.Topology)
	if len(hostnames) == 0 {
		hostnames = []v1alpha1.Hostname{""}
	}
	var all []claim
	for _, ref := range GatewayRefs(c.Microservice, route, c.Topology) {
		gateway := RefKey(&ref, c.Microservice.Namespace)
		for _, hostname := range hostnames {
			if c.Admits == nil || c.Admits(gateway, ref.SectionName, hostname) {
				all = append(all, claim{gateway: gateway, section: ref.SectionName, hostname: hostname, path: ClaimedPath(route), headers: headersText(route)})
			}
		}
	}
	return all
}

// RefKey is the Gateway of a reference from a namespace, as namespace/name.
func RefKey(ref *v1alpha1.GatewayReference, namespace string) string {
	return cmp.Or(ref.Namespace, namespace) + "/" + ref.Name
}

// ClaimedPath is the path of a route as requests match it: a '/' at the end makes
// no difference.
func ClaimedPath(route *v1alpha1.Route) string { return withoutSlash(pathOf(route)) }

func withoutSlash(path string) string { return cmp.Or(strings.TrimSuffix(path, "/"), "/") }

// headersText tells sets of headers apart. Their names are in any case.
func headersText(route *v1alpha1.Route) string {
	lines := make([]string, len(route.Headers))
	for i, header := range route.Headers {
		lines[i] = headerText(header.Name, header.Value)
	}
	return sortedText(lines)
}

func headerText(name, value string) string { return strings.ToLower(name) + ": " + value }

func sortedText(lines []string) string {
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// before says whether a claim is c's rather than other's.
func (c *Contender) before(other *Contender, contested *claim) bool {
	mine, theirs := c.routeOf(contested), other.routeOf(contested)
	switch {
	case (mine == nil) != (theirs == nil):
		return mine != nil
	case mine != nil && !mine.GetCreationTimestamp().Time.Equal(theirs.GetCreationTimestamp().Time):
		return mine.GetCreationTimestamp().Time.Before(theirs.GetCreationTimestamp().Time)
	}
	a, b := c.Microservice, other.Microservice
	// What is in no cluster yet is the youngest.
	if a.CreationTimestamp.IsZero() != b.CreationTimestamp.IsZero() {
		return b.CreationTimestamp.IsZero()
	}
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name)) < 0
}

// routeOf is the live route of the service that has a claim, or nil.
func (c *Contender) routeOf(contested *claim) kube.Object {
	for _, o := range c.Routes {
		if metav1.IsControlledBy(o, c.Microservice) && slices.ContainsFunc(liveClaims(o), func(live claim) bool { return live.same(contested) }) {
			return o
		}
	}
	return nil
}

// liveClaims are what a route that Atoll made asks for.
func liveClaims(o kube.Object) []claim {
	var parents []gatewayv1.ParentReference
	var hostnames []gatewayv1.Hostname
	var matches []claim
	switch route := o.(type) {
	case *gatewayv1.HTTPRoute:
		parents, hostnames = route.Spec.ParentRefs, route.Spec.Hostnames
		for _, rule := range route.Spec.Rules {
			for i := range rule.Matches {
				matches = append(matches, httpClaim(&rule.Matches[i]))
			}
		}
	case *gatewayv1.GRPCRoute:
		parents, hostnames = route.Spec.ParentRefs, route.Spec.Hostnames
		for _, rule := range route.Spec.Rules {
			if len(rule.Matches) == 0 {
				matches = append(matches, claim{path: "/"})
			}
			for i := range rule.Matches {
				matches = append(matches, grpcClaim(&rule.Matches[i]))
			}
		}
	}
	if len(hostnames) == 0 {
		hostnames = []gatewayv1.Hostname{""}
	}
	var all []claim
	for _, match := range matches {
		for _, parent := range parents {
			match.gateway, match.section = GatewayKey(parent, o.GetNamespace()), string(ptr.Deref(parent.SectionName, ""))
			for _, hostname := range hostnames {
				match.hostname = v1alpha1.Hostname(hostname)
				all = append(all, match)
			}
		}
	}
	return all
}

func httpClaim(match *gatewayv1.HTTPRouteMatch) claim {
	lines := make([]string, len(match.Headers))
	for i, header := range match.Headers {
		lines[i] = headerText(string(header.Name), header.Value)
	}
	path := "/"
	if match.Path != nil {
		path = withoutSlash(ptr.Deref(match.Path.Value, "/"))
	}
	return claim{path: path, headers: sortedText(lines)}
}

func grpcClaim(match *gatewayv1.GRPCRouteMatch) claim {
	lines := make([]string, len(match.Headers))
	for i, header := range match.Headers {
		lines[i] = headerText(string(header.Name), header.Value)
	}
	path := "/"
	if match.Method != nil {
		path += ptr.Deref(match.Method.Service, "")
		if match.Method.Method != nil {
			path += "/" + *match.Method.Method
		}
	}
	return claim{path: path, headers: sortedText(lines)}
}

// attachment is where a route attaches, and the names that it answers to there.
type attachment struct {
	Gateways  []v1alpha1.GatewayReference
	hostnames []v1alpha1.Hostname
	// Nothing says that others have all that the route claims.
	Nothing bool
}

// AttachmentOf is what rivals leave a route. A Gateway where they leave it no
// host is left out, and of the hosts those that are not its own at every other.
func AttachmentOf(in *inputs.Inputs, route int) attachment {
	r := &in.Microservice.Spec.Routes[route]
	refs, hostnames := GatewayRefs(in.Microservice, r, in.Topology), Hostnames(r, in.Topology)
	lost := func(gateway string, hostname v1alpha1.Hostname) bool {
		return slices.ContainsFunc(in.Rivals, func(r inputs.Rival) bool {
			return r.Wins && r.Route == route && r.Gateway == gateway && r.Hostname == hostname
		})
	}
	if len(refs) == 0 || !slices.ContainsFunc(in.Rivals, func(r inputs.Rival) bool { return r.Wins && r.Route == route }) {
		return attachment{Gateways: refs, hostnames: hostnames}
	}
	claimed := hostnames
	if len(claimed) == 0 {
		claimed = []v1alpha1.Hostname{""}
	}
	left := attachment{Nothing: true}
	for i := range refs {
		gateway := RefKey(&refs[i], in.Microservice.Namespace)
		kept := slices.DeleteFunc(slices.Clone(claimed), func(hostname v1alpha1.Hostname) bool { return lost(gateway, hostname) })
		if !left.Nothing {
			kept = slices.DeleteFunc(kept, func(hostname v1alpha1.Hostname) bool { return !slices.Contains(left.hostnames, hostname) })
		}
		if len(kept) == 0 {
			continue
		}
		left = attachment{Gateways: append(left.Gateways, refs[i]), hostnames: kept}
	}
	if len(hostnames) == 0 {
		left.hostnames = nil
	}
	return left
}

// RouteConflictHealth says which claims of routes are another service's; nil when
// none are.
func RouteConflictHealth(in *inputs.Inputs) *condition.Health {
	lost := claimed(in, true)
	if len(lost) == 0 {
		return nil
	}
	return &condition.Health{Reason: v1alpha1.ReasonRouteConflict, Stalled: true,
		Message: condition.ParseMessage(strings.Join(lost, "; ") + ": give one of the two another path, hostname or header")}
}

// contested says which services claim what this one has; empty when none do.
func contested(in *inputs.Inputs) string {
	kept := claimed(in, false)
	if len(kept) == 0 {
		return ""
	}
	return "; " + strings.Join(kept, "; ")
}

// maxClaims is how many claims a message names.
const maxClaims = 5

// claimed says which claims rivals have, or which they would have.
func claimed(in *inputs.Inputs, wins bool) []string {
	verb := "is claimed, in vain, by"
	if wins {
		verb = "already belongs to"
	}
	var all []string
	for _, r := range in.Rivals {
		if r.Wins != wins {
			continue
		}
		rival := fmt.Sprintf("Microservice %q", r.Name)
		if r.Namespace != in.Microservice.Namespace {
			rival += fmt.Sprintf(" of namespace %q", r.Namespace)
		}
		host := cmp.Or(string(r.Hostname), "(every host)")
		said := fmt.Sprintf("routes[%d]: %s%s %s %s", r.Route, host, ClaimedPath(&in.Microservice.Spec.Routes[r.Route]), verb, rival)
		if !slices.Contains(all, said) {
			all = append(all, said)
		}
	}
	if len(all) > maxClaims {
		all = append(all[:maxClaims], fmt.Sprintf("and %d more", len(all)-maxClaims))
	}
	return all
}
