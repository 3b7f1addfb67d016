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

package graph

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Cut is a connection that somebody seems to make and that Strict isolation of a
// Topology would not let through.
type Cut struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Where is the place that tells of the connection, such as env USERS_URL.
	Where string `json:"where"`
	// Do is what lets it through.
	Do string `json:"do"`
}

// Entry is something that is not Atoll's and that sends requests from outside to
// a service, such as an Ingress.
type Entry struct {
	Kind, Namespace, Name string
	// Backend is the name of the Service, in the same namespace.
	Backend string
}

// Cuts finds the connections that Strict isolation of a Topology would cut, as
// far as specs tell of them: services that a service is told of and does not
// declare, dependencies that are not permitted, hosts outside the cluster, and
// entries. services are all that exist, and memberOf says which Topology each is
// a member of.
func Cuts(topology *v1alpha1.Topology, services []*v1alpha1.Microservice, memberOf func(*v1alpha1.Microservice) string, entries []Entry) []Cut {
	existing := make(map[key]*v1alpha1.Microservice, len(services))
	for _, ms := range services {
		existing[key{ms.Namespace, ms.Name}] = ms
	}
	a := &audit{
		topology: topology, services: services, home: topology.Namespace + "/" + topology.Name,
		found: Services{MemberOf: memberOf, Find: func(namespace, name string) *v1alpha1.Microservice { return existing[key{namespace, name}] }},
	}
	for _, ms := range services {
		member := memberOf(ms) == a.home
		a.declared(ms, member)
		a.undeclared(ms, member)
		if member {
			a.outside(ms)
		}
	}
	for _, entry := range entries {
		callee := existing[key{entry.Namespace, entry.Backend}]
		if callee != nil && memberOf(callee) == a.home && !a.open(callee, 0) {
			a.cut(entry.Kind+" "+a.shown(entry.Namespace, entry.Name), a.shown(callee.Namespace, callee.Name), "its backend",
				fmt.Sprintf("declare the route in routes of %s", callee.Name))
		}
	}
	return a.cuts
}

// audit collects cuts.
type audit struct {
	topology *v1alpha1.Topology
	// home is the Topology as namespace/name.
	home     string
	services []*v1alpha1.Microservice
	found    Services
	cuts     []Cut
}

func (a *audit) cut(from, to, where, do string) {
	a.cuts = append(a.cuts, Cut{From: from, To: to, Where: where, Do: do})
}

func (a *audit) shown(namespace, name string) string {
	return Shown(a.topology.Namespace, namespace, name)
}

// open says whether any pod may reach a port of a member, of which 0 is any: it is
// routed, and nobody has said whose pods forward requests.
func (a *audit) open(callee *v1alpha1.Microservice, port int32) bool {
	if gateway := a.topology.Spec.Gateway; gateway != nil && gateway.DataPlane != nil {
		return false
	}
	return slices.ContainsFunc(callee.Spec.Routes, func(route v1alpha1.Route) bool {
		routed := FindPort(callee, route.Port)
		return routed != nil && (port == 0 || port == routed.Port)
	})
}

// concerns says whether a call is one that the Topology's isolation decides over.
func (a *audit) concerns(callerIsMember bool, callee *v1alpha1.Microservice, port int32) bool {
	return callerIsMember || a.found.MemberOf(callee) == a.home && !a.open(callee, port)
}

// declared finds dependencies that don't resolve, and those on another port than
// the one that the caller is told of.
func (a *audit) declared(ms *v1alpha1.Microservice, member bool) {
	edges := Resolve(ms, a.found)
	for i := range edges {
		edge := &edges[i]
		callee := edge.Callee
		if callee == nil {
			continue
		}
		do := ""
		switch {
		case edge.Port == nil:
			do = fmt.Sprintf("correct the port of {name: %s} in dependencies of %s", callee.Name, ms.Name)
		case !edge.Permitted:
			do = fmt.Sprintf("add {name: %s, namespace: %s} to access of %s", ms.Name, ms.Namespace, callee.Name)
		}
		if do != "" && a.concerns(member, callee, 0) {
			a.cut(a.shown(ms.Namespace, ms.Name), a.shown(callee.Namespace, callee.Name), "dependencies", do)
		}
		if edge.Resolved() {
			a.otherPorts(ms, edge, member)
		}
	}
}

