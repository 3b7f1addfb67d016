// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/isolation"
	"github.com/atoll-dev/atoll/internal/graph"
)

// unresolved finds dependencies that don't resolve.
func (a *audit) unresolved(ms *v1alpha1.Microservice) {
	edges := a.world.indexed().edges[ms]
	for i := range edges {
		edge := &edges[i]
		if edge.Callee == nil || edge.Resolved() || !denied(a.isolationOf(ms), a.isolationOf(edge.Callee)) {
			continue
		}
		port, do := int32(0), fmt.Sprintf("correct the port of {name: %s} in dependencies of %s", edge.Callee.Name, ms.Name)
		if edge.Port != nil {
			port, do = edge.Port.Port, fmt.Sprintf("add {name: %s, namespace: %s} to access of %s", ms.Name, ms.Namespace, edge.Callee.Name)
		}
		if edge.Callee != ms && !a.reaches(ms, edge.Callee, port) {
			a.cut(a.shown(ms), a.shown(edge.Callee), "dependencies", do)
		}
	}
}

// configuredCalls finds the services whose address is in the configuration of a service.
func (a *audit) configuredCalls(ms *v1alpha1.Microservice) {
	seen := map[string]bool{}
	for _, at := range graph.ServiceAddresses(ms) {
		callee := a.world.called(&at)
		if callee == nil || callee == ms || !denied(a.isolationOf(ms), a.isolationOf(callee)) || a.reaches(ms, callee, at.Port) {
			continue
		}
		to, do := a.shown(callee), ""
		edges := a.world.indexed().edges[ms]
		declared := slices.IndexFunc(edges, func(e graph.Edge) bool { return e.Callee == callee })
		switch {
		case declared < 0:
			do = a.world.declare(ms, callee)
		case !edges[declared].Resolved():
			// The dependency reports it.
			continue
		default:
			to += fmt.Sprintf(":%d", at.Port)
			do = fmt.Sprintf("the dependency is on port %d: correct the one or the other, or name the port in its morePorts", edges[declared].Port.Port)
		}
		if !seen[to] {
			seen[to] = true
			a.cut(a.shown(ms), to, at.Where, do)
		}
	}
}

// outside reports the external hosts in a member's configuration that its egress
// does not allow. Where egress allows addresses, a host name does not tell whether
// it has one of them.
func (a *audit) outside(ms *v1alpha1.Microservice) {
	reported := map[string]bool{"": true, "localhost": true}
	if gateway := a.topology.Spec.Gateway; gateway != nil {
		// A service is configured with its own public hostnames for what it answers. It
		// seldom calls them.
		for _, hostname := range gateway.Hostnames {
			reported[string(hostname)] = true
		}
	}
	for _, at := range graph.ServiceAddresses(ms) {
		if reported[at.Host] || a.inside(&at) || a.members[ms].byHand || letsOutTo(ms.Spec.Egress, at.Host, at.Port) {
			continue
		}
		reported[at.Host] = true
		what := "its addresses"
		if at.Name != "" {
			what = "the addresses of its pods"
		}
		a.cut(a.shown(ms), at.Host, at.Where, fmt.Sprintf("add %s to egress of %s", what, ms.Name))
	}
	if db := ms.Spec.Database; db != nil && db.External != nil && len(ms.Spec.Egress) == 0 && !a.members[ms].byHand {
		a.cut(a.shown(ms), "its database", fmt.Sprintf("Secret %q", db.External.SecretName),
			fmt.Sprintf("add the database's addresses to egress of %s", ms.Name))
	}
}

// inside says whether an address belongs to a service or to a database. A database
// admits only its own service, whatever the isolation is.
func (a *audit) inside(at *graph.ConfiguredAddress) bool {
	return at.Name != "" && (a.world.called(at) != nil || a.world.databaseOf(at) != nil)
}

