// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components"
)

// optionalKind is a kind that a cluster may lack.
type optionalKind struct {
	object client.Object
	// crd is the name of its CustomResourceDefinition.
	crd string
	// wantedBy reports whether a Microservice may have objects of the kind, or attach
	// to some.
	wantedBy func(*v1alpha1.Microservice) bool
	// foreign means that Atoll does not own the objects of the kind.
	foreign bool
}

// OptionalKinds knows which optional kinds are installed and starts their watches when
// they are, without a restart. It reconciles CustomResourceDefinitions.
type OptionalKinds struct {
	// Cache is the manager's; Foreign holds objects that Atoll does not own.
	Cache, Foreign cache.Cache
	// Live reads past the cache.
	Live client.Reader
	// Namespaces are those that the caches hold; empty means all.
	Namespaces []string

	Mapper meta.RESTMapper
	Scheme *runtime.Scheme

	kinds    map[string]optionalKind
	watchers []kindWatcher

	mu sync.RWMutex
	// watched and installed are keyed by the name of the CRD. A watched kind counts as
	// installed once it has been listed.
	watched, installed map[string]bool
}

// listPollInterval is the polling period for whether a kind that was just installed has
// been listed.
const listPollInterval = 100 * time.Millisecond

// kindWatcher is what a controller does for an optional kind.
type kindWatcher struct {
	// watch starts watching it.
	watch func(ctx context.Context, kind optionalKind) error
	// wake requeues everything that may have waited for it.
	wake func(ctx context.Context, kind optionalKind) error
}

// NewOptionalKinds returns an OptionalKinds for the kinds that Atoll makes or reads and
// that a cluster may lack.
func NewOptionalKinds(mgr ctrl.Manager, foreign cache.Cache, namespaces []string) *OptionalKinds {
	o := &OptionalKinds{
		Cache: mgr.GetCache(), Foreign: foreign, Live: mgr.GetAPIReader(), Namespaces: namespaces, Mapper: mgr.GetRESTMapper(), Scheme: mgr.GetScheme(),
		kinds: map[string]optionalKind{gatewayKind.crd: gatewayKind, gatewayClassKind.crd: gatewayClassKind}, watched: map[string]bool{}, installed: map[string]bool{},
	}
	for i := range components.Table {
		if c := &components.Table[i]; c.CRD != nil {
			o.kinds[c.CRD.Name] = optionalKind{object: c.Prototype.(client.Object), crd: c.CRD.Name, wantedBy: c.WantedBy}
		}
	}
	return o
}

// Installed reports whether the kind of a CRD can be read and written.
func (o *OptionalKinds) Installed(crd string) bool { return o.isSet(o.installed, crd) }

func (o *OptionalKinds) addWatcher(w kindWatcher) { o.watchers = append(o.watchers, w) }

// discover installs the kinds that exist before the manager starts, so that no
// controller reports one of them as missing.
func (o *OptionalKinds) discover(ctx context.Context) error {
	for _, kind := range o.kinds {
		err := o.watch(ctx, kind)
		if meta.IsNoMatchError(err) || apierrors.IsForbidden(err) {
			// The reconcile of its CRD tries again.
			continue
		}
		if err != nil {
			return err
		}
		// The controllers start after everything that they watch has been listed.
		o.set(o.installed, kind.crd, true)
	}
	return nil
}

// Reconcile installs the kind of a CRD that exists, and uninstalls that of one that is
// gone.
func (o *OptionalKinds) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	kind, wanted := o.kinds[req.Name]
	if !wanted {
		return ctrl.Result{}, nil
	}
	crd := crdMetadata()
	err := o.Cache.Get(ctx, req.NamespacedName, crd)
	if client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, err
	}
	if err != nil || crd.DeletionTimestamp != nil {
		return ctrl.Result{}, o.uninstall(ctx, kind)
	}
	return o.install(ctx, kind)
}

