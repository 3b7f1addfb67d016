// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/kube"
)

// isBehind reports whether a gateway may send the requests of a live route to a port number
// that the spec no longer has: the route names one, or a gateway that accepted the route has not
// read its newest version yet. A controller that reports no generation is not waited for, nor is
// a gateway that the route no longer names.
func isBehind(ms *v1alpha1.Microservice, route kube.Object) bool {
	var backends []gatewayv1.BackendRef
	var refs []gatewayv1.ParentReference
	var parents []gatewayv1.RouteParentStatus
	switch route := route.(type) {
	case *gatewayv1.HTTPRoute:
		refs, parents = route.Spec.ParentRefs, route.Status.Parents
		for i := range route.Spec.Rules {
			for j := range route.Spec.Rules[i].BackendRefs {
				backends = append(backends, route.Spec.Rules[i].BackendRefs[j].BackendRef)
			}
		}
	case *gatewayv1.GRPCRoute:
		refs, parents = route.Spec.ParentRefs, route.Status.Parents
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
		accepted := meta.FindStatusCondition(p.Conditions, string(gatewayv1.RouteConditionAccepted))
		return accepted != nil && accepted.Status == metav1.ConditionTrue &&
			accepted.ObservedGeneration != 0 && accepted.ObservedGeneration < route.GetGeneration() &&
			slices.ContainsFunc(refs, func(ref gatewayv1.ParentReference) bool { return SameParent(ref, p.ParentRef, route.GetNamespace()) })
	})
}

// SameParent reports whether two references of a route in a namespace name the same part of the
// same parent.
func SameParent(a, b gatewayv1.ParentReference, namespace string) bool {
	const group, kind = gatewayv1.Group(gatewayv1.GroupName), gatewayv1.Kind("Gateway")
	own := gatewayv1.Namespace(namespace)
	return a.Name == b.Name && ptr.Deref(a.Namespace, own) == ptr.Deref(b.Namespace, own) &&
		ptr.Deref(a.Group, group) == ptr.Deref(b.Group, group) && ptr.Deref(a.Kind, kind) == ptr.Deref(b.Kind, kind) &&
		ptr.Equal(a.SectionName, b.SectionName) && ptr.Equal(a.Port, b.Port)
}
