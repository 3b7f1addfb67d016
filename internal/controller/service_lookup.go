// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// serviceLookup finds Microservices, and the Topologies that they are members of, in
// the caches.
type serviceLookup struct {
	ctx             context.Context
	reader, foreign client.Reader
	// err is the last read error. A missing object is not an error.
	err error
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
		s.err = err
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

// get reads an object and reports whether it was found. It records other errors in err.
func (s *serviceLookup) get(key types.NamespacedName, o client.Object, kind string) bool {
	err := s.reader.Get(s.ctx, key, o)
	if client.IgnoreNotFound(err) != nil {
		s.err = fmt.Errorf("reading %s %q: %w", kind, key, err)
	}
	return err == nil
}
