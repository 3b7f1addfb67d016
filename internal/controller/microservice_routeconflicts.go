// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// routeKinds are the kinds of routes.
var routeKinds = []string{"HTTPRoute", "GRPCRoute"}

// routeCRDs are the CustomResourceDefinitions of routes.
var routeCRDs = map[string]bool{"httproutes.gateway.networking.k8s.io": true, "grpcroutes.gateway.networking.k8s.io": true}

// RouteConflicts implements inputs.Source. It compares the live routes of all
// Microservices.
func (s *cacheSource) RouteConflicts(in *inputs.Inputs) ([]inputs.RouteConflict, error) {
	own := s.ownClaims(in.Microservice)
	others, err := s.routesAt.claimsWith(s.ctx, keysOf(own))
	if err != nil {
		return nil, err
	}
	conflicts := routes.Conflicts(in.Microservice, own, others)
	for i := range conflicts {
		s.seen.text(fmt.Sprint(conflicts[i]))
	}
	return conflicts, nil
}

// routesAt finds the live routes that the index of claims has at a key, in no order.
func (r *MicroserviceReconciler) routesAt(ctx context.Context, key string) ([]kube.Object, error) {
	var found []kube.Object
	for _, c := range components.Kinds() {
		if c.CRD == nil || !routeCRDs[c.CRD.Name] || !r.Optional.Installed(c.CRD.Name) {
			continue
		}
		live, err := r.Children.at(ctx, c.Kind, c.Prototype.(client.Object), indexClaim, key)
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", c.Kind, err)
		}
		found = append(found, live...)
	}
	return found, nil
}

// routesAt finds live routes by an index of claims.
type routesAt func(ctx context.Context, key string) ([]kube.Object, error)

// claimsWith finds the claims of all live routes that have one of the keys.
func (at routesAt) claimsWith(ctx context.Context, keys []string) ([]routes.Claim, error) {
	var found []routes.Claim
	known := map[string]bool{}
	for _, key := range keys {
		if known[key] {
			continue
		}
		known[key] = true
		live, err := at(ctx, key)
		if err != nil {
			return nil, err
		}
		for _, route := range live {
			if isOwned(route) {
				found = append(found, slices.DeleteFunc(routes.Claims(route), func(c routes.Claim) bool { return c.Key() != key })...)
			}
		}
	}
	return found, nil
}

func keysOf(claims []routes.Claim) []string {
	keys := make([]string, len(claims))
	for i := range claims {
		keys[i] = claims[i].Key()
	}
	return keys
}

// gatewaysOf returns the Gateways of claims, each once.
func gatewaysOf(claims []routes.Claim) []string {
	var gateways []string
	for i := range claims {
		if !slices.Contains(gateways, claims[i].Gateway) {
			gateways = append(gateways, claims[i].Gateway)
		}
	}
	return gateways
}

// byClaim indexes the routes that belong to Microservices by the keys of their claims and by the
// Gateways.
func byClaim(object any) ([]string, error) {
	var keys []string
	for _, claim := range claimsOf(object.(client.Object)) {
		for _, key := range []string{claim.Key(), claim.Gateway} {
			if !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	return keys, nil
}

// claimsOf returns the claims of a route that Atoll made. It counts also if its Microservice was
// deleted without it: the route still gets requests.
func claimsOf(route client.Object) []routes.Claim {
	if route.GetLabels()[v1alpha1.LabelMicroservice] == "" {
		return nil
	}
	return routes.Claims(route)
}

// isOwned reports whether a route belongs to the Microservice of its label.
func isOwned(route metav1.Object) bool {
	owner := metav1.GetControllerOf(route)
	return owner != nil && owner.Kind == "Microservice" && owner.Name == route.GetLabels()[v1alpha1.LabelMicroservice]
}

// conflictingRoutes requeues the Microservices that a route concerns when it is created or deleted
// or its claims change: those whose routes claim the same, and those that wait for a host, which may be
// free.
func (r *MicroserviceReconciler) conflictingRoutes() handler.EventHandler {
	requeue := func(ctx context.Context, q requestQueue, claims []routes.Claim) {
		// It fails only while the cache starts or stops. Every Microservice is reconciled
		// after a start.
		others, err := routesAt(r.routesAt).claimsWith(ctx, keysOf(claims))
		if err != nil {
			return
		}
		for i := range others {
			q.Add(reconcile.Request{NamespacedName: others[i].Microservice})
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q requestQueue) {
			requeue(ctx, q, claimsOf(e.Object))
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q requestQueue) {
			requeue(ctx, q, claimsOf(e.Object))
			for _, gateway := range gatewaysOf(claimsOf(e.Object)) {
				enqueueAll(q, r.taken.waiting(gateway))
			}
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q requestQueue) {
			before, after := claimsOf(e.ObjectOld), claimsOf(e.ObjectNew)
			if slices.Equal(before, after) {
				return
			}
			requeue(ctx, q, slices.Concat(before, after))
			for _, gateway := range gatewaysOf(before) {
				enqueueAll(q, r.taken.waiting(gateway))
			}
		},
	}
}
