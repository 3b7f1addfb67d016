// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// A gateway sends a request to the route with the longest path and the most headers, whoever
// made it. So a host belongs to one Topology or one namespace, and no other attaches with it:
//
//   - A Topology beside the Gateway has its hostnames. Only its members may use them.
//   - Any other host belongs to the namespace that has a live route with it or with a host that
//     overlaps. A Topology shares the hosts of its namespace, and those that members have from it,
//     with its members.
//   - Members in other namespaces than the Topology's have the paths that it delegates to their
//     namespace. Where it delegates none, a path belongs to the namespace that has a live route with it.
//   - The services of the Gateway's namespace may use every host.
//
// The age of a route says nothing: a service that changes an old route must not take what
// others have. A live route keeps its host and path, unless a Topology beside the Gateway has them.

// Claimants finds who claims what at Gateways, which are given as namespace/name.
type Claimants interface {
	// TopologiesAt returns the Topologies with the Gateway that are in its namespace.
	TopologiesAt(gateway string) ([]*v1alpha1.Topology, error)
	// Own returns the claims of the live routes of the Microservice.
	Own() []Claim
	// At returns the claims of all live routes at the Gateway.
	At(gateway string) ([]Claim, error)
	// Membership returns the Topology that a Microservice is a member of, as namespace/name, and
	// whether its routes have their hosts and Gateways from it. Both are empty if there is none.
	Membership(ms types.NamespacedName) (topology string, inherits bool, err error)
}

// TakenHosts returns the hosts of a Microservice's routes that belong to others.
func TakenHosts(in *inputs.Inputs, claimants Claimants) ([]inputs.TakenHost, error) {
	ms := in.Microservice
	var all []inputs.TakenHost
	for i := range ms.Spec.Routes {
		route := &ms.Spec.Routes[i]
		for _, ref := range GatewayRefs(ms, route, in.Topology) {
			for _, hostname := range hostsOf(route, in.Topology) {
				claim := claimOf(pathOf(route), nil)
				claim.Microservice = types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}
				claim.Gateway, claim.section, claim.Hostname = RefKey(&ref, ms.Namespace), ref.SectionName, hostname
				taken, err := newHostRule(in, claimants, claim).taken(len(route.Hostnames) == 0 && len(route.ParentRefs) == 0)
				if err != nil {
					return nil, err
				}
				if taken != nil {
					taken.Route, taken.Hostname, taken.Gateway = i, hostname, claim.Gateway
					all = append(all, *taken)
				}
			}
		}
	}
	return all, nil
}

// TakenRoutes returns the names of a Microservice's live routes with a host or path that belongs
// to a Topology beside the Gateway and not to the Microservice. They do not stay, whatever else is
// wrong with the Microservice.
func TakenRoutes(in *inputs.Inputs, claimants Claimants) ([]string, error) {
	var names []string
	for _, claim := range claimants.Own() {
		if claim.Hostname == "" && in.Gateways[claim.Gateway] == nil {
			// The listeners decide which hosts it gets, and they are not known.
			continue
		}
		taken, _, err := newHostRule(in, claimants, claim).takenByTopology()
		if err != nil {
			return nil, err
		}
		if taken != nil && !slices.Contains(names, claim.route) {
			names = append(names, claim.route)
		}
	}
	return names, nil
}

// hostsOf returns the hosts of a route. One without a name means every host.
func hostsOf(route *v1alpha1.Route, topology *v1alpha1.Topology) []v1alpha1.Hostname {
	if hostnames := Hostnames(route, topology); len(hostnames) > 0 {
		return hostnames
	}
	return []v1alpha1.Hostname{""}
}

// hostRule says who has the host of a claim of the Microservice.
type hostRule struct {
	in        *inputs.Inputs
	claimants Claimants
	claim     Claim
	listeners listenerHosts
	// gatewayNamespace is the Gateway's, served are the hosts that the claim gets there.
	gatewayNamespace string
	served           []v1alpha1.Hostname
}

func newHostRule(in *inputs.Inputs, claimants Claimants, claim Claim) *hostRule {
	r := &hostRule{in: in, claimants: claimants, claim: claim, listeners: listenersOf(in.Gateways[claim.Gateway])}
	r.gatewayNamespace, _, _ = strings.Cut(claim.Gateway, "/")
	r.served = r.listeners.judged(&claim)
	return r
}

