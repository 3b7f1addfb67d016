/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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

// routeHealth reads what the gateways' controllers say: a route is good when
// some parent accepts it and resolves its backends, at the route's generation.
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
			if h := undone(in); h != nil {
				return *h
			}
			return condition.Healthy("Routes are accepted" + wonConflicts(in))
		case accepted.Status != metav1.ConditionTrue:
			refused = rejected(kind, name, parent, accepted)
		default:
			refused = rejected(kind, name, parent, resolved)
		}
	}
	// A route is often refused because of its Gateway, which then is the cause.
	for i := range refs {
		if gateway := in.Gateways[GatewayKey(refs[i], in.Microservice.Namespace)]; gateway != nil {
			if h := GatewayHealth(gateway); !h.Ready && refused != nil {
				return h
			}
		}
	}
	if refused != nil {
		// While a Gateway has not answered yet, it may still be the one that accepts.
		if waiting {
			refused.Stalled, refused.Progressing = false, true
		}
		return *refused
	}
	for i := range refs {
		gateway := GatewayKey(refs[i], in.Microservice.Namespace)
		if in.Gateways[gateway] == nil {
			return condition.Health{Reason: v1alpha1.ReasonNoGateway, Progressing: true,
				Message: condition.ParseMessage(fmt.Sprintf("%s %q attaches to Gateway %q, which does not exist: create it, or correct routes[].parentRefs or the Topology's gateway", kind, name, gateway))}
		}
	}
	for i := range refs {
		gateway := in.Gateways[GatewayKey(refs[i], in.Microservice.Namespace)]
		if h := GatewayHealth(gateway); !h.Ready {
			return h
		}
	}
	if h := undone(in); h != nil {
		return *h
	}
	return condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true,
		Message: condition.ParseMessage(fmt.Sprintf("%s %q waits for its Gateway to accept it", kind, name))}
}

func answered(c *metav1.Condition, generation int64) bool {
	return c != nil && c.ObservedGeneration >= generation && c.Status != metav1.ConditionUnknown
}

func rejected(kind, name string, parent *gatewayv1.RouteParentStatus, c *metav1.Condition) *condition.Health {
	// The Service is made in the same pass: its Gateway may only not know it yet.
	stalled := c.Reason != string(gatewayv1.RouteReasonBackendNotFound)
	return &condition.Health{Reason: v1alpha1.ReasonNotAccepted, Stalled: stalled, Progressing: !stalled,
		Message: condition.ParseMessage(fmt.Sprintf("%s %q rejected by Gateway %q: %s", kind, name, parent.ParentRef.Name, c.Reason))}
}

// GatewayKey is namespace/name of the Gateway that a route attaches to.
func GatewayKey(ref gatewayv1.ParentReference, namespace string) string {
	return string(ptr.Deref(ref.Namespace, gatewayv1.Namespace(namespace))) + "/" + string(ref.Name)
}

// gatewayDuration writes a duration in the form that Gateway API takes (GEP-2257):
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
