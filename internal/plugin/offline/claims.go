// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// TakenHosts implements inputs.Source.
func (s *source) TakenHosts(in *inputs.Inputs) ([]inputs.TakenHost, error) {
	return routes.TakenHosts(in, claimants{s.indexed(), s.World})
}

// claimants implements routes.Claimants from what the routes of a world will claim.
type claimants struct {
	*index
	world *World
}

// TopologiesAt implements routes.Claimants.
func (c claimants) TopologiesAt(gateway string) ([]*v1alpha1.Topology, error) {
	var found []*v1alpha1.Topology
	for _, topology := range c.world.Topologies {
		if routes.TopologyGateway(topology) == gateway {
			found = append(found, topology)
		}
	}
	return found, nil
}

// First implements routes.Claimants.
func (c claimants) First(gateway string, hosts []v1alpha1.Hostname) (*routes.Claim, error) {
	var first *routes.Claim
	for _, host := range hosts {
		claims := c.claimants[routes.HostKey(gateway, host)]
		for i := range claims {
			if first == nil || claims[i].Precedes(first) {
				first = &claims[i]
			}
		}
	}
	return first, nil
}

// WithKeys implements routes.Claimants.
func (c claimants) WithKeys(keys []string) ([]routes.Claim, error) {
	var found []routes.Claim
	for _, key := range keys {
		found = append(found, c.claimants[key]...)
	}
	return found, nil
}

// TopologyOf implements routes.Claimants.
func (c claimants) TopologyOf(ms types.NamespacedName) (string, error) {
	return c.memberOf[c.services[ms]], nil
}

// RouteConflicts implements inputs.Source.
func (s *source) RouteConflicts(in *inputs.Inputs) ([]inputs.RouteConflict, error) {
	x := s.indexed()
	own := routes.Open(in, x.claims[in.Microservice])
	var others []routes.Claim
	for _, claim := range own {
		others = append(others, x.claimants[claim.Key()]...)
	}
	return routes.Conflicts(in.Microservice, own, others), nil
}

// claimsOf returns what a service's routes will claim. live are those that exist; a
// route keeps its age.
func (w *World) claimsOf(ms *v1alpha1.Microservice, live []kube.Object) []routes.Claim {
	in, _ := inputs.AssembleRouting(ms, &source{World: w})
	var claims []routes.Claim
	for _, build := range []func(*inputs.Inputs) ([]kube.Object, error){routes.HTTPRoutes, routes.GRPCRoutes} {
		// A route that can't be built claims nothing, and the service itself reports it.
		built, _ := build(in)
		for _, o := range built {
			for _, route := range live {
				if route.GetName() == o.GetName() && metav1.IsControlledBy(route, ms) {
					o.SetCreationTimestamp(route.GetCreationTimestamp())
				}
			}
			claims = append(claims, routes.Claims(o)...)
		}
	}
	return claims
}
