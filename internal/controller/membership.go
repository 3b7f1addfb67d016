/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package controller

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// topologyKey is the Topology that a Microservice wants to be a member of.
func topologyKey(ms *v1alpha1.Microservice) (key types.NamespacedName, wanted bool) {
	ref := ms.Spec.TopologyRef
	if ref == nil {
		return types.NamespacedName{}, false
	}
	return types.NamespacedName{Namespace: namespaceOfTopology(ms), Name: ref.Name}, true
}

func namespaceOfTopology(ms *v1alpha1.Microservice) string {
	if ref := ms.Spec.TopologyRef; ref != nil && ref.Namespace != "" {
		return ref.Namespace
	}
	return ms.Namespace
}

// allows says whether a Topology lets Microservices of a namespace join. foreign
// reads the metadata of Namespaces.
func allows(ctx context.Context, foreign client.Reader, topology *v1alpha1.Topology, namespace string) (bool, error) {
	allowed := topology.Spec.AllowedNamespaces
	switch {
	case namespace == topology.Namespace:
		return true, nil
	case allowed == nil || allowed.From == v1alpha1.NamespacesFromSame:
		return false, nil
	case allowed.From == v1alpha1.NamespacesFromAll:
		return true, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(allowed.Selector)
	if err != nil {
		return false, fmt.Errorf("reading allowedNamespaces of Topology %q: %w", topology.Name, err)
	}
	ns := namespaceMetadata()
	if err := foreign.Get(ctx, types.NamespacedName{Name: namespace}, ns); err != nil {
		if apierrors.IsNotFound(err) {
			return false, nil
		}
		return false, fmt.Errorf("reading Namespace %q: %w", namespace, err)
	}
	return selector.Matches(labels.Set(ns.Labels)), nil
}

// services finds Microservices in the cache.
type services struct {
	ctx    context.Context
	reader client.Reader
	// failed is what went wrong, apart from not finding one.
	failed error
}

func (s *services) lookup(namespace, name string) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{}
	err := s.reader.Get(s.ctx, types.NamespacedName{Namespace: namespace, Name: name}, ms)
	if err == nil {
		return ms
	}
	if !apierrors.IsNotFound(err) {
		s.failed = fmt.Errorf("reading Microservice %s/%s: %w", namespace, name, err)
	}
	return nil
}
