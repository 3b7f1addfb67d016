// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// TakenHosts implements inputs.Source.
func (s *cacheSource) TakenHosts(in *inputs.Inputs) ([]inputs.TakenHost, error) {
	taken, err := routes.TakenHosts(in, claimants{s})
	for i := range taken {
		s.seen.text(fmt.Sprint(taken[i]))
	}
	return taken, err
}

// claimants implements routes.Claimants from the live routes of all Microservices.
type claimants struct{ *cacheSource }

// TopologiesAt implements routes.Claimants.
func (c claimants) TopologiesAt(gateway string) ([]*v1alpha1.Topology, error) {
	list := &v1alpha1.TopologyList{}
	namespace, _, _ := strings.Cut(gateway, "/")
	if err := c.cache.List(c.ctx, list, client.InNamespace(namespace), client.MatchingFields{indexGateway: gateway}); err != nil {
		return nil, fmt.Errorf("listing Topologies: %w", err)
	}
	found := make([]*v1alpha1.Topology, len(list.Items))
	for i := range list.Items {
		found[i] = &list.Items[i]
	}
	return found, nil
}

// First implements routes.Claimants.
func (c claimants) First(gateway string, hosts []v1alpha1.Hostname) (*routes.Claim, error) {
	var first *routes.Claim
	for _, host := range hosts {
		claim, err := c.hosts.of(routes.HostKey(gateway, host), func() (*routes.Claim, error) { return c.firstAt(gateway, host) })
		if err != nil {
			return nil, err
		}
		if claim != nil && (first == nil || claim.Precedes(first)) {
			first = claim
		}
	}
	return first, nil
}

func (c claimants) firstAt(gateway string, host v1alpha1.Hostname) (*routes.Claim, error) {
	live, err := c.routesAt(c.ctx, routes.HostKey(gateway, host))
	if err != nil {
		return nil, err
	}
	var first *routes.Claim
	for _, route := range live {
		if first != nil && first.Before(route) {
			continue
		}
		if claim := firstOf(routes.Claims(route), gateway, host); claim != nil && (first == nil || claim.Precedes(first)) {
			first = claim
		}
	}
	return first, nil
}

func firstOf(claims []routes.Claim, gateway string, host v1alpha1.Hostname) *routes.Claim {
	at := slices.IndexFunc(claims, func(c routes.Claim) bool { return c.Gateway == gateway && c.Hostname == host })
	if at < 0 {
		return nil
	}
	return &claims[at]
}

// WithKeys implements routes.Claimants.
func (c claimants) WithKeys(keys []string) ([]routes.Claim, error) {
	return c.routesAt.claimsWith(c.ctx, keys)
}

// TopologyOf implements routes.Claimants.
func (c claimants) TopologyOf(key types.NamespacedName) (string, error) {
	ms, err := c.Microservice(key)
	if ms == nil || err != nil {
		return "", err
	}
	return graph.MemberOf(ms, c)
}

// topologyToHosts returns the Microservices whose hosts a Topology with a Gateway may have, or may
// have had.
func (r *MicroserviceReconciler) topologyToHosts(ctx context.Context, o client.Object) []reconcile.Request {
	var found []reconcile.Request
	for _, gateway := range byGateway(o) {
		// It fails only while the cache starts or stops. Every Microservice is reconciled after
		// a start.
		live, _ := r.routesAt(ctx, gateway)
		for _, route := range live {
			if route.GetNamespace() != o.GetNamespace() {
				found = append(found, childToMicroservice(ctx, route.(client.Object))...)
			}
		}
		found = append(found, r.withTakenHosts(ctx)...)
	}
	return found
}

// withTakenHosts returns the Microservices with a route that does not attach because others have
// its host. The host may be free now.
func (r *MicroserviceReconciler) withTakenHosts(ctx context.Context) []reconcile.Request {
	return r.listRequests(ctx, client.MatchingFields{indexTakenHost: "true"})
}

// byTakenHost finds the Microservices with a route that does not attach because others have its
// host.
func byTakenHost(o client.Object) []string {
	c := meta.FindStatusCondition(o.(*v1alpha1.Microservice).Status.Conditions, v1alpha1.ConditionRoutesReady)
	if c != nil && c.Reason == v1alpha1.ReasonHostAlreadyClaimed {
		return []string{"true"}
	}
	return nil
}
