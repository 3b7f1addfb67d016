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
//     overlaps, and to the members of a Topology with that host, if that route's service is one.
//   - Members in other namespaces than the Topology's have the paths that it delegates to their
//     namespace. Where it delegates none, a path belongs to the namespace that has a live route with it.
//   - The services of the Gateway's namespace may use every host.
//
// The age of a route says nothing: a service that changes an old route must not take what
// others have. A live route keeps its host, unless a Topology beside the Gateway has it.

// Claimants finds who claims what at Gateways, which are given as namespace/name.
type Claimants interface {
	// TopologiesAt returns the Topologies with the Gateway.
	TopologiesAt(gateway string) ([]*v1alpha1.Topology, error)
	// Own returns the claims of the live routes of the Microservice.
	Own() []Claim
	// At returns the claims of all live routes at the Gateway that are not in a namespace.
	// It also reports whether one of the namespace satisfies a condition.
	At(gateway, namespace string, is func(*Claim) bool) (others []Claim, found bool, err error)
	// TopologyOf returns the Topology that a Microservice is a member of, as namespace/name.
	// It is empty if there is none.
	TopologyOf(ms types.NamespacedName) (string, error)
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
				claim.Gateway, claim.section, claim.Hostname = RefKey(&ref, ms.Namespace), ref.SectionName, hostname
				taken, err := newHostRule(in, claimants, claim).taken()
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
	r.served = r.listeners.served(&claim)
	return r
}

// taken returns who has the claim's host, or the path on it, if the Microservice may not use it.
func (r *hostRule) taken() (*inputs.TakenHost, error) {
	namespace := r.in.Microservice.Namespace
	if len(r.served) == 0 {
		return nil, nil
	}
	taken, of, err := r.takenByTopology()
	if taken != nil || of == ownPath || err != nil {
		return taken, err
	}
	if slices.ContainsFunc(r.claimants.Own(), func(c Claim) bool { return r.isSameHost(&c) && c.Path == r.claim.Path }) {
		return nil, nil
	}
	others, hasHost, err := r.claimants.At(r.claim.Gateway, namespace, r.isSameHost)
	if err != nil {
		return nil, err
	}
	others = slices.DeleteFunc(others, func(other Claim) bool { return !r.overlaps(&other) })
	own := r.in.Topology
	isShared := own != nil && TopologyGateway(own) == r.claim.Gateway && includesAll(own.Spec.Gateway.Hostnames, r.served)
	if !hasHost && of != ownHost {
		strangers := func(*Claim) bool { return true }
		if isShared {
			if strangers, err = r.strangers(others, keyOf(own)); err != nil {
				return nil, err
			}
		}
		if taken := r.takenBy(others, strangers); taken != nil {
			return taken, nil
		}
	}
	if isShared {
		return r.takenPath(own, others), nil
	}
	return nil, nil
}

// verdict is what the Topologies beside a Gateway say about a claim.
type verdict int

const (
	// notOwned means that none of them has all hosts of the claim.
	notOwned verdict = iota
	// ownHost means that the Microservice's own Topology has them.
	ownHost
	// ownPath means that it delegates the path to the Microservice's namespace, too.
	ownPath
)

// takenByTopology returns which Topology beside the Gateway has the host or the path, if the
// Microservice may not use it.
func (r *hostRule) takenByTopology() (*inputs.TakenHost, verdict, error) {
	if r.in.Microservice.Namespace == r.gatewayNamespace {
		return nil, ownPath, nil
	}
	topologies, err := r.claimants.TopologiesAt(r.claim.Gateway)
	if err != nil {
		return nil, notOwned, err
	}
	topologies = slices.DeleteFunc(topologies, func(t *v1alpha1.Topology) bool {
		return t.Namespace != r.gatewayNamespace || t.Spec.Gateway == nil
	})
	hasAll, delegates := true, false
	for _, host := range r.served {
		owner := ownerOf(topologies, host)
		if owner == nil {
			hasAll = false
			continue
		}
		if r.in.Topology == nil || keyOf(r.in.Topology) != keyOf(owner) {
			return &inputs.TakenHost{Host: narrowest(host, owner.Spec.Gateway.Hostnames), Topology: keyOf(owner)}, notOwned, nil
		}
		if delegated := owner.Spec.Gateway.DelegatedPaths; len(delegated) > 0 {
			if !isDelegated(delegated, r.in.Microservice.Namespace, r.claim.Path) {
				return &inputs.TakenHost{Host: host, Topology: keyOf(owner), Path: r.claim.Path}, notOwned, nil
			}
			delegates = true
		}
	}
	switch {
	case !hasAll:
		return nil, notOwned, nil
	case delegates:
		return nil, ownPath, nil
	}
	return nil, ownHost, nil
}