func (a *audit) otherPorts(ms *v1alpha1.Microservice, edge *Edge, member bool) {
	to := key{edge.Callee.Namespace, edge.Callee.Name}
	for _, given := range startedWith(ms) {
		for _, at := range addresses(given.value) {
			if at.in(ms.Namespace) != to || at.port == 0 || at.port == edge.Port.Port || !a.concerns(member, edge.Callee, at.port) {
				continue
			}
			a.cut(a.shown(ms.Namespace, ms.Name), fmt.Sprintf("%s:%d", a.shown(to.namespace, to.name), at.port), given.where,
				fmt.Sprintf("the dependency is on port %d: correct the one or the other", edge.Port.Port))
			return
		}
	}
}

func (a *audit) undeclared(ms *v1alpha1.Microservice, member bool) {
	for _, mention := range Undeclared(ms, a.services) {
		if !a.concerns(member, mention.Callee, mention.Port) {
			continue
		}
		name := "name: " + mention.Callee.Name
		if mention.Callee.Namespace != ms.Namespace {
			name += ", namespace: " + mention.Callee.Namespace
		}
		do := fmt.Sprintf("add {%s} to dependencies of %s", name, ms.Name)
		if !a.found.permits(mention.Callee, ms) {
			do += fmt.Sprintf(", and {name: %s, namespace: %s} to access of %s", ms.Name, ms.Namespace, mention.Callee.Name)
		}
		a.cut(a.shown(ms.Namespace, ms.Name), a.shown(mention.Callee.Namespace, mention.Callee.Name), mention.Where, do)
	}
}

// outside finds the hosts beyond the services that a member is told of. Where
// egress lets out to something, whether it is to a host by name can't be told.
func (a *audit) outside(ms *v1alpha1.Microservice) {
	told := map[string]bool{"": true, "localhost": true}
	if gateway := a.topology.Spec.Gateway; gateway != nil {
		// It is told of those for what it answers, and seldom calls them.
		for _, hostname := range gateway.Hostnames {
			told[string(hostname)] = true
		}
	}
	for _, given := range startedWith(ms) {
		for _, at := range addresses(given.value) {
			if told[at.host] || a.inside(at.in(ms.Namespace)) || lets(ms.Spec.Egress, at.host) {
				continue
			}
			told[at.host] = true
			what := "its addresses"
			if at.name != "" {
				what = "the addresses of its pods"
			}
			a.cut(a.shown(ms.Namespace, ms.Name), at.host, given.where, fmt.Sprintf("add %s to egress of %s", what, ms.Name))
		}
	}
	if db := ms.Spec.Database; db != nil && db.External != nil && len(ms.Spec.Egress) == 0 {
		a.cut(a.shown(ms.Namespace, ms.Name), "its database", fmt.Sprintf("Secret %q", db.External.SecretName),
			fmt.Sprintf("add the database's addresses to egress of %s", ms.Name))
	}
}

// inside says whether an address is a service's, or a database's, which lets in
// nobody but its own service whatever the isolation is.
func (a *audit) inside(at key) bool {
	return at.name != "" && (a.found.Find(at.namespace, at.name) != nil || a.found.Find(at.namespace, strings.TrimSuffix(at.name, databaseSuffix)) != nil)
}

// databaseSuffix is what the name of a service's database has more than its own.
const databaseSuffix = "-db"

// lets says whether egress may let out to a host.
func lets(egress []v1alpha1.EgressRule, host string) bool {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return len(egress) > 0
	}
	return ip.IsLoopback() || ip.IsUnspecified() || slices.ContainsFunc(egress, func(rule v1alpha1.EgressRule) bool {
		return slices.ContainsFunc(rule.CIDRs, func(cidr string) bool {
			prefix, err := netip.ParsePrefix(cidr)
			return err == nil && prefix.Contains(ip)
		})
	})
}
