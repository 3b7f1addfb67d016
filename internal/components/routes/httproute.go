// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// HTTPRoutes builds an HTTPRoute for each route whose port speaks HTTP.
func HTTPRoutes(in *inputs.Inputs) ([]kube.Object, error) {
	return routeObjects(in, v1alpha1.ProtocolHTTP, httpRoute)
}

func httpRoute(in *inputs.Inputs, i int, parents []gatewayv1.ParentReference, hostnames []gatewayv1.Hostname) (kube.Object, *condition.Problem) {
	ms := in.Microservice
	route := &ms.Spec.Routes[i]
	rule := gatewayv1.HTTPRouteRule{
		Matches: []gatewayv1.HTTPRouteMatch{{
			Path: &gatewayv1.HTTPPathMatch{
				Type:  ptr.To(gatewayv1.PathMatchPathPrefix),
				Value: ptr.To(pathOf(route)),
			},
			Headers: httpHeaders(route),
		}},
		BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: backend(ms, graph.FindPort(ms, route.Port))}},
	}
	if route.Rewrite != "" {
		rule.Filters = []gatewayv1.HTTPRouteFilter{{
			Type: gatewayv1.HTTPRouteFilterURLRewrite,
			URLRewrite: &gatewayv1.HTTPURLRewriteFilter{Path: &gatewayv1.HTTPPathModifier{
				Type:               gatewayv1.PrefixMatchHTTPPathModifier,
				ReplacePrefixMatch: &route.Rewrite,
			}},
		}}
	}
	if route.Timeout != nil {
		rule.Timeouts = &gatewayv1.HTTPRouteTimeouts{Request: ptr.To(gatewayv1.Duration(gatewayDuration(route.Timeout.Duration)))}
	}
	return &gatewayv1.HTTPRoute{
		ObjectMeta: routeMeta(ms, i),
		Spec: gatewayv1.HTTPRouteSpec{
			CommonRouteSpec: gatewayv1.CommonRouteSpec{ParentRefs: parents},
			Hostnames:       hostnames,
			Rules:           []gatewayv1.HTTPRouteRule{rule},
		},
	}, nil
}

func pathOf(route *v1alpha1.Route) string {
	if route.Path == "" {
		return "/"
	}
	return route.Path
}

func httpHeaders(route *v1alpha1.Route) []gatewayv1.HTTPHeaderMatch {
	if len(route.Headers) == 0 {
		return nil
	}
	matches := make([]gatewayv1.HTTPHeaderMatch, len(route.Headers))
	for i, header := range route.Headers {
		matches[i] = gatewayv1.HTTPHeaderMatch{
			Type:  ptr.To(gatewayv1.HeaderMatchExact),
			Name:  gatewayv1.HTTPHeaderName(header.Name),
			Value: header.Value,
		}
	}
	return matches
}

// HTTPRouteHealth returns how a live HTTPRoute is; live is nil while it does not exist.
func HTTPRouteHealth(in *inputs.Inputs, live kube.Object) condition.Health {
	route, _ := live.(*gatewayv1.HTTPRoute)
	if route == nil {
		return condition.Progressing("HTTPRoute is being created")
	}
	return routeHealth(in, "HTTPRoute", route.Name, route.Generation, route.Spec.ParentRefs, route.Status.Parents)
}
