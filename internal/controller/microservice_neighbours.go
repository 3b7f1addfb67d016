// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// neighbourEvents requeues the neighbours of a Microservice when it is created, changed
// or deleted. Callers use its ports and readiness. Callees count their callers and admit
// them. Other Microservices may wait for its start.
func (r *MicroserviceReconciler) neighbourEvents() handler.EventHandler {
	enqueueNeighbours := func(ctx context.Context, o client.Object, q requestQueue) {
		enqueueAll(q, r.callersOf(ctx, o))
		enqueueAll(q, calleesOf(o))
		enqueueAll(q, r.waitersFor(ctx, o))
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q requestQueue) { enqueueNeighbours(ctx, e.Object, q) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q requestQueue) { enqueueNeighbours(ctx, e.Object, q) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q requestQueue) {
			before, after := e.ObjectOld.(*v1alpha1.Microservice), e.ObjectNew.(*v1alpha1.Microservice)
			enqueueAll(q, changedCalls(before, after))
			if !equality.Semantic.DeepEqual(before.Spec.TopologyRef, after.Spec.TopologyRef) {
				// Members of one Topology share its hosts.
				enqueueAll(q, r.taken.waiting())
			}
			if affectsCallees(before, after) {
				enqueueAll(q, calleesOf(before))
				enqueueAll(q, calleesOf(after))
				enqueueAll(q, r.waitersFor(ctx, after))
			}
			if affectsCallers(before, after) || condition.Serving(before.Status.Conditions) != condition.Serving(after.Status.Conditions) {
				enqueueAll(q, r.callersOf(ctx, after))
				enqueueAll(q, r.waitersForAll(ctx, after))
			}
		},
	}
}

// changedCalls returns the services that the pods of a Microservice may call, by its status,
// on other ports than before, or by other numbers.
func changedCalls(before, after *v1alpha1.Microservice) []reconcile.Request {
	callee := func(call v1alpha1.DependencyCall) types.NamespacedName {
		return types.NamespacedName{Namespace: cmp.Or(call.Namespace, after.Namespace), Name: call.Name}
	}
	ports := map[types.NamespacedName][2]v1alpha1.DependencyCall{}
	for i, calls := range [][]v1alpha1.DependencyCall{dependencyCalls(before), dependencyCalls(after)} {
		for _, call := range calls {
			of := ports[callee(call)]
			of[i] = call
			ports[callee(call)] = of
		}
	}
	var changed []reconcile.Request
	for to, of := range ports {
		if !slices.Equal(of[0].Ports, of[1].Ports) || !slices.Equal(of[0].Numbers, of[1].Numbers) {
			changed = append(changed, reconcile.Request{NamespacedName: to})
		}
	}
	return changed
}

// affectsCallees reports whether a change concerns the callees of a Microservice: what
// it calls, its Topology, or its deletion.
func affectsCallees(before, after *v1alpha1.Microservice) bool {
	return (before.DeletionTimestamp == nil) != (after.DeletionTimestamp == nil) || !equality.Semantic.DeepEqual(
		[]any{before.Spec.Dependencies, before.Spec.TopologyRef}, []any{after.Spec.Dependencies, after.Spec.TopologyRef})
}

// affectsCallers reports whether a change concerns the callers of a Microservice: its
// type, ports, access list, Topology, deletion or dependencies. Dependencies count
// because they can open or close a cycle, in which no service waits.
func affectsCallers(before, after *v1alpha1.Microservice) bool {
	return affectsCallees(before, after) || !equality.Semantic.DeepEqual(
		[]any{before.Spec.Type, before.Spec.Ports, before.Spec.Access, servingPorts(before)}, []any{after.Spec.Type, after.Spec.Ports, after.Spec.Access, servingPorts(after)})
}

func servingPorts(ms *v1alpha1.Microservice) [][]int32 {
	ports := graph.Ports(ms)
	serving := make([][]int32, len(ports))
	for i := range ports {
		serving[i] = graph.ServingPorts(ms, &ports[i])
	}
	return serving
}

// callersOf returns the Microservices that declare o as a dependency.
func (r *MicroserviceReconciler) callersOf(ctx context.Context, o client.Object) []reconcile.Request {
	return r.listRequests(ctx, client.MatchingFields{indexDependency: client.ObjectKeyFromObject(o).String()})
}

