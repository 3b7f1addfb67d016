// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// allows reports whether a Topology allows Microservices of a namespace to join.
// foreign reads the metadata of Namespaces.
func allows(ctx context.Context, foreign client.Reader, topology *v1alpha1.Topology, namespace string) (bool, error) {
	return graph.Allows(topology, namespace, namespaceLabels(ctx, foreign))
}

// namespaceLabels returns a function that reads the labels of a namespace. A namespace
// that does not exist has none.
func namespaceLabels(ctx context.Context, foreign client.Reader) func(name string) (map[string]string, error) {
	return func(name string) (map[string]string, error) {
		ns := namespaceMetadata()
		if err := foreign.Get(ctx, types.NamespacedName{Name: name}, ns); client.IgnoreNotFound(err) != nil {
			return nil, fmt.Errorf("reading Namespace %q: %w", name, err)
		}
		return ns.Labels, nil
	}
}

// serviceLookup finds Microservices, and the Topologies that they are members of, in
// the caches.
type serviceLookup struct {
	ctx             context.Context
	reader, foreign client.Reader
	// failed is the last read error. That an object does not exist is no error.
	failed error
}

func (s *serviceLookup) graph() graph.Services {
	return graph.Services{Find: s.find, MemberOf: s.memberOf}
}

func (s *serviceLookup) find(namespace, name string) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{}
	if s.get(types.NamespacedName{Namespace: namespace, Name: name}, ms, "Microservice") {
		return ms
	}
	return nil
}

func (s *serviceLookup) memberOf(ms *v1alpha1.Microservice) string {
	topology, err := graph.MemberOf(ms, s)
	if err != nil {
		s.failed = err
	}
	return topology
}

// Topology implements graph.Registry.
func (s *serviceLookup) Topology(key types.NamespacedName) (*v1alpha1.Topology, error) {
	return get(s.ctx, s.reader, key, &v1alpha1.Topology{}, "Topology")
}

// NamespaceLabels implements graph.Registry.
func (s *serviceLookup) NamespaceLabels(name string) (map[string]string, error) {
	return namespaceLabels(s.ctx, s.foreign)(name)
}

// get reads an object and reports whether it exists.
func (s *serviceLookup) get(key types.NamespacedName, o client.Object, kind string) bool {
	err := s.reader.Get(s.ctx, key, o)
	if client.IgnoreNotFound(err) != nil {
		s.failed = fmt.Errorf("reading %s %q: %w", kind, key, err)
	}
	return err == nil && !apierrors.IsNotFound(err)
}
