// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"time"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
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
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/metrics"
	"github.com/atoll-dev/atoll/internal/tracing"
)

type requestQueue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// NewMicroserviceReconciler returns a reconciler that uses the manager's clients.
// foreign is a cache made with NewForeignCache.
func NewMicroserviceReconciler(mgr ctrl.Manager, foreign cache.Cache, optional *OptionalKinds) *MicroserviceReconciler {
	activity := metrics.NewActivity(writtenKinds()...)
	return &MicroserviceReconciler{
		Client:   newNamespacesClient(mgr.GetClient(), optional.Namespaces),
		Live:     mgr.GetAPIReader(),
		Children: newChildStores(mgr.GetCache(), mgr.GetScheme()),
		Applier:  &apply.Applier{Writer: mgr.GetClient(), Live: mgr.GetAPIReader(), Scheme: mgr.GetScheme(), Recorder: activity},
		Activity: activity,
		Contents: &contentReader{metadata: foreign, live: mgr.GetAPIReader()},
		Foreign:  namespacesReader{foreign, optional.Namespaces},
		Optional: optional,
		Recorder: mgr.GetEventRecorder("atoll"),
		Now:      time.Now,
	}
}

// writtenKinds are the kinds of the objects that Atoll writes.
func writtenKinds() []string {
	// The Gateway of a Topology is in no row of the table, which has the children of Microservices.
	kinds := []string{"Gateway"}
	for _, c := range components.Kinds() {
		kinds = append(kinds, c.Kind)
	}
	return kinds
}

// SetupWithManager watches everything that a Microservice depends on.
func (r *MicroserviceReconciler) SetupWithManager(mgr ctrl.Manager, foreign cache.Cache, workers int) error {
	if err := indexes(context.Background(), mgr.GetFieldIndexer()); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	if err := foreign.IndexField(context.Background(), &autoscalingv2.HorizontalPodAutoscaler{}, indexDeployment, byDeployment); err != nil {
		return fmt.Errorf("indexing: %w", err)
	}
	b := ctrl.NewControllerManagedBy(mgr).
		Named("microservice").
		For(&v1alpha1.Microservice{}, builder.WithPredicates(specAnnotationsOrStatusChanged())).
		Watches(&v1alpha1.Microservice{}, r.neighbourEvents()).
		Watches(&v1alpha1.Topology{}, handler.EnqueueRequestsFromMapFunc(r.topologyToMicroservices), builder.WithPredicates(predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}))).
		Watches(&corev1.Pod{}, childEvents(r.Applier.Forget)).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers, RateLimiter: retryRateLimiter()})
	for _, c := range components.Kinds() {
		if c.CRD == nil {
			b = b.Watches(c.Prototype.(client.Object), childEvents(r.Applier.Forget))
		}
	}
	b = b.WatchesRawSource(source.Kind[client.Object](foreign, namespaceMetadata(), handler.EnqueueRequestsFromMapFunc(r.namespaceToMicroservices), predicate.LabelChangedPredicate{}))
	b = b.WatchesRawSource(source.Kind[client.Object](foreign, &autoscalingv2.HorizontalPodAutoscaler{}, handler.EnqueueRequestsFromMapFunc(autoscalerToMicroservice), targetChanged()))
	for _, kind := range []string{"ConfigMap", "Secret"} {
		m := &metav1.PartialObjectMetadata{}
		m.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind(kind))
		b = b.WatchesRawSource(source.Kind[client.Object](foreign, m, r.referenceEvents(kind)))
	}
	c, err := b.Build(tracing.Reconciler(r.Traces, "Microservice", r))
	if err != nil {
		return err
	}
	r.Optional.addWatcher(kindWatcher{
		watch: func(_ context.Context, kind optionalKind) error { return r.watchOptional(c, kind) },
		wake: func(ctx context.Context, kind optionalKind) error {
			return c.Watch(enqueueOnce(r.optionalKindToMicroservices(ctx, kind)))
		},
	})
	return nil
}

// retryRateLimiter retries failures soon, then less often, and at least once a minute,
// so that a raised quota is noticed.
func retryRateLimiter() workqueue.TypedRateLimiter[reconcile.Request] {
	return workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](5*time.Millisecond, time.Minute)
}

// watchOptional watches a kind that a cluster may lack.
func (r *MicroserviceReconciler) watchOptional(c controller.Controller, kind optionalKind) error {
	switch kind.crd {
	case gatewayClassKind.crd:
		all := func(ctx context.Context, _ client.Object) []reconcile.Request { return r.microservicesWithRoutes(ctx) }
		return c.Watch(source.Kind(r.Optional.cacheOf(kind), kind.object, handler.EnqueueRequestsFromMapFunc(all)))
	case gatewayKind.crd:
		return c.Watch(source.Kind(r.Optional.cacheOf(kind), kind.object, handler.EnqueueRequestsFromMapFunc(r.gatewayToMicroservices), ignoreAttachedRoutes()))
	}
	if err := c.Watch(source.Kind(r.Optional.cacheOf(kind), kind.object, childEvents(r.Applier.Forget))); err != nil {
		return err
	}
	if !routeCRDs[kind.crd] {
		return nil
	}
	return c.Watch(source.Kind(r.Optional.cacheOf(kind), kind.object, r.conflictingRoutes()))
}

// optionalKindToMicroservices returns the Microservices that may have objects of an
// optional kind or attach to them.
func (r *MicroserviceReconciler) optionalKindToMicroservices(ctx context.Context, kind optionalKind) []reconcile.Request {
	return r.microservicesWhere(ctx, kind.wantedBy)
}

