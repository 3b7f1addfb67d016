// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package routes builds the Gateway of a Topology and the routes of its members,
// and says from the live objects whether they are accepted.
package routes

import (
	"cmp"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// routeIndexes returns the indexes of the routes whose port speaks a protocol. A port
// without a protocol speaks HTTP.
func routeIndexes(ms *v1alpha1.Microservice, protocol v1alpha1.PortProtocol) []int {
	var indexes []int
	for i := range ms.Spec.Routes {
		port := graph.FindPort(ms, ms.Spec.Routes[i].Port)
		if port == nil {
			continue
		}
		if port.Protocol == protocol || port.Protocol == "" && protocol == v1alpha1.ProtocolHTTP {
			indexes = append(indexes, i)
		}
	}
	return indexes
}

// routeObjects builds the routes of a protocol. It builds the other routes, and a route with its
// other hosts, if one has a problem. It returns the first problem.
func routeObjects(in *inputs.Inputs, protocol v1alpha1.PortProtocol, build routeBuilder) ([]kube.Object, error) {
	var objects []kube.Object
	var first *condition.Problem
	note := func(problem *condition.Problem) {
		if first == nil {
			first = problem
		}
	}
	for _, i := range routeIndexes(in.Microservice, protocol) {
		refs, hostnames, problem := Attachment(in, i)
		if problem != nil {
			note(problem)
		}
		if len(refs) == 0 {
			continue
		}
		route, problem := build(in, i, parentRefs(refs), gatewayHostnames(hostnames))
		if problem != nil {
			note(problem)
			continue
		}
		objects = append(objects, route)
	}
	if first != nil {
		return objects, first
	}
	return objects, nil
}

// routeBuilder builds the object of the i-th route.
type routeBuilder func(in *inputs.Inputs, i int, parents []gatewayv1.ParentReference, hostnames []gatewayv1.Hostname) (kube.Object, *condition.Problem)

func routeMeta(ms *v1alpha1.Microservice, i int) metav1.ObjectMeta {
	return metav1.ObjectMeta{Name: names.Route(ms, i), Namespace: ms.Namespace, Labels: names.Labels(ms, v1alpha1.ComponentService)}
}

// declared returns the names of the objects of all routes of the spec.
func declared(ms *v1alpha1.Microservice) []string {
	all := make([]string, len(ms.Spec.Routes))
	for i := range all {
		all[i] = names.Route(ms, i)
	}
	return all
}

// GatewayRefs returns the Gateways that a route attaches to.
func GatewayRefs(ms *v1alpha1.Microservice, route *v1alpha1.Route, topology *v1alpha1.Topology) []v1alpha1.GatewayReference {
	return inputs.GatewayRefs(ms, route, topology)
}

// DeclaredGateways returns the Gateways of all routes of the spec, as namespace/name.
func DeclaredGateways(in *inputs.Inputs) []string {
	var gateways []string
	for i := range in.Microservice.Spec.Routes {
		for _, ref := range GatewayRefs(in.Microservice, &in.Microservice.Spec.Routes[i], in.Topology) {
			gateways = append(gateways, RefKey(&ref, in.Microservice.Namespace))
		}
	}
	return gateways
}

// Attachment returns the Gateways that the i-th route attaches to and its hostnames there. If one of
// them does not let the namespace attach, the route is not made: a route that waits there would be
// the oldest, and so win every conflict, as soon as the Gateway admits it. A problem beside Gateways
// is about what the route leaves out.
func Attachment(in *inputs.Inputs, i int) ([]v1alpha1.GatewayReference, []v1alpha1.Hostname, *condition.Problem) {
	all := GatewayRefs(in.Microservice, &in.Microservice.Spec.Routes[i], in.Topology)
	if len(all) == 0 {
		remedy := "set routes[].parentRefs, or topologyRef to a Topology with a gateway"
		if in.Topology != nil {
			remedy = fmt.Sprintf("set spec.gateway of Topology %q, or routes[].parentRefs", in.Topology.Name)
		}
		return nil, nil, &condition.Problem{Reason: v1alpha1.ReasonNoGateway, Stalled: true,
			Message: condition.Message{Field: fmt.Sprintf("routes[%d]", i), Cause: "there is no Gateway to attach to", Remedy: remedy}}
	}
	for _, ref := range all {
		if in.RefusedBy[RefKey(&ref, in.Microservice.Namespace)+"/"+ref.SectionName] {
			return nil, nil, &condition.Problem{Reason: v1alpha1.ReasonNotAccepted, Stalled: true, Message: condition.Message{
				Field:  fmt.Sprintf("routes[%d]", i),
				Cause:  fmt.Sprintf("Gateway %q lets no routes of namespace %q attach", RefKey(&ref, in.Microservice.Namespace), in.Microservice.Namespace),
				Remedy: "have its owner allow them (allowedRoutes of its listeners; for a Gateway of a Topology its allowedNamespaces), or use another Gateway",
			}}
		}
	}
	refs, hostnames := openPart(in, i)
	return refs, hostnames, takenProblem(in, i)
}

func parentRefs(refs []v1alpha1.GatewayReference) []gatewayv1.ParentReference {
	parents := make([]gatewayv1.ParentReference, len(refs))
	for j, ref := range refs {
		parents[j] = gatewayv1.ParentReference{
			Group: ptr.To(gatewayv1.Group(gatewayv1.GroupName)),
			Kind:  ptr.To(gatewayv1.Kind("Gateway")),
			Name:  gatewayv1.ObjectName(ref.Name),
		}
		if ref.Namespace != "" {
			parents[j].Namespace = ptr.To(gatewayv1.Namespace(ref.Namespace))
		}
		if ref.SectionName != "" {
			parents[j].SectionName = ptr.To(gatewayv1.SectionName(ref.SectionName))
		}
	}
	return parents
}

// RefKey returns the Gateway that a Microservice of a namespace refers to, as
// namespace/name.
func RefKey(ref *v1alpha1.GatewayReference, namespace string) string {
	return cmp.Or(ref.Namespace, namespace) + "/" + ref.Name
}

// TopologyGateway returns the Gateway of a Topology, as namespace/name; empty if it has none.
func TopologyGateway(topology *v1alpha1.Topology) string {
	gateway := topology.Spec.Gateway
	switch {
	case gateway == nil:
		return ""
	case gateway.Ref == nil:
		return topology.Namespace + "/" + topology.Name
	}
	return RefKey(gateway.Ref, topology.Namespace)
}

// Hostnames returns the hosts of a route: its own, or the Topology's. None means every
// host.
func Hostnames(route *v1alpha1.Route, topology *v1alpha1.Topology) []v1alpha1.Hostname {
	if len(route.Hostnames) > 0 {
		return route.Hostnames
	}
	if topology != nil && topology.Spec.Gateway != nil {
		return topology.Spec.Gateway.Hostnames
	}
	return nil
}

func gatewayHostnames(names []v1alpha1.Hostname) []gatewayv1.Hostname {
	if len(names) == 0 {
		return nil
	}
	hostnames := make([]gatewayv1.Hostname, len(names))
	for i, name := range names {
		hostnames[i] = gatewayv1.Hostname(name)
	}
	return hostnames
}

// invalidRoute reports a route of the spec that can't be built.
func invalidRoute(field, cause, remedy string) *condition.Problem {
	return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: condition.Message{Field: field, Cause: cause, Remedy: remedy}}
}

func backend(ms *v1alpha1.Microservice, port *v1alpha1.Port) gatewayv1.BackendRef {
	return gatewayv1.BackendRef{
		BackendObjectReference: gatewayv1.BackendObjectReference{
			Group: ptr.To(gatewayv1.Group("")),
			Kind:  ptr.To(gatewayv1.Kind("Service")),
			Name:  gatewayv1.ObjectName(ms.Name),
			Port:  ptr.To(port.Port),
		},
		Weight: ptr.To[int32](1),
	}
}
