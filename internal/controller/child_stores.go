// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/kube"
)

// childStores finds the children of a Microservice in the stores of the cache. A
// reconcile looks into one for every kind, and most hold nothing for it: a List through
// the client makes some forty allocations even then.
type childStores struct {
	cache cache.Cache

	scheme *runtime.Scheme

	mu        sync.RWMutex
	informers map[string]toolscache.SharedIndexInformer
	// divided are the informers of a cache of some namespaces, which has a store for each.
	divided map[string]cache.Informer
}

func newChildStores(of cache.Cache, scheme *runtime.Scheme) *childStores {
	return &childStores{cache: of, scheme: scheme, informers: map[string]toolscache.SharedIndexInformer{}, divided: map[string]cache.Informer{}}
}

// objectsOf returns the objects of a kind that belong to a Microservice, sorted by
// name, so that two reads of the same state look the same. The objects belong to the
// cache and must not be changed.
func (s *childStores) objectsOf(ctx context.Context, kind string, prototype client.Object, owner ownerKey) ([]kube.Object, error) {
	return s.find(ctx, kind, prototype, indexMicroservice, owner.key, owner.in...)
}

// ownerKey finds the objects of a Microservice. A reconcile makes one for all kinds.
type ownerKey struct {
	key string
	in  []client.ListOption
}

func newOwnerKey(owner types.NamespacedName) ownerKey {
	return ownerKey{owner.String(), []client.ListOption{client.InNamespace(owner.Namespace)}}
}

// find returns the objects of the prototype's kind that an index has at a key, in the
// order of namespaces and names. in can name the namespace that they are in, so that no other
// store is read. The objects are the cache's own: nothing of them may be changed.
func (s *childStores) find(ctx context.Context, kind string, prototype client.Object, index, key string, in ...client.ListOption) ([]kube.Object, error) {
	objects, err := s.at(ctx, kind, prototype, index, key, in...)
	slices.SortFunc(objects, func(a, b kube.Object) int {
		return cmp.Or(strings.Compare(a.GetNamespace(), b.GetNamespace()), strings.Compare(a.GetName(), b.GetName()))
	})
	return objects, err
}

// at does the same as find, in no order.
func (s *childStores) at(ctx context.Context, kind string, prototype client.Object, index, key string, in ...client.ListOption) ([]kube.Object, error) {
	informer, err := s.informer(ctx, kind, prototype)
	if err != nil {
		return nil, err
	}
	return s.lookUp(ctx, informer, prototype, index, key, in...)
}

// informer returns the informer of a kind, with the indexes. That of an optional kind
// stops when the kind is uninstalled, and a new one starts when it is back. An informer
// that has not listed its kind yet is an error, because it may never be able to.
// It returns nil if the cache has a store for each of its namespaces.
func (s *childStores) informer(ctx context.Context, kind string, prototype client.Object) (toolscache.SharedIndexInformer, error) {
	s.mu.RLock()
	known, divided := s.informers[kind], s.divided[kind]
	s.mu.RUnlock()
	if known != nil && !known.IsStopped() {
		return known, nil
	}
	if divided != nil && !divided.IsStopped() {
		return nil, nil
	}
	found, err := s.cache.GetInformer(ctx, prototype, cache.BlockUntilSynced(false))
	if err != nil {
		return nil, err
	}
	if !found.HasSynced() {
		return nil, fmt.Errorf("%s is not listed yet", kind)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	informer, ok := found.(toolscache.SharedIndexInformer)
	if !ok {
		return nil, s.indexDivided(ctx, kind, prototype, found)
	}
	if _, indexed := informer.GetIndexer().GetIndexers()[indexMicroservice]; !indexed {
		if err := informer.AddIndexers(toolscache.Indexers{indexMicroservice: byMicroservice, indexClaim: byClaim}); err != nil {
			return nil, fmt.Errorf("indexing %s: %w", kind, err)
		}
	}
	s.informers[kind] = informer
	return informer, nil
}

func byMicroservice(object any) ([]string, error) {
	o := object.(client.Object)
	if name := o.GetLabels()[v1alpha1.LabelMicroservice]; name != "" {
		return []string{types.NamespacedName{Namespace: o.GetNamespace(), Name: name}.String()}, nil
	}
	return nil, nil
}
