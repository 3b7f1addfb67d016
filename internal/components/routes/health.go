// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// routeHealth returns how a route is, from what the controllers of its Gateways report.
// A route is ready when one parent accepts it and resolves its backends, at the route's
// generation.
func routeHealth(in *inputs.Inputs, kind, name string, generation int64, refs []gatewayv1.ParentReference, parents []gatewayv1.RouteParentStatus) condition.Health {
	var refused *condition.Health
	waiting := len(parents) < len(refs)
	for i := range parents {
		parent := &parents[i]
		accepted := meta.FindStatusCondition(parent.Conditions, string(gatewayv1.RouteConditionAccepted))
		resolved := meta.FindStatusCondition(parent.Conditions, string(gatewayv1.RouteConditionResolvedRefs))
		switch {
		case !answered(accepted, generation) || !answered(resolved, generation):
			waiting = true
		case accepted.Status == metav1.ConditionTrue && resolved.Status == metav1.ConditionTrue:
			if h := unsupportedFeature(in); h != nil {
				return *h
			}
			return condition.Healthy("Routes are accepted" + wonConflicts(in))
		case accepted.Status != metav1.ConditionTrue:
			refused = rejected(kind, name, parent, accepted)
		default:
			refused = rejected(kind, name, parent, resolved)
		}
	}
	// A Gateway that is not ready is often the cause of a rejection.
	for i := range refs {
		if gateway := in.Gateways[GatewayKey(refs[i], in.Microservice.Namespace)]; gateway != nil {
			if h := GatewayHealth(gateway); !h.Ready && refused != nil {
				return h
			}
		}
	}
	if refused != nil {
		// A Gateway that has not answered yet may still accept the route.
		if waiting {
			refused.Stalled, refused.Progressing = false, true
		}
		return *refused
	}
	for i := range refs {
		gateway := GatewayKey(refs[i], in.Microservice.Namespace)
		if in.Gateways[gateway] == nil {
			return condition.Health{Reason: v1alpha1.ReasonNoGateway, Progressing: true, Message: condition.Message{
				Object: condition.Object{Kind: kind, Name: name},
				Cause:  fmt.Sprintf("attaches to Gateway %q, which does not exist", gateway),
				Remedy: "create it, or correct routes[].parentRefs or the Topology's gateway",
			}}
		}
	}
	for i := range refs {
		gateway := in.Gateways[GatewayKey(refs[i], in.Microservice.Namespace)]
		if h := GatewayHealth(gateway); !h.Ready {
			return h
		}
	}
	if h := unsupportedFeature(in); h != nil {
		return *h
	}
	return condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true,
		Message: condition.Message{Object: condition.Object{Kind: kind, Name: name}, Cause: "waits for its Gateway to accept it"}}
}

// answered reports whether a controller decided on a generation.
func answered(c *metav1.Condition, generation int64) bool {
	return c != nil && c.ObservedGeneration >= generation && c.Status != metav1.ConditionUnknown
}

// rejected reports the condition with which a parent rejects a route.
func rejected(kind, name string, parent *gatewayv1.RouteParentStatus, c *metav1.Condition) *condition.Health {
	// Atoll creates the Service in the same reconcile: the Gateway may not have seen it yet.
	stalled := c.Reason != string(gatewayv1.RouteReasonBackendNotFound)
	return &condition.Health{Reason: v1alpha1.ReasonNotAccepted, Stalled: stalled, Progressing: !stalled,
		Message: condition.Message{Object: condition.Object{Kind: kind, Name: name}, Cause: fmt.Sprintf("rejected by Gateway %q: %s", parent.ParentRef.Name, c.Reason)}}
}

// GatewayKey returns the Gateway that a route of a namespace attaches to, as
// namespace/name.
func GatewayKey(ref gatewayv1.ParentReference, namespace string) string {
	return string(ptr.Deref(ref.Namespace, gatewayv1.Namespace(namespace))) + "/" + string(ref.Name)
}

// gatewayDuration formats a duration for Gateway API (GEP-2257):
// whole numbers of h, m, s and ms.
func gatewayDuration(d time.Duration) string {
	if d == 0 {
		return "0s"
	}
	text := ""
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}, {time.Millisecond, "ms"}} {
		if n := d / unit.size; n > 0 {
			text += fmt.Sprintf("%d%s", n, unit.name)
			d -= n * unit.size
		}
	}
	return text
}
