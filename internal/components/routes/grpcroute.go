// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"fmt"
	"regexp"
	"strings"

	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// GRPCRoutes builds a GRPCRoute for each route whose port speaks gRPC.
func GRPCRoutes(in *inputs.Inputs) ([]kube.Object, error) {
	return routeObjects(in, v1alpha1.ProtocolGRPC, grpcRoute)
}

func grpcRoute(in *inputs.Inputs, i int, parents []gatewayv1.ParentReference, hostnames []gatewayv1.Hostname) (kube.Object, *condition.Problem) {
	ms := in.Microservice
	route := &ms.Spec.Routes[i]
	if route.Rewrite != "" || route.Timeout != nil {
		return nil, invalidRoute(fmt.Sprintf("routes[%d]", i), "rewrite and timeout are for HTTP ports; a GRPCRoute has neither", "remove rewrite and timeout")
	}
	method, problem := grpcMethod(route, i)
	if problem != nil {
		return nil, problem
	}
	return &gatewayv1.GRPCRoute{
		ObjectMeta: routeMeta(ms, i),
		Spec: gatewayv1.GRPCRouteSpec{
			CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: parents},
			Hostnames:       hostnames,
			Rules: []gatewayv1.GRPCRouteRule{{
				Matches:     grpcMatches(method, route),
				BackendRefs: []gatewayv1.GRPCBackendRef{{BackendRef: backend(ms, graph.FindPort(ms, route.Port))}},
			}},
		},
	}, nil
}

// The names of services and methods that Gateway API accepts.
var (
	grpcServiceName = regexp.MustCompile(`^[A-Za-z_][A-Za-z_0-9]*(\.[A-Za-z_][A-Za-z_0-9]*)*$`)
	grpcMethodName  = regexp.MustCompile(`^[A-Za-z_][A-Za-z_0-9]*$`)
)

// grpcMethod parses the path of the i-th route: /package.Service or
// /package.Service/Method. nil means every method.
func grpcMethod(route *v1alpha1.Route, i int) (*gatewayv1.GRPCMethodMatch, *condition.Problem) {
	path := strings.Trim(route.Path, "/")
	if path == "" {
		return nil, nil
	}
	service, method, hasMethod := strings.Cut(path, "/")
	if !grpcServiceName.MatchString(service) || hasMethod && !grpcMethodName.MatchString(method) {
		return nil, invalidRoute(fmt.Sprintf("routes[%d].path", i), fmt.Sprintf("%q is neither a gRPC service nor a gRPC method", route.Path), "write /package.Service or /package.Service/Method")
	}
	match := &gatewayv1.GRPCMethodMatch{Type: ptr.To(gatewayv1.GRPCMethodMatchExact), Service: &service}
	if !hasMethod {
		return match, nil
	}
	match.Method = &method
	return match, nil
}

func grpcMatches(method *gatewayv1.GRPCMethodMatch, route *v1alpha1.Route) []gatewayv1.GRPCRouteMatch {
	if method == nil && len(route.Headers) == 0 {
		return nil
	}
	match := gatewayv1.GRPCRouteMatch{Method: method}
	for _, header := range route.Headers {
		match.Headers = append(match.Headers, gatewayv1.GRPCHeaderMatch{
			Type:  ptr.To(gatewayv1.GRPCHeaderMatchExact),
			Name:  gatewayv1.GRPCHeaderName(header.Name),
			Value: header.Value,
		})
	}
	return []gatewayv1.GRPCRouteMatch{match}
}

// GRPCRouteHealth returns the health of a live GRPCRoute. live is nil if it does not
// exist yet.
func GRPCRouteHealth(in *inputs.Inputs, live kube.Object) condition.Health {
	route, _ := live.(*gatewayv1.GRPCRoute)
	if route == nil {
		return condition.Progressing("GRPCRoute is being created")
	}
	return routeHealth(in, "GRPCRoute", route.Name, route.Generation, route.Spec.ParentRefs, route.Status.Parents)
}
