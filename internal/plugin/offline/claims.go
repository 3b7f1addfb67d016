// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// TakenHosts implements inputs.Source.
func (s *source) TakenHosts(in *inputs.Inputs) (hosts []inputs.TakenHost, live []string, err error) {
	c := &claimants{index: s.indexed(), world: s.World, ms: in.Microservice}
	if hosts, err = routes.TakenHosts(in, c); err != nil {
		return nil, nil, err
	}
	live, err = routes.TakenRoutes(in, c)
	return hosts, live, err
}

// claimants implements routes.Claimants from the live routes of a world and, for services without
// one, from what their routes will claim. Which of two new services comes first is not known: it is
// the one that comes first by namespace.
type claimants struct {
	*index
	world *World
	ms    *v1alpha1.Microservice
}

// TopologiesAt implements routes.Claimants.
func (c *claimants) TopologiesAt(gateway string) ([]*v1alpha1.Topology, error) {
	var found []*v1alpha1.Topology
	for _, topology := range c.world.Topologies {
		if routes.TopologyGateway(topology) == gateway && strings.HasPrefix(gateway, topology.Namespace+"/") {
			found = append(found, topology)
		}
	}
	return found, nil
}

// Own implements routes.Claimants.
func (c *claimants) Own() []routes.Claim {
	return c.live[types.NamespacedName{Namespace: c.ms.Namespace, Name: c.ms.Name}]
}

// At implements routes.Claimants.
func (c *claimants) At(gateway string) ([]routes.Claim, error) {
	var found []routes.Claim
	add := func(claims []routes.Claim) {
		for i := range claims {
			if claims[i].Gateway == gateway {
				found = append(found, claims[i])
			}
		}
	}
	for _, claims := range c.live {
		add(claims)
	}
	for ms, claims := range c.claims {
		if _, isLive := c.live[types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}]; !isLive && ms.Namespace < c.ms.Namespace {
			add(claims)
		}
	}
	return found, nil
}

// Membership implements routes.Claimants.
func (c *claimants) Membership(key types.NamespacedName) (topology string, inherits bool, err error) {
	ms := c.services[key]
	topology = c.memberOf[ms]
	return topology, topology != "" && routes.Inherits(ms), nil
}

// RouteConflicts implements inputs.Source.
func (s *source) RouteConflicts(in *inputs.Inputs) ([]inputs.RouteConflict, error) {
	x := s.indexed()
	own := routes.WithoutTaken(in, x.claims[in.Microservice])
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
	// Without others, only Topologies have hosts. Lookups in a world return no error.
	in.TakenHosts, _ = routes.TakenHosts(in, &claimants{index: &index{}, world: w, ms: ms})
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
