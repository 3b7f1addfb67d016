// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"cmp"
	"slices"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// The maximum lengths of the lists in status.calls.
const (
	maxDependencyCalls = 128
	maxPortsOfCall     = 16
	maxEgressCalls     = 128
	maxDatabaseCalls   = 8
)

// Calls returns what the pods of a service may call; nil if it is nothing. earlierPods
// means that pods of an earlier template may run, which may call what the status lists.
func Calls(in *inputs.Inputs, earlierPods bool) *v1alpha1.Calls {
	spec := &in.Microservice.Spec
	calls := &v1alpha1.Calls{Egress: withoutInvalid(spec.Egress)}
	for i := range in.Edges {
		edge := &in.Edges[i]
		for _, port := range edge.Ports() {
			addDependencyCall(calls, edge.Dependency.Namespace, edge.Dependency.Name, port.Name)
		}
	}
	if spec.Database != nil {
		calls.Databases = []v1alpha1.DatabaseCall{{Engine: spec.Database.Engine, Provider: spec.Database.Provider}}
	}
	if earlier := in.Microservice.Status.Calls; earlierPods && earlier != nil {
		for _, call := range earlier.Dependencies {
			for _, port := range call.Ports {
				addDependencyCall(calls, call.Namespace, call.Name, port)
			}
		}
		calls.Egress = union(calls.Egress, withoutInvalid(earlier.Egress), maxEgressCalls)
		calls.Databases = union(calls.Databases, earlier.Databases, maxDatabaseCalls)
	}
	if equality.Semantic.DeepEqual(calls, &v1alpha1.Calls{}) {
		return nil
	}
	return calls
}

// addDependencyCall adds a port of a service, unless it is there already or the lists are
// full.
func addDependencyCall(calls *v1alpha1.Calls, namespace, name, port string) {
	at := slices.IndexFunc(calls.Dependencies, func(c v1alpha1.DependencyCall) bool { return c.Namespace == namespace && c.Name == name })
	switch {
	case at < 0 && len(calls.Dependencies) < maxDependencyCalls:
		calls.Dependencies = append(calls.Dependencies, v1alpha1.DependencyCall{Namespace: namespace, Name: name, Ports: []string{port}})
	case at >= 0 && len(calls.Dependencies[at].Ports) < maxPortsOfCall && !slices.Contains(calls.Dependencies[at].Ports, port):
		calls.Dependencies[at].Ports = append(calls.Dependencies[at].Ports, port)
	}
}

// union appends the items that a list lacks, up to a number of items.
func union[T any](list, more []T, limit int) []T {
	for _, item := range more {
		if len(list) < limit && !slices.ContainsFunc(list, func(has T) bool { return equality.Semantic.DeepEqual(has, item) }) {
			list = append(list, item)
		}
	}
	return list
}

// earlierEgress returns the egress rules of the spec, and those that pods of an earlier
// template may still need.
func earlierEgress(ms *v1alpha1.Microservice) []v1alpha1.EgressRule {
	if ms.Status.Calls == nil {
		return ms.Spec.Egress
	}
	return union(slices.Clone(ms.Spec.Egress), withoutInvalid(ms.Status.Calls.Egress), maxEgressCalls)
}

// databaseCalls returns the database of the spec, and those that pods of an earlier
// template may still need.
func databaseCalls(ms *v1alpha1.Microservice) []v1alpha1.DatabaseCall {
	var calls []v1alpha1.DatabaseCall
	if spec := ms.Spec.Database; spec != nil {
		calls = append(calls, v1alpha1.DatabaseCall{Engine: spec.Engine, Provider: spec.Provider})
	}
	if ms.Status.Calls != nil {
		calls = union(calls, ms.Status.Calls.Databases, maxDatabaseCalls)
	}
	return slices.CompactFunc(calls, func(a, b v1alpha1.DatabaseCall) bool {
		return a.Engine == b.Engine && cmp.Or(a.Provider, v1alpha1.ProviderBuiltIn) == cmp.Or(b.Provider, v1alpha1.ProviderBuiltIn)
	})
}