// letsOutTo says whether egress may let out to a port of a host.
func letsOutTo(egress []v1alpha1.EgressRule, host string, port int32) bool {
	ip, err := netip.ParseAddr(host)
	if err == nil && (ip.IsLoopback() || ip.IsUnspecified()) {
		return true
	}
	return slices.ContainsFunc(egress, func(rule v1alpha1.EgressRule) bool {
		if port != 0 && len(rule.Ports) > 0 && !slices.Contains(rule.Ports, port) {
			return false
		}
		return err != nil || slices.ContainsFunc(rule.CIDRs, func(cidr string) bool {
			block := isolation.IPBlockOf(cidr)
			contains := func(cidr string) bool {
				prefix, err := netip.ParsePrefix(cidr)
				return err == nil && prefix.Contains(ip)
			}
			return contains(block.CIDR) && !slices.ContainsFunc(block.Except, contains)
		})
	})
}

const (
	annotationScrape = "prometheus.io/scrape"
	annotationPort   = "prometheus.io/port"
)

// scrapers reports members that ask to be scraped although no scraper is admitted.
func (a *audit) scrapers(ms *v1alpha1.Microservice) {
	overlay := corev1.PodTemplateSpec{}
	if a.topology.Spec.Monitoring != nil || ms.Spec.PodTemplate == nil || json.Unmarshal(ms.Spec.PodTemplate.Raw, &overlay) != nil ||
		overlay.Annotations[annotationScrape] != "true" {
		return
	}
	// An invalid port counts as any port.
	port, _ := strconv.ParseUint(overlay.Annotations[annotationPort], 10, 16)
	if !a.lets(ms, &forwarder{}, int32(port)) {
		a.cut("whoever scrapes", a.shown(ms), "annotation "+annotationScrape, fmt.Sprintf("set monitoring of Topology %s", a.topology.Name))
	}
}

// workload reports the members whose addresses are in the configuration of pods
// that belong to no Microservice. Access can't name such pods as callers.
func (a *audit) workload(of *Workload) {
	from := a.endpointOf(of.Namespace, of.Pods.Labels)
	seen := map[*v1alpha1.Microservice]bool{}
	for _, at := range graph.PodAddresses(of.Namespace, &of.Pods.Spec) {
		callee := a.world.called(&at)
		if callee == nil || seen[callee] || a.lets(callee, from, at.Port) {
			continue
		}
		seen[callee] = true
		a.cut(of.Kind+" "+graph.DisplayName(a.topology.Namespace, of.Namespace, of.Name), a.shown(callee), at.Where, "access can't name it, as it is no Microservice: "+byHand("its pods", callee, at.Port))
	}
}

// byHand describes a policy that the user has to make.
func byHand(who string, callee *v1alpha1.Microservice, port int32) string {
	what := "the pods of " + callee.Name
	if port != 0 {
		what = fmt.Sprintf("port %d of %s", listensOn(callee, port)[0].Number, callee.Name)
	}
	return fmt.Sprintf("add a NetworkPolicy to namespace %s that lets %s reach %s", callee.Namespace, who, what)
}

// entry looks at an entry.
func (a *audit) entry(of *Entry) {
	callee := a.world.indexed().service(of.To.Namespace, of.To.Name)
	if callee == nil || a.members[callee] == nil {
		return
	}
	number := int32(0)
	if n, err := strconv.ParseUint(of.Port, 10, 16); err == nil {
		number = int32(n)
	} else if port := graph.FindPort(callee, of.Port); of.Port != "" && port != nil {
		number = port.Port
	}
	from := &forwarder{}
	if gateway := a.topology.Spec.Gateway; of.DataPlane && gateway != nil && gateway.DataPlane != nil {
		from.dataPlane = ptr.To(isolation.PeerOf(a.topology, gateway.DataPlane))
	}
	if !a.lets(callee, from, number) {
		to := a.shown(callee)
		if number != 0 {
			to += fmt.Sprintf(":%d", number)
		}
		a.cut(of.Kind+" "+graph.DisplayName(a.topology.Namespace, of.Namespace, of.Name), to, "its backend",
			fmt.Sprintf("declare the route in routes of %s, or %s", callee.Name, byHand("the pods that forward it", callee, number)))
	}
}
