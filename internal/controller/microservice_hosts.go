// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// TakenHosts implements inputs.Source.
func (s *cacheSource) TakenHosts(in *inputs.Inputs) (hosts []inputs.TakenHost, live []string, err error) {
	key := client.ObjectKeyFromObject(in.Microservice)
	// Before the routes are read: one that goes afterwards wakes the Microservice.
	s.taken.set(key, routes.DeclaredGateways(in))
	c := &claimants{cacheSource: s, own: s.ownClaims(in.Microservice),
		topologies: map[string][]*v1alpha1.Topology{}, claims: map[string][]routes.Claim{}}
	if hosts, err = routes.TakenHosts(in, c); err != nil {
		return nil, nil, err
	}
	if live, err = routes.TakenRoutes(in, c); err != nil {
		return nil, nil, err
	}
	var waitsAt []string
	for i := range hosts {
		waitsAt = append(waitsAt, hosts[i].Gateway)
		s.seen.text(fmt.Sprint(hosts[i]))
	}
	s.taken.set(key, waitsAt)
	s.seen.text(live...)
	return hosts, live, nil
}

// ownClaims returns the claims of the live routes of a Microservice.
func (s *cacheSource) ownClaims(ms *v1alpha1.Microservice) []routes.Claim {
	var own []routes.Claim
	for _, kind := range routeKinds {
		for _, route := range s.live[kind] {
			if metav1.IsControlledBy(route, ms) {
				own = append(own, routes.Claims(route)...)
			}
		}
	}
	return own
}

// claimants implements routes.Claimants from the live routes of all Microservices.
type claimants struct {
	*cacheSource
	own []routes.Claim
	// topologies and claims are what was read, by Gateway.
	topologies map[string][]*v1alpha1.Topology
	claims     map[string][]routes.Claim
}

// TopologiesAt implements routes.Claimants. It returns only those in the Gateway's namespace.
func (c *claimants) TopologiesAt(gateway string) ([]*v1alpha1.Topology, error) {
	if found, known := c.topologies[gateway]; known {
		return found, nil
	}
	list := &v1alpha1.TopologyList{}
	namespace, _, _ := strings.Cut(gateway, "/")
	if err := c.cache.List(c.ctx, list, client.InNamespace(namespace), client.MatchingFields{indexGateway: gateway}); err != nil {
		return nil, fmt.Errorf("listing Topologies: %w", err)
	}
	found := make([]*v1alpha1.Topology, len(list.Items))
	for i := range list.Items {
		found[i] = &list.Items[i]
	}
	c.topologies[gateway] = found
	return found, nil
}

// Own implements routes.Claimants.
func (c *claimants) Own() []routes.Claim { return c.own }

// At implements routes.Claimants.
func (c *claimants) At(gateway string) ([]routes.Claim, error) {
	if found, known := c.claims[gateway]; known {
		return found, nil
	}
	live, err := c.routesAt(c.ctx, gateway)
	if err != nil {
		return nil, err
	}
	var found []routes.Claim
	for _, route := range live {
		found = append(found, slices.DeleteFunc(routes.Claims(route), func(claim routes.Claim) bool { return claim.Gateway != gateway })...)
	}
	c.claims[gateway] = found
	return found, nil
}

// Membership implements routes.Claimants.
func (c *claimants) Membership(key types.NamespacedName) (topology string, inherits bool, err error) {
	ms, err := c.Microservice(key)
	if ms == nil || err != nil {
		return "", false, err
	}
	topology, err = graph.MemberOf(ms, c)
	return topology, topology != "" && routes.Inherits(ms), err
}

// takenHosts remembers which Microservices wait for a host that others have, and at which
// Gateways. Its zero value is ready to use.
type takenHosts struct {
	mu sync.Mutex
	at map[types.NamespacedName][]string
}

// set records at which Gateways a Microservice waits for a host; none if it waits for none.
func (t *takenHosts) set(ms types.NamespacedName, gateways []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(gateways) == 0 {
		delete(t.at, ms)
		return
	}
	if t.at == nil {
		t.at = map[types.NamespacedName][]string{}
	}
	t.at[ms] = gateways
}

// waiting returns the Microservices that wait for a host at one of the Gateways; none means any.
func (t *takenHosts) waiting(gateways ...string) []reconcile.Request {
	t.mu.Lock()
	defer t.mu.Unlock()
	var found []reconcile.Request
	for ms, at := range t.at {
		if len(gateways) == 0 || slices.ContainsFunc(at, func(gateway string) bool { return slices.Contains(gateways, gateway) }) {
			found = append(found, reconcile.Request{NamespacedName: ms})
		}
	}
	return found
}

// topologyToHosts returns the Microservices whose hosts a Topology with a Gateway may have, or may
// have had.
func (r *MicroserviceReconciler) topologyToHosts(ctx context.Context, o client.Object) []reconcile.Request {
	var found []reconcile.Request
	for _, gateway := range byGateway(o) {
		found = append(found, r.taken.waiting(gateway)...)
		if namespace, _, _ := strings.Cut(gateway, "/"); namespace != o.GetNamespace() {
			continue
		}
		// It fails only while the cache starts or stops. Every Microservice is reconciled after
		// a start.
		live, _ := r.routesAt(ctx, gateway)
		for _, route := range live {
			if route.GetNamespace() != o.GetNamespace() {
				found = append(found, childToMicroservice(ctx, route.(client.Object))...)
			}
		}
	}
	return found
}