// waitersFor returns the Microservices that wait for o to start, directly or through
// others. A change of o's dependencies may open or close a cycle, in which no
// Microservice waits.
func (r *MicroserviceReconciler) waitersFor(ctx context.Context, o client.Object) []reconcile.Request {
	return requestsFor(r.allCallersOf(ctx, o, waitsFor))
}

// waitersForAll returns the Microservices that wait for o because something requires it for which
// they declare startup: WaitForAll.
func (r *MicroserviceReconciler) waitersForAll(ctx context.Context, o client.Object) []reconcile.Request {
	callers := r.allCallersOf(ctx, o, func(*v1alpha1.Microservice, types.NamespacedName) bool { return true })
	return requestsFor(slices.DeleteFunc(callers, func(caller v1alpha1.Microservice) bool {
		return !slices.ContainsFunc(caller.Spec.Dependencies, func(d v1alpha1.Dependency) bool { return d.Startup == v1alpha1.StartupWaitForAll })
	}))
}

// allCallersOf returns the Microservices that call o, directly or through others, by calls of
// which follows is true.
func (r *MicroserviceReconciler) allCallersOf(ctx context.Context, o client.Object, follows func(caller *v1alpha1.Microservice, callee types.NamespacedName) bool) []v1alpha1.Microservice {
	var found []v1alpha1.Microservice
	seen := map[types.NamespacedName]bool{}
	for queue := []types.NamespacedName{client.ObjectKeyFromObject(o)}; len(queue) > 0; queue = queue[1:] {
		callers := &v1alpha1.MicroserviceList{}
		if err := r.List(ctx, callers, client.MatchingFields{indexDependency: queue[0].String()}); err != nil {
			return found
		}
		for i := range callers.Items {
			caller := &callers.Items[i]
			key := client.ObjectKeyFromObject(caller)
			if !seen[key] && follows(caller, queue[0]) {
				seen[key] = true
				queue, found = append(queue, key), append(found, *caller)
			}
		}
	}
	return found
}

// waitsFor reports whether a Microservice waits for another to start.
func waitsFor(ms *v1alpha1.Microservice, callee types.NamespacedName) bool {
	return slices.ContainsFunc(ms.Spec.Dependencies, func(d v1alpha1.Dependency) bool {
		return d.Startup.Waits() && d.Name == callee.Name && graph.NamespaceOf(ms, &d) == callee.Namespace
	})
}

func calleesOf(o client.Object) []reconcile.Request {
	callees := graph.CalleesOf(o.(*v1alpha1.Microservice))
	found := make([]reconcile.Request, len(callees))
	for i := range callees {
		found[i].NamespacedName = callees[i]
	}
	return found
}

// neighboursOf returns the callers and callees of a Microservice.
func (r *MicroserviceReconciler) neighboursOf(ctx context.Context, key types.NamespacedName) []reconcile.Request {
	ms := &v1alpha1.Microservice{}
	if err := r.Get(ctx, key, ms); err != nil {
		return nil
	}
	return append(r.callersOf(ctx, ms), calleesOf(ms)...)
}

// topologyToMicroservices returns the members of a Topology, and the callers and callees
// of members in other namespaces, because the Topology decides whether those members may
// join.
func (r *MicroserviceReconciler) topologyToMicroservices(ctx context.Context, o client.Object) []reconcile.Request {
	found := r.membersOf(ctx, o)
	for _, member := range found {
		if member.Namespace != o.GetNamespace() {
			found = append(found, r.neighboursOf(ctx, member.NamespacedName)...)
		}
	}
	return append(found, r.topologyToHosts(ctx, o)...)
}

// namespaceToMicroservices returns the Microservices that the labels of a namespace
// affect. A Topology or Gateway in another namespace may select by these labels. The
// result holds the members of such Topologies, their neighbours, and the Microservices
// with routes.
func (r *MicroserviceReconciler) namespaceToMicroservices(ctx context.Context, o client.Object) []reconcile.Request {
	list := &v1alpha1.MicroserviceList{}
	if err := r.List(ctx, list, client.InNamespace(o.GetName())); err != nil {
		return nil
	}
	var found []reconcile.Request
	for i := range list.Items {
		request := reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])}
		if len(list.Items[i].Spec.Routes) > 0 {
			found = append(found, request)
		}
		if key, hasTopology := graph.TopologyKey(&list.Items[i]); hasTopology && key.Namespace != o.GetName() {
			found = append(found, request)
			found = append(found, r.neighboursOf(ctx, request.NamespacedName)...)
		}
	}
	return append(found, r.taken.waiting()...)
}
