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

package children

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Contender is a service whose routes may claim what another's claim.
type Contender struct {
	Microservice *v1alpha1.Microservice
	// Topology is the one that the service is a member of; nil when it stands alone.
	Topology *v1alpha1.Topology
	// Routes are its live HTTPRoutes and GRPCRoutes.
	Routes []Object
	// Admits says whether a Gateway, as namespace/name, lets routes of the service's
	// namespace attach to a listener; an empty section means any. nil means that all
	// do. Nobody keeps others from a Gateway that doesn't let them in.
	Admits func(gateway, section string) bool
}

// Rival is another service that claims what a route claims: the same host, path
// and headers at the same Gateway. A gateway would send the requests to one of
// the two and leave the other a route that is accepted and gets nothing.
type Rival struct {
	// Route is the index of the route.
	Route int
	// Hostname is the host that both claim; empty means every host.
	Hostname v1alpha1.Hostname
	// Namespace and Name are the other service's.
	Namespace, Name string
	// Wins says that the other service has it.
	Wins bool
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
// has a route there already keeps it, so that nobody takes what somebody serves;
// among equals the older Microservice does, and of those of the same second the
// one whose namespace and name come first.
func RivalsOf(own *Contender, others []Contender) []Rival {
	var rivals []Rival
	for i := range own.Microservice.Spec.Routes {
		for _, mine := range own.claims(i) {
			for j := range others {
				other := &others[j]
				if other.Microservice.DeletionTimestamp != nil || !other.claimsToo(&mine) {
					continue
				}
				rivals = append(rivals, Rival{
					Route: i, Hostname: mine.hostname, Wins: other.before(own, &mine),
					Namespace: other.Microservice.Namespace, Name: other.Microservice.Name,
				})
			}
		}
	}
	slices.SortFunc(rivals, func(a, b Rival) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Hostname, b.Hostname), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	// Routes may meet at more than one Gateway.
	return slices.Compact(rivals)
}

// claims are those of a route, one for each Gateway and host.
func (c *Contender) claims(i int) []claim {
	route := &c.Microservice.Spec.Routes[i]
	hostnames := Hostnames(route, c.Topology)
	if len(hostnames) == 0 {
		hostnames = []v1alpha1.Hostname{""}
	}
	var all []claim
	for _, ref := range GatewayRefs(c.Microservice, route, c.Topology) {
		namespace := ref.Namespace
		if namespace == "" {
			namespace = c.Microservice.Namespace
		}
		if c.Admits != nil && !c.Admits(namespace+"/"+ref.Name, ref.SectionName) {
			continue
		}
		for _, hostname := range hostnames {
			all = append(all, claim{gateway: namespace + "/" + ref.Name, section: ref.SectionName, hostname: hostname, path: ClaimedPath(route), headers: headersText(route)})
		}
	}
	return all
}

// ClaimedPath is the path of a route as requests match it: a '/' at the end makes
// no difference.
func ClaimedPath(route *v1alpha1.Route) string {
	return cmp.Or(strings.TrimSuffix(pathOf(route), "/"), "/")
}

// headersText tells sets of headers apart. Their names are in any case.
func headersText(route *v1alpha1.Route) string {
	lines := make([]string, len(route.Headers))
	for i, header := range route.Headers {
		lines[i] = strings.ToLower(header.Name) + ": " + header.Value
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func (c *Contender) claimsToo(wanted *claim) bool {
	for i := range c.Microservice.Spec.Routes {
		if slices.ContainsFunc(c.claims(i), func(mine claim) bool { return mine.same(wanted) }) {
			return true
		}
	}
	return false
}

// before says whether a claim is c's rather than other's.
func (c *Contender) before(other *Contender, contested *claim) bool {
	if mine, theirs := c.has(contested), other.has(contested); mine != theirs {
		return mine
	}
	a, b := c.Microservice, other.Microservice
	if !a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.CreationTimestamp.Before(&b.CreationTimestamp)
	}
	return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name)) < 0
}

