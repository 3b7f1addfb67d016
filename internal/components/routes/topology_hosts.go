// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"slices"
	"strings"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

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
	hasAll, delegates := true, false
	isOwn := func(t *v1alpha1.Topology) bool { return r.in.Topology != nil && keyOf(r.in.Topology) == keyOf(t) }
	others := slices.DeleteFunc(slices.Clone(topologies), isOwn)
	for _, host := range r.served {
		if other, within := withinOf(others, host); other != nil {
			return &inputs.TakenHost{Host: within, Topology: keyOf(other)}, notOwned, nil
		}
		owner := ownerOf(topologies, host)
		if owner == nil {
			hasAll = false
			continue
		}
		if !isOwn(owner) {
			return &inputs.TakenHost{Host: host, Topology: keyOf(owner)}, notOwned, nil
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
// most exactly has it, and of two of them the older.
func ownerOf(topologies []*v1alpha1.Topology, host v1alpha1.Hostname) *v1alpha1.Topology {
	var owner *v1alpha1.Topology
	exact := -1
	for _, topology := range topologies {
		s := specificity(topology.Spec.Gateway.Hostnames, host)
		if s > exact || s >= 0 && s == exact && isOlder(topology, owner) {
			owner, exact = topology, s
		}
	}
	return owner
}

// withinOf returns a Topology with a host that a wildcard or every host includes, and that host. Some
// gateways prefer a longer path to a more exact host.
func withinOf(topologies []*v1alpha1.Topology, host v1alpha1.Hostname) (*v1alpha1.Topology, v1alpha1.Hostname) {
	for _, topology := range topologies {
		for _, hostname := range topology.Spec.Gateway.Hostnames {
			if hostname != host && includes(host, hostname) {
				return topology, hostname
			}
		}
	}
	return nil, ""
}

func isOlder(a, b *v1alpha1.Topology) bool {
	if a.CreationTimestamp.Equal(&b.CreationTimestamp) {
		return a.Name < b.Name
	}
	return a.CreationTimestamp.Before(&b.CreationTimestamp)
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
	taken := r.takenBy(slices.DeleteFunc(others, func(c Claim) bool { return !slices.Contains(paths, c.Path) }))
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
