// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/kube"
)

// index holds what is asked for again and again: of each of hundreds of services
// who calls it, and of each of these what they are members of.
type index struct {
	services map[types.NamespacedName]*v1alpha1.Microservice
	memberOf map[*v1alpha1.Microservice]string
	edges    map[*v1alpha1.Microservice][]graph.Edge
	// callers are by the service that they declare as a dependency.
	callers map[types.NamespacedName][]*v1alpha1.Microservice
	// claims are what the routes of each service will claim, and claimants the same by
	// the claims' keys. live are those of the live routes.
	claims    map[*v1alpha1.Microservice][]routes.Claim
	claimants map[string][]routes.Claim
	live      map[types.NamespacedName][]routes.Claim
	// gateways are those that were asked for, by namespace/name.
	gateways map[string]*gatewayv1.Gateway
}

// indexed is the index over what the world holds by now.
func (w *World) indexed() *index {
	if w.index != nil {
		return w.index
	}
	x := &index{
		services:  make(map[types.NamespacedName]*v1alpha1.Microservice, len(w.Services)),
		memberOf:  make(map[*v1alpha1.Microservice]string, len(w.Services)),
		edges:     make(map[*v1alpha1.Microservice][]graph.Edge, len(w.Services)),
		callers:   map[types.NamespacedName][]*v1alpha1.Microservice{},
		claims:    map[*v1alpha1.Microservice][]routes.Claim{},
		claimants: map[string][]routes.Claim{},
		live:      map[types.NamespacedName][]routes.Claim{},
		gateways:  map[string]*gatewayv1.Gateway{},
	}
	for _, ms := range w.Services {
		x.services[types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}] = ms
		x.memberOf[ms] = w.MemberOf(ms)
	}
	found := x.graph()
	for _, caller := range w.Services {
		x.edges[caller] = graph.Resolve(caller, found)
		for _, callee := range graph.CalleesOf(caller) {
			x.callers[callee] = append(x.callers[callee], caller)
		}
	}
	// Whether a Gateway admits a route depends on who is a member, and so on the index.
	w.index = x
	live := map[types.NamespacedName][]kube.Object{}
	for _, route := range w.routes {
		of := types.NamespacedName{Namespace: route.GetNamespace(), Name: route.GetLabels()[v1alpha1.LabelMicroservice]}
		live[of] = append(live[of], route)
		x.live[of] = append(x.live[of], routes.Claims(route)...)
	}
	for _, ms := range w.Services {
		x.claims[ms] = w.claimsOf(ms, live[types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}])
		for _, claim := range x.claims[ms] {
			x.claimants[claim.Key()] = append(x.claimants[claim.Key()], claim)
		}
	}
	return x
}

// graph is how services are found.
func (x *index) graph() graph.Services {
	return graph.Services{Find: x.service, MemberOf: func(ms *v1alpha1.Microservice) string { return x.memberOf[ms] }}
}

func (x *index) service(namespace, name string) *v1alpha1.Microservice {
	return x.services[types.NamespacedName{Namespace: namespace, Name: name}]
}