// has says whether a live route of the service has a claim's host and path.
func (c *Contender) has(contested *claim) bool {
	return slices.ContainsFunc(c.Routes, func(o Object) bool {
		parents, hostnames, paths := liveMatch(o)
		attached := slices.ContainsFunc(parents, func(ref gatewayv1.ParentReference) bool {
			return GatewayKey(ref, o.GetNamespace()) == contested.gateway
		})
		named := len(hostnames) == 0 && contested.hostname == "" || slices.Contains(hostnames, gatewayv1.Hostname(contested.hostname))
		return attached && named && slices.Contains(paths, contested.path)
	})
}

// liveMatch are the Gateways, hosts and paths of a route that Atoll made.
func liveMatch(o Object) (parents []gatewayv1.ParentReference, hostnames []gatewayv1.Hostname, paths []string) {
	switch route := o.(type) {
	case *gatewayv1.HTTPRoute:
		for _, rule := range route.Spec.Rules {
			for _, match := range rule.Matches {
				if match.Path != nil && match.Path.Value != nil {
					paths = append(paths, cmp.Or(strings.TrimSuffix(*match.Path.Value, "/"), "/"))
				}
			}
		}
		return route.Spec.ParentRefs, route.Spec.Hostnames, paths
	case *gatewayv1.GRPCRoute:
		for _, rule := range route.Spec.Rules {
			path := "/"
			for _, match := range rule.Matches {
				if match.Method == nil || match.Method.Service == nil {
					continue
				}
				path = "/" + *match.Method.Service
				if match.Method.Method != nil {
					path += "/" + *match.Method.Method
				}
			}
			paths = append(paths, path)
		}
		return route.Spec.ParentRefs, route.Spec.Hostnames, paths
	}
	return nil, nil, nil
}

// lost says whether another service has a route's host; an empty one means every
// host.
func (in *Inputs) lost(route int, hostname v1alpha1.Hostname) bool {
	return slices.ContainsFunc(in.Rivals, func(r Rival) bool { return r.Wins && r.Route == route && r.Hostname == hostname })
}

// hostnames are the names that a route answers to, without those that another
// service has. nothing says that none are left.
func (in *Inputs) hostnames(route int) (names []v1alpha1.Hostname, nothing bool) {
	all := Hostnames(&in.Microservice.Spec.Routes[route], in.Topology)
	if len(all) == 0 {
		return nil, in.lost(route, "")
	}
	for _, name := range all {
		if !in.lost(route, name) {
			names = append(names, name)
		}
	}
	return names, len(names) == 0
}

// RouteConflictHealth says which claims of routes are another service's; nil when
// none are.
func RouteConflictHealth(in *Inputs) *Health {
	lost := in.claimed(true)
	if len(lost) == 0 {
		return nil
	}
	return &Health{Reason: v1alpha1.ReasonRouteConflict, Stalled: true,
		Message: "Another service has what routes claim: " + strings.Join(lost, ", ") + "; change path, hostnames or headers of one of the two"}
}

// contested says which services claim what this one has; empty when none do.
func (in *Inputs) contested() string {
	kept := in.claimed(false)
	if len(kept) == 0 {
		return ""
	}
	return "; others claim the same and don't get it: " + strings.Join(kept, ", ")
}

// maxClaims is how many claims a message names.
const maxClaims = 5

// claimed names what rivals claim that win, or that lose.
func (in *Inputs) claimed(wins bool) []string {
	var all []string
	for _, r := range in.Rivals {
		if r.Wins != wins {
			continue
		}
		host := string(r.Hostname)
		if host == "" {
			host = "every host"
		}
		rival := fmt.Sprintf("Microservice %q", r.Name)
		if r.Namespace != in.Microservice.Namespace {
			rival += fmt.Sprintf(" of namespace %q", r.Namespace)
		}
		path := ClaimedPath(&in.Microservice.Spec.Routes[r.Route])
		if host == "every host" {
			path = " " + path
		}
		all = append(all, fmt.Sprintf("%s%s (routes[%d]; %s)", host, path, r.Route, rival))
	}
	if len(all) > maxClaims {
		all = append(all[:maxClaims], fmt.Sprintf("%d more", len(all)-maxClaims))
	}
	return all
}