// ownerOf returns the Topology that has a host; nil if none has it. The one that names the host
// most exactly has it, and of two of them the older. If none names it, one has it whose host the
// given one includes: some gateways prefer a longer path to a more exact host.
func ownerOf(topologies []*v1alpha1.Topology, host v1alpha1.Hostname) *v1alpha1.Topology {
	var owner *v1alpha1.Topology
	exact := -1
	for _, topology := range topologies {
		s := specificity(topology.Spec.Gateway.Hostnames, host)
		if s > exact || s >= 0 && s == exact && isOlder(topology, owner) {
			owner, exact = topology, s
		}
	}
	if owner != nil {
		return owner
	}
	for _, topology := range topologies {
		within := slices.ContainsFunc(topology.Spec.Gateway.Hostnames, func(h v1alpha1.Hostname) bool { return includes(host, h) })
		if within && (owner == nil || isOlder(topology, owner)) {
			owner = topology
		}
	}
	return owner
}

func isOlder(a, b *v1alpha1.Topology) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

// isSameHost reports whether another claim has the same hostname at the same listeners.
func (r *hostRule) isSameHost(other *Claim) bool {
	return other.Gateway == r.claim.Gateway && other.Hostname == r.claim.Hostname && other.section == r.claim.section
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

// takenBy returns the namespace of the first of the claims that meet a condition.
func (r *hostRule) takenBy(claims []Claim, counts func(*Claim) bool) *inputs.TakenHost {
	var first *Claim
	for i := range claims {
		if c := &claims[i]; counts(c) && (first == nil || c.Precedes(first)) {
			first = c
		}
	}
	if first == nil {
		return nil
	}
	host, _ := r.common(first)
	return &inputs.TakenHost{Host: host, Namespace: first.Microservice.Namespace}
}

// strangers returns a condition for the claims of namespaces whose first claim is not that of a
// member of a Topology.
func (r *hostRule) strangers(claims []Claim, topology string) (func(*Claim) bool, error) {
	first := map[string]*Claim{}
	for i := range claims {
		c := &claims[i]
		if known := first[c.Microservice.Namespace]; known == nil || c.Precedes(known) {
			first[c.Microservice.Namespace] = c
		}
	}
	found := map[string]bool{}
	for namespace, claim := range first {
		of, err := r.claimants.TopologyOf(claim.Microservice)
		if err != nil {
			return nil, err
		}
		found[namespace] = of != topology
	}
	return func(c *Claim) bool { return found[c.Microservice.Namespace] }, nil
}

// takenPath returns who has the path on a host of a Topology, for a member. A header makes no
// difference: it takes requests from a route without it.
func (r *hostRule) takenPath(topology *v1alpha1.Topology, others []Claim) *inputs.TakenHost {
	if r.in.Microservice.Namespace == topology.Namespace {
		return nil
	}
	if delegated := topology.Spec.Gateway.DelegatedPaths; len(delegated) > 0 {
		if isDelegated(delegated, r.in.Microservice.Namespace, r.claim.Path) {
			return nil
		}
		return &inputs.TakenHost{Host: r.served[0], Topology: keyOf(topology), Path: r.claim.Path}
	}
	paths := includingPaths(r.claim.Path)
	taken := r.takenBy(others, func(c *Claim) bool { return slices.Contains(paths, c.Path) })
	if taken != nil {
		taken.Path = r.claim.Path
	}
	return taken
}

// isDelegated reports whether the longest of the delegated prefixes of a path is one of a
// namespace.
func isDelegated(delegated []v1alpha1.DelegatedPaths, namespace, path string) bool {
	longest, own := -1, false
	for i := range delegated {
		for _, prefix := range delegated[i].Prefixes {
			prefix = claimOf(prefix, nil).Path
			if !slices.Contains(includingPaths(path), prefix) && prefix != "/" {
				continue
			}
			isOwn := delegated[i].Namespace == namespace
			if len(prefix) > longest {
				longest, own = len(prefix), isOwn
			} else if len(prefix) == longest {
				own = own || isOwn
			}
		}
	}
	return own
}

// includingPaths returns a path and those that include it, without the one that includes all.
func includingPaths(path string) []string {
	paths := []string{path}
	for at := strings.LastIndexByte(path, '/'); at > 0; at = strings.LastIndexByte(path, '/') {
		path = path[:at]
		paths = append(paths, path)
	}
	return paths
}

func keyOf(topology *v1alpha1.Topology) string { return topology.Namespace + "/" + topology.Name }
