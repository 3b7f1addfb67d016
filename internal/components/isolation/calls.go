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
	maxNumbersOfCall   = 32
	maxEgressCalls     = 128
	maxDatabaseCalls   = 8
)

// Calls returns what the pods of a service may call; nil if it is nothing. earlierPods
// means that pods of an earlier template may run, which may call what the status lists.
func Calls(in *inputs.Inputs, earlierPods bool) *v1alpha1.Calls {
	spec := &in.Microservice.Spec
	calls := &v1alpha1.Calls{Egress: canonicalRules(spec.Egress)}
	for i := range in.Edges {
		edge := &in.Edges[i]
		for _, port := range edge.Ports() {
			addCall(calls, edge.Dependency.Namespace, edge.Dependency.Name,
				[]string{port.Name}, []v1alpha1.PortNumber{{Port: port.Name, Number: port.Port}})
		}
	}
	if spec.Database != nil {
		calls.Databases = []v1alpha1.DatabaseCall{{Engine: spec.Database.Engine, Provider: spec.Database.Provider}}
	}
	if earlier := in.Microservice.Status.Calls; earlierPods && earlier != nil {
		for i := range earlier.Dependencies {
			call := &earlier.Dependencies[i]
			addCall(calls, call.Namespace, call.Name, call.Ports, call.Numbers)
		}
		calls.Egress = union(calls.Egress, earlier.Egress, maxEgressCalls)
		calls.Databases = union(calls.Databases, earlier.Databases, maxDatabaseCalls)
	}
	if equality.Semantic.DeepEqual(calls, &v1alpha1.Calls{}) {
		return nil
	}
	return calls
}

// addCall adds ports of a service, and their numbers, as far as the lists have room.
func addCall(calls *v1alpha1.Calls, namespace, name string, ports []string, numbers []v1alpha1.PortNumber) {
	at := slices.IndexFunc(calls.Dependencies, func(c v1alpha1.DependencyCall) bool { return c.Namespace == namespace && c.Name == name })
	if at < 0 {
		if at = len(calls.Dependencies); at == maxDependencyCalls {
			return
		}
		calls.Dependencies = append(calls.Dependencies, v1alpha1.DependencyCall{Namespace: namespace, Name: name})
	}
	call := &calls.Dependencies[at]
	call.Ports = union(call.Ports, ports, maxPortsOfCall)
	call.Numbers = union(call.Numbers, numbers, maxNumbersOfCall)
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
	return union(canonicalRules(ms.Spec.Egress), ms.Status.Calls.Egress, maxEgressCalls)
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
