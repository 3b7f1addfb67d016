// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"

	"github.com/atoll-dev/atoll/internal/inputs"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/routes"
)

// routeCRDs are the CustomResourceDefinitions of routes.
var routeCRDs = map[string]bool{"httproutes.gateway.networking.k8s.io": true, "grpcroutes.gateway.networking.k8s.io": true}

// RouteConflicts implements inputs.Source. It compares the live routes of all
// Microservices.
func (s *cacheSource) RouteConflicts(in *inputs.Inputs) ([]inputs.RouteConflict, error) {
	var own []routes.Claim
	for _, kind := range []string{"HTTPRoute", "GRPCRoute"} {
		for _, route := range s.live[kind] {
			if metav1.IsControlledBy(route, in.Microservice) {
				own = append(own, routes.Claims(route)...)
			}
		}
	}
	others, err := s.claimsLike(s.ctx, own)
	if err != nil {
		return nil, err
	}
	conflicts := routes.Conflicts(in.Microservice, own, others)
	for i := range conflicts {
		s.seen.text(fmt.Sprint(conflicts[i]))
	}
	return conflicts, nil
}

// claimsLike finds the claims of all live routes that have the key of one of the given.
func (r *MicroserviceReconciler) claimsLike(ctx context.Context, claims []routes.Claim) ([]routes.Claim, error) {
	var found []routes.Claim
	keys := map[string]bool{}
	for i := range claims {
		key := claims[i].Key()
		if keys[key] {
			continue
		}
		keys[key] = true
		for _, c := range components.Kinds() {
			if c.CRD == nil || !routeCRDs[c.CRD.Name] || !r.Optional.Installed(c.CRD.Name) {
				continue
			}
			live, err := r.Children.find(ctx, c.Kind, c.Prototype.(client.Object), indexClaim, key)
			if err != nil {
				return nil, fmt.Errorf("listing %s: %w", c.Kind, err)
			}
			for _, route := range live {
				found = append(found, slices.DeleteFunc(routes.Claims(route), func(c routes.Claim) bool { return c.Key() != key })...)
			}
		}
	}
	return found, nil
}

// byClaim indexes the routes that belong to Microservices by the keys of their claims.
func byClaim(object any) ([]string, error) {
	o := object.(client.Object)
	owner := metav1.GetControllerOf(o)
	if owner == nil || owner.Kind != "Microservice" || owner.Name != o.GetLabels()[v1alpha1.LabelMicroservice] {
		return nil, nil
	}
	claims := routes.Claims(o)
	keys := make([]string, len(claims))
	for i := range claims {
		keys[i] = claims[i].Key()
	}
	return keys, nil
}

// conflictingRoutes requeues the Microservices whose routes claim what a route claims or
// claimed, when the route is created or deleted or its claims change.
func (r *MicroserviceReconciler) conflictingRoutes() handler.EventHandler {
	requeue := func(ctx context.Context, q requestQueue, claims []routes.Claim) {
		// It fails only while the cache starts or stops. Every Microservice is reconciled
		// after a start.
		others, err := r.claimsLike(ctx, claims)
		if err != nil {
			return
		}
		for i := range others {
			q.Add(reconcile.Request{NamespacedName: others[i].Microservice})
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q requestQueue) {
			requeue(ctx, q, routes.Claims(e.Object))
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q requestQueue) {
			requeue(ctx, q, routes.Claims(e.Object))
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q requestQueue) {
			if before, after := routes.Claims(e.ObjectOld), routes.Claims(e.ObjectNew); !slices.Equal(before, after) {
				requeue(ctx, q, slices.Concat(before, after))
			}
		},
	}
}