// taken returns who has the claim's host, or the path on it, if the Microservice may not use it.
// inherits is true if the route has its hosts and Gateway from the Topology.
func (r *hostRule) taken(inherits bool) (*inputs.TakenHost, error) {
	if len(r.served) == 0 {
		// No listener has the section, or lets the namespace attach.
		return nil, nil
	}
	taken, of, err := r.takenByTopology()
	if taken != nil || of == ownPath || err != nil {
		return taken, err
	}
	if slices.ContainsFunc(r.claimants.Own(), r.isSame) {
		return nil, nil
	}
	all, err := r.claimants.At(r.claim.Gateway)
	if err != nil {
		return nil, err
	}
	var others []Claim
	hasHost := false
	for i := range all {
		if c := &all[i]; c.Microservice.Namespace == r.in.Microservice.Namespace {
			hasHost = hasHost || c.Hostname == r.claim.Hostname && c.section == r.claim.section
		} else if r.overlaps(c) {
			others = append(others, *c)
		}
	}
	own := r.in.Topology
	isShared := own != nil && TopologyGateway(own) == r.claim.Gateway && includesAll(own.Spec.Gateway.Hostnames, r.served)
	if of != ownHost {
		strangers, guests, err := r.divide(others, isShared, hasHost)
		if err != nil {
			return nil, err
		}
		if len(strangers) > 0 {
			return r.takenBy(strangers), nil
		}
		// The host is the namespace's own, and no Topology of others decides about its paths.
		isShared = isShared && (inherits || len(guests) < len(others))
	}
	if isShared {
		return r.takenPath(own, others), nil
	}
	return nil, nil
}

// divide returns the claims that make a host one of others, and those of guests: members of a
// Topology of the Microservice's namespace that have the host from it, or share one that the
// namespace has. isShared means that the Microservice's Topology names the host.
func (r *hostRule) divide(claims []Claim, isShared, hasHost bool) (strangers, guests []Claim, err error) {
	type kind int
	const (
		stranger kind = iota
		guest
		member
	)
	known := map[types.NamespacedName]kind{}
	for i := range claims {
		c := &claims[i]
		of, found := known[c.Microservice]
		if !found {
			topology, inherits, err := r.claimants.Membership(c.Microservice)
			if err != nil {
				return nil, nil, err
			}
			namespace, _, _ := strings.Cut(topology, "/")
			switch {
			case namespace == r.in.Microservice.Namespace && (inherits || hasHost):
				of = guest
			case isShared && (c.Microservice.Namespace == r.in.Topology.Namespace || inherits && topology == keyOf(r.in.Topology)):
				of = member
			}
			known[c.Microservice] = of
		}
		switch of {
		case stranger:
			strangers = append(strangers, *c)
		case guest:
			guests = append(guests, *c)
		}
	}
	return strangers, guests, nil
}

// isSame reports whether another claim is on the same requests at the same listeners, apart from
// headers.
func (r *hostRule) isSame(other Claim) bool {
	return other.Key() == r.claim.Key() && other.section == r.claim.section
}

// overlaps reports whether the gateway may have to choose between the claim and another one by
// more than the host.
func (r *hostRule) overlaps(other *Claim) bool {
	_, overlaps := r.common(other)
	return overlaps
}

// common returns a host that the claim and another one get.
func (r *hostRule) common(other *Claim) (host v1alpha1.Hostname, found bool) {
	for _, host := range r.listeners.served(other) {
		for _, own := range r.served {
			switch {
			case includes(own, host):
				return host, true
			case includes(host, own):
				return own, true
			}
		}
	}
	return "", false
}

// takenBy returns the namespace of the first of the claims; nil without claims.
func (r *hostRule) takenBy(claims []Claim) *inputs.TakenHost {
	if len(claims) == 0 {
		return nil
	}
	first := &claims[0]
	for i := range claims {
		if claims[i].Precedes(first) {
			first = &claims[i]
		}
	}
	host, _ := r.common(first)
	return &inputs.TakenHost{Host: host, Namespace: first.Microservice.Namespace}
}

// Inherits reports whether the routes of a Microservice have their hosts and Gateways from its
// Topology.
func Inherits(ms *v1alpha1.Microservice) bool {
	return !slices.ContainsFunc(ms.Spec.Routes, func(route v1alpha1.Route) bool { return len(route.Hostnames) > 0 || len(route.ParentRefs) > 0 })
}