func (o *OptionalKinds) install(ctx context.Context, kind optionalKind) (ctrl.Result, error) {
	if o.Installed(kind.crd) {
		return ctrl.Result{}, nil
	}
	// The API server serves a CRD a moment after it is created. Until then this fails
	// and is retried.
	err := o.watch(ctx, kind)
	if apierrors.IsForbidden(err) {
		// No watch reports a right that is granted.
		return ctrl.Result{RequeueAfter: foreignPollInterval}, nil
	}
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("taking up %s: %w", kind.crd, err)
	}
	// A reader of a kind that was never listed would block, and listing may never
	// succeed.
	informer, err := o.cacheOf(kind).GetInformer(ctx, kind.object, cache.BlockUntilSynced(false))
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("taking up %s: %w", kind.crd, err)
	}
	if !informer.HasSynced() {
		return ctrl.Result{RequeueAfter: listPollInterval}, nil
	}
	o.set(o.installed, kind.crd, true)
	logf.FromContext(ctx).Info("Took up an optional kind", "crd", kind.crd)
	return ctrl.Result{}, o.requeue(ctx, kind)
}

// watch starts the watches of a kind that the API server serves.
func (o *OptionalKinds) watch(ctx context.Context, kind optionalKind) error {
	if o.isSet(o.watched, kind.crd) {
		return nil
	}
	gvk, err := apiutil.GVKForObject(kind.object, o.Scheme)
	if err != nil {
		return err
	}
	if _, err := o.Mapper.RESTMapping(gvk.GroupKind(), gvk.Version); err != nil {
		return err
	}
	if err := o.checkListable(ctx, gvk); err != nil {
		return err
	}
	for _, w := range o.watchers {
		if err := w.watch(ctx, kind); err != nil {
			return fmt.Errorf("watching %s: %w", gvk.Kind, err)
		}
	}
	o.set(o.watched, kind.crd, true)
	return nil
}

// checkListable lists one object of a kind, to find out whether Atoll may. An informer without
// the right would never be synced, and the manager would not start.
func (o *OptionalKinds) checkListable(ctx context.Context, gvk schema.GroupVersionKind) error {
	namespaced, err := apiutil.IsGVKNamespaced(gvk, o.Mapper)
	if err != nil {
		return err
	}
	namespaces := []string{""}
	if namespaced && len(o.Namespaces) > 0 {
		namespaces = o.Namespaces
	}
	for _, namespace := range namespaces {
		list := &metav1.PartialObjectMetadataList{}
		list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
		if err := o.Live.List(ctx, list, client.InNamespace(namespace), client.Limit(1)); err != nil {
			return err
		}
	}
	return nil
}

func (o *OptionalKinds) uninstall(ctx context.Context, kind optionalKind) error {
	if !o.isSet(o.watched, kind.crd) {
		return nil
	}
	o.set(o.installed, kind.crd, false)
	o.set(o.watched, kind.crd, false)
	logf.FromContext(ctx).Info("Dropped an optional kind", "crd", kind.crd)
	return errors.Join(o.cacheOf(kind).RemoveInformer(ctx, kind.object), o.requeue(ctx, kind))
}

// requeue requeues everything that the arrival or removal of a kind may concern.
func (o *OptionalKinds) requeue(ctx context.Context, kind optionalKind) error {
	for _, w := range o.watchers {
		if err := w.wake(ctx, kind); err != nil {
			return err
		}
	}
	return nil
}

// cacheOf returns the cache that holds a kind.
func (o *OptionalKinds) cacheOf(kind optionalKind) cache.Cache {
	if kind.foreign {
		return o.Foreign
	}
	return o.Cache
}

func (o *OptionalKinds) isSet(state map[string]bool, crd string) bool {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return state[crd]
}

func (o *OptionalKinds) set(state map[string]bool, crd string, is bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	state[crd] = is
}

// SetupWithManager watches CRDs and installs those that exist. Call it after the
// controllers that use optional kinds.
func (o *OptionalKinds) SetupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		Named("optional-kinds").
		For(crdMetadata(), builder.WithPredicates(predicate.NewPredicateFuncs(func(crd client.Object) bool {
			_, wanted := o.kinds[crd.GetName()]
			return wanted
		}))).
		Complete(o)
	if err != nil {
		return err
	}
	return o.discover(context.Background())
}
