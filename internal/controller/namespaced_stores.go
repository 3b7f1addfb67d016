// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/atoll-dev/atoll/internal/kube"
)

// lookUp returns the objects that an index has at a key. informer is nil if the cache has a
// store for each of its namespaces.
func (s *childStores) lookUp(ctx context.Context, informer toolscache.SharedIndexInformer, prototype client.Object, index, key string, in ...client.ListOption) ([]kube.Object, error) {
	if informer == nil {
		return s.list(ctx, prototype, index, key, in...)
	}
	found, err := informer.GetIndexer().ByIndex(index, key)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	objects := make([]kube.Object, len(found))
	for i := range found {
		objects[i] = found[i].(kube.Object)
	}
	return objects, nil
}

// indexDivided adds the indexes to the stores of a kind. Another reconcile may have done so
// in the meantime.
func (s *childStores) indexDivided(ctx context.Context, kind string, prototype client.Object, found cache.Informer) error {
	if known := s.divided[kind]; known != nil && !known.IsStopped() {
		return nil
	}
	for name, index := range map[string]toolscache.IndexFunc{indexMicroservice: byMicroservice, indexClaim: byClaim} {
		err := s.cache.IndexField(ctx, prototype, name, func(o client.Object) []string {
			// Neither index returns an error.
			keys, _ := index(o)
			return keys
		})
		if err != nil {
			return fmt.Errorf("indexing %s: %w", kind, err)
		}
	}
	s.divided[kind] = found
	return nil
}

// list returns the objects of the prototype's kind that an index has at a key, of the stores
// of all namespaces or of one.
func (s *childStores) list(ctx context.Context, prototype client.Object, index, key string, in ...client.ListOption) ([]kube.Object, error) {
	list, err := s.emptyList(prototype)
	if err != nil {
		return nil, err
	}
	if err := s.cache.List(ctx, list, append(in, client.MatchingFields{index: key})...); err != nil {
		return nil, err
	}
	var objects []kube.Object
	err = meta.EachListItem(list, func(o runtime.Object) error {
		objects = append(objects, o.(kube.Object))
		return nil
	})
	return objects, err
}

// emptyList returns an empty list of the prototype's kind.
func (s *childStores) emptyList(prototype client.Object) (client.ObjectList, error) {
	gvk, err := apiutil.GVKForObject(prototype, s.scheme)
	if err != nil {
		return nil, err
	}
	gvk.Kind += "List"
	if _, untyped := prototype.(*unstructured.Unstructured); untyped {
		list := &unstructured.UnstructuredList{}
		list.SetGroupVersionKind(gvk)
		return list, nil
	}
	list, err := s.scheme.New(gvk)
	if err != nil {
		return nil, err
	}
	return list.(client.ObjectList), nil
}
