// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/kube"
)

// isBehind reports whether a gateway may send the requests of a live route to a port number
// that the spec no longer has: the route names one, or a gateway that has read the route
// has not yet read its newest version.
func isBehind(ms *v1alpha1.Microservice, route kube.Object) bool {
	var backends []gatewayv1.BackendRef
	var parents []gatewayv1.RouteParentStatus
	switch route := route.(type) {
	case *gatewayv1.HTTPRoute:
		parents = route.Status.Parents
		for i := range route.Spec.Rules {
			for j := range route.Spec.Rules[i].BackendRefs {
				backends = append(backends, route.Spec.Rules[i].BackendRefs[j].BackendRef)
			}
		}
	case *gatewayv1.GRPCRoute:
		parents = route.Status.Parents
		for i := range route.Spec.Rules {
			for j := range route.Spec.Rules[i].BackendRefs {
				backends = append(backends, route.Spec.Rules[i].BackendRefs[j].BackendRef)
			}
		}
	}
	ports := graph.Ports(ms)
	return slices.ContainsFunc(backends, func(b gatewayv1.BackendRef) bool {
		return b.Port != nil && !slices.ContainsFunc(ports, func(p v1alpha1.Port) bool { return p.Port == *b.Port })
	}) || slices.ContainsFunc(parents, func(p gatewayv1.RouteParentStatus) bool {
		for i := range p.Conditions {
			if p.Conditions[i].ObservedGeneration < route.GetGeneration() {
				return true
			}
		}
		return false
	})
}