// microservicesWithRoutes returns the Microservices that have routes.
func (r *MicroserviceReconciler) microservicesWithRoutes(ctx context.Context) []reconcile.Request {
	return r.microservicesWhere(ctx, func(ms *v1alpha1.Microservice) bool { return len(ms.Spec.Routes) > 0 })
}

func (r *MicroserviceReconciler) microservicesWhere(ctx context.Context, wanted func(*v1alpha1.Microservice) bool) []reconcile.Request {
	all := &v1alpha1.MicroserviceList{}
	if err := r.List(ctx, all); err != nil {
		return nil
	}
	return requestsFor(slices.DeleteFunc(slices.Clone(all.Items), func(ms v1alpha1.Microservice) bool { return !wanted(&ms) }))
}

// enqueueOnce returns a source that enqueues each request once.
func enqueueOnce(found []reconcile.Request) source.Source {
	return source.Func(func(_ context.Context, queue requestQueue) error {
		for _, request := range found {
			queue.Add(request)
		}
		return nil
	})
}

// childEvents requeues the owner of a child. forget drops what is remembered of a child
// that is gone.
func childEvents(forget func(types.UID)) handler.EventHandler {
	enqueue := func(ctx context.Context, o client.Object, queue requestQueue) {
		enqueueAll(queue, childToMicroservice(ctx, o))
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q requestQueue) { enqueue(ctx, e.Object, q) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q requestQueue) {
			enqueue(ctx, e.ObjectOld, q)
			enqueue(ctx, e.ObjectNew, q)
		},
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q requestQueue) {
			forget(e.Object.GetUID())
			enqueue(ctx, e.Object, q)
		},
	}
}

// childToMicroservice returns the Microservice that a child belongs to.
func childToMicroservice(_ context.Context, o client.Object) []reconcile.Request {
	name := o.GetLabels()[v1alpha1.LabelMicroservice]
	if name == "" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
}

// membersOf returns the Microservices that name a Topology.
func (r *MicroserviceReconciler) membersOf(ctx context.Context, o client.Object) []reconcile.Request {
	return r.listRequests(ctx, client.MatchingFields{indexTopology: client.ObjectKeyFromObject(o).String()})
}

// gatewayToMicroservices returns the Microservices whose routes attach to a Gateway.
func (r *MicroserviceReconciler) gatewayToMicroservices(ctx context.Context, o client.Object) []reconcile.Request {
	key := client.MatchingFields{indexGateway: o.GetNamespace() + "/" + o.GetName()}
	found := r.listRequests(ctx, key)
	topologies := &v1alpha1.TopologyList{}
	if err := r.List(ctx, topologies, key); err != nil {
		return found
	}
	for i := range topologies.Items {
		found = append(found, r.membersOf(ctx, &topologies.Items[i])...)
	}
	return found
}

// listRequests lists Microservices from the cache. That fails only while the cache
// shuts down.
func (r *MicroserviceReconciler) listRequests(ctx context.Context, opts ...client.ListOption) []reconcile.Request {
	list := &v1alpha1.MicroserviceList{}
	if err := r.List(ctx, list, opts...); err != nil {
		return nil
	}
	return requestsFor(list.Items)
}

func requestsFor(services []v1alpha1.Microservice) []reconcile.Request {
	found := make([]reconcile.Request, len(services))
	for i := range services {
		found[i].Name, found[i].Namespace = services[i].Name, services[i].Namespace
	}
	return found
}

// referenceEvents requeues the Microservices that use a ConfigMap or Secret, and
// forgets the content of one that is gone.
func (r *MicroserviceReconciler) referenceEvents(kind string) handler.EventHandler {
	enqueue := func(ctx context.Context, o client.Object, queue requestQueue) {
		reference := client.MatchingFields{indexReference: kind + "/" + o.GetName()}
		enqueueAll(queue, r.listRequests(ctx, client.InNamespace(o.GetNamespace()), reference))
		enqueueAll(queue, r.membersWithDefaults(ctx, o.GetNamespace(), reference))
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q requestQueue) { enqueue(ctx, e.Object, q) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q requestQueue) { enqueue(ctx, e.ObjectNew, q) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q requestQueue) {
			r.Contents.forget(e.Object.GetUID())
			enqueue(ctx, e.Object, q)
		},
	}
}

// membersWithDefaults returns the Microservices of a namespace whose Topology's defaults
// name a ConfigMap or Secret.
func (r *MicroserviceReconciler) membersWithDefaults(ctx context.Context, namespace string, reference client.MatchingFields) []reconcile.Request {
	topologies := &v1alpha1.TopologyList{}
	if err := r.List(ctx, topologies, reference); err != nil {
		return nil
	}
	var found []reconcile.Request
	for i := range topologies.Items {
		for _, member := range r.membersOf(ctx, &topologies.Items[i]) {
			if member.Namespace == namespace {
				found = append(found, member)
			}
		}
	}
	return found
}

func enqueueAll(queue requestQueue, found []reconcile.Request) {
	for _, request := range found {
		queue.Add(request)
	}
}

// ignoreAttachedRoutes ignores changes of the number of attached routes: otherwise each
// new route would requeue every member.
func ignoreAttachedRoutes() predicate.Predicate {
	uncounted := func(o client.Object) *gatewayv1.Gateway {
		gateway := o.(*gatewayv1.Gateway).DeepCopy()
		gateway.ResourceVersion = ""
		for i := range gateway.Status.Listeners {
			gateway.Status.Listeners[i].AttachedRoutes = 0
		}
		return gateway
	}
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		return !equality.Semantic.DeepEqual(uncounted(e.ObjectOld), uncounted(e.ObjectNew))
	}}
}
