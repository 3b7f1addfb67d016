// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
)

// routesRed returns the condition RoutesReady where it is False, and nil otherwise.
func (e *Evidence) routesRed() *metav1.Condition {
	if c := e.condition(v1alpha1.ConditionRoutesReady); c != nil && c.Status == metav1.ConditionFalse {
		return c
	}
	return nil
}

func noGateway(e *Evidence) []*Finding {
	return e.repeatCondition(PartRoutes, e.red(v1alpha1.ReasonNoGateway), "Create the Gateway, or correct routes[].parentRefs or the Topology's gateway")
}

// routeConflict finds routes that another service already has.
func routeConflict(e *Evidence) []*Finding {
	return e.repeatCondition(PartRoutes, e.red(v1alpha1.ReasonRouteConflict), "Give one of the two another path, hostname or header")
}

// hostClaimed finds routes with a host that others have.
func hostClaimed(e *Evidence) []*Finding {
	return e.repeatCondition(PartRoutes, e.red(v1alpha1.ReasonHostAlreadyClaimed), "Use another hostname, or join the Topology that has it")
}

func routeNotSupported(e *Evidence) []*Finding {
	c := e.red(v1alpha1.ReasonNotSupported)
	if c == nil || c.Type == v1alpha1.ConditionCredentialsRotated {
		return nil
	}
	return e.repeatCondition(PartRoutes, c, "Remove the field that the message names, or use another GatewayClass")
}

// gatewaySteps lead from the routes to a Gateway.
func (e *Evidence) gatewaySteps(gateway *gatewayv1.Gateway, says string) []Step {
	steps := e.conditionSteps(v1alpha1.ConditionRoutesReady)
	for i := range e.HTTPRoutes {
		steps = append(steps, step(name("HTTPRoute", e.HTTPRoutes[i].Name), "attaches to Gateway %s", e.shown(gateway.Namespace, gateway.Name)))
		break
	}
	return append(steps, step(name("Gateway", e.shown(gateway.Namespace, gateway.Name)), "%s", says))
}

// noGatewayClass finds Gateways whose GatewayClass does not exist.
func noGatewayClass(e *Evidence) []*Finding {
	if e.routesRed() == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(e.Gateways)) {
		gateway := e.Gateways[key]
		if gateway == nil || !e.withoutClass(gateway) {
			continue
		}
		class := string(gateway.Spec.GatewayClassName)
		f := &Finding{
			Part: PartRoutes, Object: name("GatewayClass", class), condition: v1alpha1.ConditionRoutesReady,
			Steps:  append(e.gatewaySteps(gateway, fmt.Sprintf("has GatewayClass %s", class)), step(name("GatewayClass", class), "does not exist")),
			Cause:  fmt.Sprintf("GatewayClass %q of Gateway %q does not exist, so no controller serves the Gateway", class, gateway.Name),
			Remedy: "Correct gateway.className of the Topology, or install the gateway; kubectl get gatewayclass lists the classes",
		}
		return []*Finding{f}
	}
	return nil
}

func (e *Evidence) withoutClass(gateway *gatewayv1.Gateway) bool {
	class, read := e.Classes[string(gateway.Spec.GatewayClassName)]
	return read && class == nil
}

// gatewayNotReady finds Gateways that their controller rejects, or has not observed.
func gatewayNotReady(e *Evidence) []*Finding {
	if e.routesRed() == nil {
		return nil
	}
	for _, key := range slices.Sorted(maps.Keys(e.Gateways)) {
		gateway := e.Gateways[key]
		if gateway == nil || e.withoutClass(gateway) {
			continue
		}
		health := routes.GatewayHealth(gateway)
		if health.Ready {
			continue
		}
		f := &Finding{Part: PartRoutes, Object: name("Gateway", e.shown(gateway.Namespace, gateway.Name)), condition: v1alpha1.ConditionRoutesReady,
			Steps: e.gatewaySteps(gateway, health.Reason)}
		f.report(health.Message, "See kubectl describe gateway "+gateway.Name+" -n "+gateway.Namespace)
		if health.Reason == v1alpha1.ReasonPending {
			f.Cause = fmt.Sprintf("Gateway %q waits for the controller of GatewayClass %q, which has not observed it", gateway.Name, gateway.Spec.GatewayClassName)
			f.Remedy = "Check that the gateway's controller runs"
			if class := e.Classes[string(gateway.Spec.GatewayClassName)]; class != nil {
				f.Remedy = fmt.Sprintf("Check that controller %q runs", class.Spec.ControllerName)
			}
		}
		return []*Finding{f}
	}
	return nil
}

