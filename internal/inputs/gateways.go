// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// GatewayRefs returns the Gateways that a route attaches to: its own, or the
// Topology's.
func GatewayRefs(ms *v1alpha1.Microservice, route *v1alpha1.Route, topology *v1alpha1.Topology) []v1alpha1.GatewayReference {
	switch {
	case len(route.ParentRefs) > 0:
		return route.ParentRefs
	case topology == nil || topology.Spec.Gateway == nil:
		return nil
	}
	ref := v1alpha1.GatewayReference{Name: topology.Name}
	if topology.Spec.Gateway.Ref != nil {
		ref = *topology.Spec.Gateway.Ref
	}
	if ref.Namespace == "" && topology.Namespace != ms.Namespace {
		ref.Namespace = topology.Namespace
	}
	return []v1alpha1.GatewayReference{ref}
}
