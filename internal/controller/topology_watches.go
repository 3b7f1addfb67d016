// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/tracing"
)

// SetupWithManager watches everything that a Topology depends on.
func (r *TopologyReconciler) SetupWithManager(mgr ctrl.Manager, foreign cache.Cache) error {
	c, err := ctrl.NewControllerManagedBy(mgr).
		Named("topology").
		For(&v1alpha1.Topology{}, builder.WithPredicates(specAnnotationsOrStatusChanged())).
		Watches(&v1alpha1.Topology{}, handler.EnqueueRequestsFromMapFunc(r.topologyToCallersTopologies), builder.WithPredicates(predicate.GenerationChangedPredicate{})).
		Watches(&v1alpha1.Microservice{}, memberEvents(r.callersToTopologies)).
		WatchesRawSource(source.Kind[client.Object](foreign, namespaceMetadata(), handler.EnqueueRequestsFromMapFunc(r.namespaceToTopologies), predicate.LabelChangedPredicate{})).
		WithOptions(controller.Options{RateLimiter: retryRateLimiter()}).
		Build(tracing.Reconciler(r.Traces, "Topology", r))
	if err != nil {
		return err
	}
	r.Optional.addWatcher(kindWatcher{
		watch: func(_ context.Context, kind optionalKind) error {
			switch kind.crd {
			case gatewayKind.crd:
				return c.Watch(source.Kind(r.Optional.cacheOf(kind), kind.object, handler.EnqueueRequestsFromMapFunc(r.gatewayToTopologies), ignoreAttachedRoutes()))
			case gatewayClassKind.crd:
				return c.Watch(source.Kind(r.Optional.cacheOf(kind), kind.object, handler.EnqueueRequestsFromMapFunc(r.allTopologies)))
			}
			return nil
		},
		wake: func(ctx context.Context, kind optionalKind) error {
			if !kind.foreign {
				return nil
			}
			return c.Watch(enqueueOnce(r.allTopologies(ctx, nil)))
		},
	})
	return nil
}

// namespaceToTopologies returns the Topologies of other namespaces that Microservices
// of a namespace name, because these may select namespaces by label, and the Topologies
// of these Microservices' callers.
func (r *TopologyReconciler) namespaceToTopologies(ctx context.Context, o client.Object) []reconcile.Request {
	guests := &v1alpha1.MicroserviceList{}
	if err := r.List(ctx, guests, client.InNamespace(o.GetName())); err != nil {
		return nil
	}
	var found []reconcile.Request
	for i := range guests.Items {
		if key, wanted := graph.TopologyKey(&guests.Items[i]); wanted && key.Namespace != o.GetName() {
			found = append(found, reconcile.Request{NamespacedName: key})
			found = append(found, r.callersToTopologies(ctx, &guests.Items[i])...)
		}
	}
	return found
}

// topologyToCallersTopologies returns the Topologies whose members call guests of
// another Topology: it decides whether they may.
func (r *TopologyReconciler) topologyToCallersTopologies(ctx context.Context, o client.Object) []reconcile.Request {
	members := &v1alpha1.MicroserviceList{}
	if err := r.List(ctx, members, client.MatchingFields{indexTopology: client.ObjectKeyFromObject(o).String()}); err != nil {
		return nil
	}
	var found []reconcile.Request
	for i := range members.Items {
		if members.Items[i].Namespace != o.GetNamespace() {
			found = append(found, r.callersToTopologies(ctx, &members.Items[i])...)
		}
	}
	return found
}

// callersToTopologies returns the Topologies of the direct and indirect callers of a
// Microservice: a cycle may lead through members of several.
func (r *TopologyReconciler) callersToTopologies(ctx context.Context, o client.Object) []reconcile.Request {
	var found []reconcile.Request
	own := client.ObjectKeyFromObject(o)
	seen, topologies := map[types.NamespacedName]bool{own: true}, map[types.NamespacedName]bool{}
	for queue := []types.NamespacedName{own}; len(queue) > 0; queue = queue[1:] {
		callers := &v1alpha1.MicroserviceList{}
		if err := r.List(ctx, callers, client.MatchingFields{indexDependency: queue[0].String()}); err != nil {
			return found
		}
		for i := range callers.Items {
			caller := client.ObjectKeyFromObject(&callers.Items[i])
			if seen[caller] {
				continue
			}
			seen[caller] = true
			queue = append(queue, caller)
			if key, wanted := graph.TopologyKey(&callers.Items[i]); wanted && !topologies[key] {
				topologies[key] = true
				found = append(found, reconcile.Request{NamespacedName: key})
			}
		}
	}
	return found
}

// gatewayToTopologies returns the Topologies that own or refer to a Gateway.
func (r *TopologyReconciler) gatewayToTopologies(ctx context.Context, o client.Object) []reconcile.Request {
	return r.listRequests(ctx, client.MatchingFields{indexGateway: o.GetNamespace() + "/" + o.GetName()})
}

// allTopologies returns every Topology: there are few classes, and they seldom change.
func (r *TopologyReconciler) allTopologies(ctx context.Context, _ client.Object) []reconcile.Request {
	return r.listRequests(ctx)
}

func (r *TopologyReconciler) listRequests(ctx context.Context, opts ...client.ListOption) []reconcile.Request {
	list := &v1alpha1.TopologyList{}
	if err := r.List(ctx, list, opts...); err != nil {
		return nil
	}
	found := make([]reconcile.Request, len(list.Items))
	for i := range list.Items {
		found[i].Name, found[i].Namespace = list.Items[i].Name, list.Items[i].Namespace
	}
	return found
}

// memberEvents requeues the Topologies that a Microservice joins or leaves or in which
// its readiness changes, and those of its callers, whose dependency may no longer
// resolve.
func memberEvents(callers handler.MapFunc) handler.EventHandler {
	own := func(queue requestQueue, o client.Object) {
		if key, wanted := graph.TopologyKey(o.(*v1alpha1.Microservice)); wanted {
			queue.Add(reconcile.Request{NamespacedName: key})
		}
	}
	others := func(ctx context.Context, queue requestQueue, o client.Object) {
		for _, request := range callers(ctx, o) {
			queue.Add(request)
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q requestQueue) {
			own(q, e.Object)
			others(ctx, q, e.Object)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q requestQueue) {
			own(q, e.Object)
			others(ctx, q, e.Object)
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q requestQueue) {
			before, after := e.ObjectOld.(*v1alpha1.Microservice), e.ObjectNew.(*v1alpha1.Microservice)
			if before.Generation != after.Generation || stateOf(before) != stateOf(after) {
				own(q, before)
				own(q, after)
			}
			if affectsCallers(before, after) {
				others(ctx, q, after)
			}
		},
	}
}
