// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// PathToDown returns the shortest path from a service that is ready, through required dependencies
// that are ready too, to one that is not. Such a service answers with errors although it is Ready.
// The path begins with the service, and is nil where all that it depends on is ready. A
// required dependency that does not exist makes its caller not ready, so it ends no path.
func PathToDown(from *v1alpha1.Microservice, find func(namespace, name string) *v1alpha1.Microservice) []*v1alpha1.Microservice {
	seen := map[*v1alpha1.Microservice]bool{from: true}
	for paths := [][]*v1alpha1.Microservice{{from}}; len(paths) > 0; paths = paths[1:] {
		path := paths[0]
		caller := path[len(path)-1]
		for i := range caller.Spec.Dependencies {
			dependency := &caller.Spec.Dependencies[i]
			if ptr.Deref(dependency.Optional, false) {
				continue
			}
			callee := find(NamespaceOf(caller, dependency), dependency.Name)
			if callee == nil || seen[callee] {
				continue
			}
			seen[callee] = true
			longer := slices.Concat(path, []*v1alpha1.Microservice{callee})
			if condition.Serving(callee.Status.Conditions) != metav1.ConditionTrue {
				return longer
			}
			paths = append(paths, longer)
		}
	}
	return nil
}
