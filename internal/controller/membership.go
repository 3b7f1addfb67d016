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