// refusedRoutes explain the reasons of gateways.
var refusedRoutes = map[string]struct{ means, remedy string }{
	string(gatewayv1.RouteReasonNoMatchingListenerHostname): {"no listener matches the route's hostnames", "Correct routes[].hostnames, or add the name to gateway.hostnames of the Topology"},
	string(gatewayv1.RouteReasonNotAllowedByListeners):      {"its listeners allow no routes from this namespace", "Allow this namespace in allowedRoutes of its listener, or in allowedNamespaces of the Topology that owns the Gateway"},
	string(gatewayv1.RouteReasonNoMatchingParent):           {"it has no such listener", "Correct sectionName of routes[].parentRefs or gateway.ref"},
	string(gatewayv1.RouteReasonBackendNotFound):            {"the route's Service does not exist", "Wait until Atoll creates the Service; if nothing changes, see the other conditions"},
	string(gatewayv1.RouteReasonRefNotPermitted):            {"the route's Service is in a namespace that does not permit it", "Create a ReferenceGrant there"},
	string(gatewayv1.RouteReasonUnsupportedValue):           {"it does not support a field of the route", "Remove the field that it names from routes, or use another GatewayClass"},
	string(gatewayv1.RouteReasonIncompatibleFilters):        {"filters of the route exclude each other", "Correct rewrite and headers of the route"},
}

// routeNotAccepted finds routes that a gateway rejects, with its reason.
func routeNotAccepted(e *Evidence) []*Finding {
	c := e.routesRed()
	if c == nil || c.Reason != v1alpha1.ReasonNotAccepted {
		return nil
	}
	for _, gateway := range e.Gateways {
		if gateway != nil && !routes.GatewayHealth(gateway).Ready {
			return nil
		}
	}
	for i := range e.HTTPRoutes {
		if f := e.refusedRoute("HTTPRoute", e.HTTPRoutes[i].Name, e.HTTPRoutes[i].Status.Parents); f != nil {
			return []*Finding{f}
		}
	}
	for i := range e.GRPCRoutes {
		if f := e.refusedRoute("GRPCRoute", e.GRPCRoutes[i].Name, e.GRPCRoutes[i].Status.Parents); f != nil {
			return []*Finding{f}
		}
	}
	return e.repeatCondition(PartRoutes, c, "See kubectl describe httproute -n "+e.Microservice.Namespace+" "+e.Microservice.Name)
}

func (e *Evidence) refusedRoute(kind, route string, parents []gatewayv1.RouteParentStatus) *Finding {
	for i := range parents {
		for _, t := range []gatewayv1.RouteConditionType{gatewayv1.RouteConditionAccepted, gatewayv1.RouteConditionResolvedRefs} {
			c := meta.FindStatusCondition(parents[i].Conditions, string(t))
			if c == nil || c.Status != metav1.ConditionFalse {
				continue
			}
			gateway := string(parents[i].ParentRef.Name)
			f := &Finding{
				Part: PartRoutes, Object: name(kind, route), condition: v1alpha1.ConditionRoutesReady,
				Steps:  append(e.conditionSteps(v1alpha1.ConditionRoutesReady), step(name(kind, route), "%s is False at Gateway %s: %s", t, gateway, c.Reason)),
				Cause:  fmt.Sprintf("Gateway %q rejects %s %q (%s)", gateway, kind, route, c.Reason),
				Remedy: fmt.Sprintf("See kubectl describe %s -n %s %s", kind, e.Microservice.Namespace, route),
			}
			if c.Message != "" {
				f.Proof = []Excerpt{{Title: fmt.Sprintf("The controller of Gateway %s on %s %s", gateway, kind, route), Lines: []string{c.Message}}}
			}
			if known, ok := refusedRoutes[c.Reason]; ok {
				f.Cause, f.Remedy = f.Cause+": "+known.means, known.remedy
			}
			if c.Reason == string(gatewayv1.RouteReasonNoMatchingListenerHostname) {
				f.Cause += e.hostnames(route)
			}
			return f
		}
	}
	return nil
}

func (e *Evidence) hostnames(route string) string {
	for i := range e.HTTPRoutes {
		if r := &e.HTTPRoutes[i]; r.Name == route && len(r.Spec.Hostnames) > 0 {
			return fmt.Sprintf(" (%s)", joined(r.Spec.Hostnames))
		}
	}
	return ""
}

func joined[T ~string](all []T) string {
	text := ""
	for i := range all {
		if i > 0 {
			text += ", "
		}
		text += string(all[i])
	}
	return text
}
