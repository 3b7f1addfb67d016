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
//   - A Topology beside the Gateway has its hostnames. The members have them, and the services of its
//     namespace.
//   - Any other host belongs to the namespace of the oldest route with it, and to the members
//     of a Topology with that host which the route's service is a member of.
//   - Members of other namespaces than the Topology's have the paths that it delegates to their
//     namespace. Where it delegates none, a path belongs to the namespace of the oldest route.
//   - The services of the Gateway's namespace may use every host.

// Claimants finds who claims what at a Gateway, which is given as namespace/name.
type Claimants interface {
	// TopologiesAt returns the Topologies with the Gateway.
	TopologiesAt(gateway string) ([]*v1alpha1.Topology, error)
	// First returns the oldest claim of a live route on one of the hosts; nil if there is none.
	First(gateway string, hosts []v1alpha1.Hostname) (*Claim, error)
	// WithKeys returns the claims of live routes that have one of the keys.
	WithKeys(keys []string) ([]Claim, error)
	// TopologyOf returns the Topology that a Microservice is a member of, as namespace/name.
	// It is empty if there is none.
	TopologyOf(ms types.NamespacedName) (string, error)
}

// TakenHosts returns the hosts of a Microservice's routes that belong to others.
func TakenHosts(in *inputs.Inputs, claimants Claimants) ([]inputs.TakenHost, error) {
	ms := in.Microservice
	var all []inputs.TakenHost
	for i := range ms.Spec.Routes {
		for _, ref := range GatewayRefs(ms, &ms.Spec.Routes[i], in.Topology) {
			at := gatewayHosts{in: in, claimants: claimants, key: RefKey(&ref, ms.Namespace), path: claimOf(pathOf(&ms.Spec.Routes[i]), nil).Path}
			if gateway := in.Gateways[at.key]; gateway != nil {
				at.listeners = listenerHosts(gateway, ref.SectionName)
			}
			if at.namespace() == ms.Namespace {
				continue
			}
			for _, hostname := range hostsOf(&ms.Spec.Routes[i], in.Topology) {
				taken, err := at.takenOf(hostname)
				if err != nil {
					return nil, err
				}
				if taken != nil {
					taken.Route, taken.Hostname = i, hostname
					all = append(all, *taken)
				}
			}
		}
	}
	return all, nil
}

// hostsOf returns the hosts of a route. One without a name means every host.
func hostsOf(route *v1alpha1.Route, topology *v1alpha1.Topology) []v1alpha1.Hostname {
	if hostnames := Hostnames(route, topology); len(hostnames) > 0 {
		return hostnames
	}
	return []v1alpha1.Hostname{""}
}

// gatewayHosts says who has the hosts of a Gateway.
type gatewayHosts struct {
	in        *inputs.Inputs
	claimants Claimants
	// key is the Gateway as namespace/name, listeners are the hosts of its listeners.
	key       string
	listeners []v1alpha1.Hostname
	// path is that of the route.
	path string
}

func (g *gatewayHosts) namespace() string {
	namespace, _, _ := strings.Cut(g.key, "/")
	return namespace
}

// takenOf returns who has the first host that is taken of those that a route with a hostname gets.
func (g *gatewayHosts) takenOf(hostname v1alpha1.Hostname) (*inputs.TakenHost, error) {
	for _, host := range served(g.listeners, hostname) {
		if taken, err := g.taken(host); taken != nil || err != nil {
			if taken != nil {
				taken.Host = host
			}
			return taken, err
		}
	}
	return nil, nil
}

// taken returns who has a host, or the path on it, if the Microservice may not use it.
func (g *gatewayHosts) taken(host v1alpha1.Hostname) (*inputs.TakenHost, error) {
	owner, err := g.owner(host)
	if err != nil {
		return nil, err
	}
	own := g.in.Topology
	if owner != nil {
		switch {
		case owner.Namespace == g.in.Microservice.Namespace:
			return nil, nil
		case own == nil || keyOf(own) != keyOf(owner):
			return &inputs.TakenHost{Topology: keyOf(owner)}, nil
		}
		return g.takenPath(owner, host)
	}
	first, err := g.claimants.First(g.key, including(g.listeners, host))
	if err != nil || first == nil || first.Microservice.Namespace == g.in.Microservice.Namespace {
		return nil, err
	}
	if own != nil && own.Spec.Gateway != nil && specificity(own.Spec.Gateway.Hostnames, host) >= 0 {
		others, err := g.claimants.TopologyOf(first.Microservice)
		if err != nil {
			return nil, err
		}
		if others == keyOf(own) {
			return g.takenPath(own, host)
		}
	}
	return &inputs.TakenHost{Namespace: first.Microservice.Namespace}, nil
}

// owner returns the Topology beside the Gateway that has a host; nil if none has it. The one
// that names the host most exactly has it, and of two of them the older.
func (g *gatewayHosts) owner(host v1alpha1.Hostname) (*v1alpha1.Topology, error) {
	topologies, err := g.claimants.TopologiesAt(g.key)
	if err != nil {
		return nil, err
	}
	var owner *v1alpha1.Topology
	exact := -1
	for _, topology := range topologies {
		if topology.Namespace != g.namespace() || topology.Spec.Gateway == nil {
			continue
		}
		s := specificity(topology.Spec.Gateway.Hostnames, host)
		if s > exact || s >= 0 && s == exact && isOlder(topology, owner) {
			owner, exact = topology, s
		}
	}
	return owner, nil
}

func isOlder(a, b *v1alpha1.Topology) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
}

// takenPath returns who has the path on a host of a Topology, for a member of another namespace.
// A header makes no difference: it takes requests from a route without it.
func (g *gatewayHosts) takenPath(topology *v1alpha1.Topology, host v1alpha1.Hostname) (*inputs.TakenHost, error) {
	ms := types.NamespacedName{Namespace: g.in.Microservice.Namespace, Name: g.in.Microservice.Name}
	if ms.Namespace == topology.Namespace {
		return nil, nil
	}
	if delegated := topology.Spec.Gateway.DelegatedPaths; len(delegated) > 0 {
		if isDelegated(delegated, ms.Namespace, g.path) {
			return nil, nil
		}
		return &inputs.TakenHost{Topology: keyOf(topology), Path: g.path}, nil
	}
	var keys []string
	for _, h := range including(g.listeners, host) {
		for _, path := range includingPaths(g.path) {
			keys = append(keys, (&Claim{Gateway: g.key, Hostname: h, Path: path}).Key())
		}
	}
	claims, err := g.claimants.WithKeys(keys)
	if err != nil {
		return nil, err
	}
	var own *Claim
	for i := range claims {
		if c := &claims[i]; c.Microservice == ms && (own == nil || c.Precedes(own)) {
			own = c
		}
	}
	for i := range claims {
		if c := &claims[i]; c.Microservice.Namespace != ms.Namespace && (own == nil || c.Precedes(own)) {
			return &inputs.TakenHost{Namespace: c.Microservice.Namespace, Path: g.path}, nil
		}
	}
	return nil, nil
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
