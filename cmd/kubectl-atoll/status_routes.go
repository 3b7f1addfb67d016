// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/names"
)

// routeStatus is a route of the spec at one Gateway.
type routeStatus struct {
	// Hosts are the hostnames that it matches. Empty means all.
	Hosts []string `json:"hosts"`
	Path  string   `json:"path"`
	Port  string   `json:"port"`
	// Gateway is namespace/name. Empty means that the route has none.
	Gateway string      `json:"gateway,omitempty"`
	State   graph.State `json:"state"`
	// Reason and Message say why the Gateway does not serve it.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
}

// liveRoute is an HTTPRoute or GRPCRoute in the cluster.
type liveRoute struct {
	hosts      []gatewayv1.Hostname
	parents    []gatewayv1.ParentReference
	statuses   []gatewayv1.RouteParentStatus
	generation int64
}

// readRoutes returns the status of a service's routes.
func readRoutes(ctx context.Context, c client.Reader, ms *v1alpha1.Microservice, topology *v1alpha1.Topology) ([]routeStatus, error) {
	if len(ms.Spec.Routes) == 0 {
		return nil, nil
	}
	made := map[string]*liveRoute{}
	http, grpc := &gatewayv1.HTTPRouteList{}, &gatewayv1.GRPCRouteList{}
	unread := map[v1alpha1.PortProtocol]bool{}
	for protocol, list := range map[v1alpha1.PortProtocol]client.ObjectList{v1alpha1.ProtocolHTTP: http, v1alpha1.ProtocolGRPC: grpc} {
		err := c.List(ctx, list, client.InNamespace(ms.Namespace), client.MatchingLabels{v1alpha1.LabelMicroservice: ms.Name})
		if apierrors.IsForbidden(err) {
			unread[protocol] = true
		} else if err != nil && !meta.IsNoMatchError(err) && !apierrors.IsNotFound(err) {
			return nil, explainError("listing routes", err)
		}
	}
	for i := range http.Items {
		r := &http.Items[i]
		made[r.Name] = &liveRoute{r.Spec.Hostnames, r.Spec.ParentRefs, r.Status.Parents, r.Generation}
	}
	for i := range grpc.Items {
		r := &grpc.Items[i]
		made[r.Name] = &liveRoute{r.Spec.Hostnames, r.Spec.ParentRefs, r.Status.Parents, r.Generation}
	}
	var routes []routeStatus
	for i := range ms.Spec.Routes {
		routes = append(routes, newRouteStatuses(ms, i, topology, made[names.Route(ms, i)], unread)...)
	}
	return routes, nil
}

// newRouteStatuses returns the status of one route of the spec at each of its
// Gateways.
func newRouteStatuses(ms *v1alpha1.Microservice, i int, topology *v1alpha1.Topology, made *liveRoute, unread map[v1alpha1.PortProtocol]bool) []routeStatus {
	spec := &ms.Spec.Routes[i]
	route := routeStatus{Hosts: []string{}, Path: cmp.Or(spec.Path, "/"), Port: spec.Port}
	port, protocol := graph.FindPort(ms, spec.Port), v1alpha1.ProtocolHTTP
	if port != nil {
		route.Port = port.Name
		protocol = cmp.Or(port.Protocol, protocol)
	}
	if made != nil {
		for _, host := range made.hosts {
			route.Hosts = append(route.Hosts, string(host))
		}
		all := make([]routeStatus, len(made.parents))
		for j, parent := range made.parents {
			all[j] = route
			all[j].Gateway = routes.GatewayKey(parent, ms.Namespace)
			all[j].setFromGateway(made, parent)
		}
		return all
	}
	for _, host := range routes.Hostnames(spec, topology) {
		route.Hosts = append(route.Hosts, string(host))
	}
	route.State, route.Reason, route.Message = graph.StateReconciling, v1alpha1.ReasonProgressing, "the route does not exist yet"
	if unread[protocol] {
		route.State, route.Reason, route.Message = graph.StateUnknown, "Forbidden", "you are not allowed to read the route"
	} else if c := meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionRoutesReady); c != nil && c.Status == metav1.ConditionFalse {
		route.State, route.Reason, route.Message = conditionState(ms, c), c.Reason, "the route was not created: "+c.Message
	}
	refs := routes.GatewayRefs(ms, spec, topology)
	if len(refs) == 0 {
		return []routeStatus{route}
	}
	all := make([]routeStatus, len(refs))
	for j, ref := range refs {
		all[j] = route
		all[j].Gateway = namespaceOr(ref.Namespace, ms.Namespace) + "/" + ref.Name
	}
	return all
}

// setFromGateway sets the state from what the Gateway reports about the route.
func (r *routeStatus) setFromGateway(made *liveRoute, parent gatewayv1.ParentReference) {
	at := slices.IndexFunc(made.statuses, func(s gatewayv1.RouteParentStatus) bool {
		return s.ParentRef.Name == parent.Name && ptr.Deref(s.ParentRef.SectionName, "") == ptr.Deref(parent.SectionName, "") &&
			(s.ParentRef.Namespace == nil || parent.Namespace == nil || *s.ParentRef.Namespace == *parent.Namespace)
	})
	r.State, r.Reason = graph.StateReconciling, v1alpha1.ReasonPending
	r.Message = "the Gateway has not accepted or rejected it yet"
	if at < 0 {
		return
	}
	for _, name := range []gatewayv1.RouteConditionType{gatewayv1.RouteConditionAccepted, gatewayv1.RouteConditionResolvedRefs} {
		c := meta.FindStatusCondition(made.statuses[at].Conditions, string(name))
		switch {
		case c == nil || c.ObservedGeneration < made.generation || c.Status == metav1.ConditionUnknown:
			return
		case c.Status == metav1.ConditionFalse:
			r.State, r.Reason, r.Message = graph.StateStalled, c.Reason, c.Message
			return
		}
	}
	r.State, r.Reason, r.Message = graph.StateReady, "", ""
}

// lines returns the route as text.
func (r *routeStatus) lines(t terminal, home string) []string {
	hosts := strings.Join(r.Hosts, ",")
	if hosts == "" {
		hosts = "*"
	}
	what := fmt.Sprintf("%s%s -> %s", hosts, r.Path, r.Port)
	gateway := "Gateway " + strings.TrimPrefix(r.Gateway, home+"/")
	if r.State == graph.StateReady {
		accepted := "accepted by " + gateway
		if len(indent)+utf8.RuneCountInString(what+accepted)+4 > t.textWidth() {
			return []string{t.marked(r.State, what), "  " + accepted}
		}
		return []string{t.marked(r.State, what) + "  " + accepted}
	}
	// Some controllers report a reason without a message.
	why := strings.TrimSuffix(r.Reason+": "+r.Message, ": ")
	if r.Gateway != "" {
		why = gateway + ": " + why
	}
	return []string{t.marked(r.State, what), "  " + wrap(why, t.textWidth(), indent+"  ")}
}
