// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"fmt"
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// The features that a gateway may lack, by their names in Gateway API
// (https://gateway-api.sigs.k8s.io/concepts/conformance/).
const (
	featureTimeout gatewayv1.FeatureName = "HTTPRouteRequestTimeout"
	featureRewrite gatewayv1.FeatureName = "HTTPRoutePathRewrite"
	featureGRPC    gatewayv1.FeatureName = "GRPCRoute"
)

// unsupportedFeature reports the first feature that a route asks for and its gateway
// does not support; nil where there is none, or where the GatewayClass does not list
// its features. A gateway accepts such a route and ignores what it does not support,
// or never answers for a kind of route that it does not know.
func unsupportedFeature(in *inputs.Inputs) *condition.Health {
	grpc := routeIndexes(in.Microservice, v1alpha1.ProtocolGRPC)
	for i := range in.Microservice.Spec.Routes {
		route := &in.Microservice.Spec.Routes[i]
		for _, need := range []struct {
			wanted      bool
			feature     gatewayv1.FeatureName
			field, what string
		}{
			{route.Timeout != nil, featureTimeout, ".timeout", "timeouts"},
			{route.Rewrite != "", featureRewrite, ".rewrite", "rewrites"},
			{slices.Contains(grpc, i), featureGRPC, "", "gRPC routes"},
		} {
			if !need.wanted {
				continue
			}
			if class := classLacking(in, route, need.feature); class != nil {
				return &condition.Health{Reason: v1alpha1.ReasonNotSupported, Stalled: true, Message: condition.Message{
					Field:  fmt.Sprintf("routes[%d]%s", i, need.field),
					Cause:  fmt.Sprintf("GatewayClass %q does not support %s (%s is not among its supportedFeatures)", class.Name, need.what, need.feature),
					Remedy: "remove it, or use another class",
				}}
			}
		}
	}
	return nil
}

// classLacking returns the class of one of the route's Gateways that lists its features
// and lacks one; nil where there is none.
func classLacking(in *inputs.Inputs, route *v1alpha1.Route, feature gatewayv1.FeatureName) *gatewayv1.GatewayClass {
	for _, ref := range GatewayRefs(in.Microservice, route, in.Topology) {
		namespace := ref.Namespace
		if namespace == "" {
			namespace = in.Microservice.Namespace
		}
		gateway := in.Gateways[namespace+"/"+ref.Name]
		if gateway == nil {
			continue
		}
		class := in.GatewayClasses[string(gateway.Spec.GatewayClassName)]
		if class == nil || len(class.Status.SupportedFeatures) == 0 {
			continue
		}
		if !slices.ContainsFunc(class.Status.SupportedFeatures, func(f gatewayv1.SupportedFeature) bool { return f.Name == feature }) {
			return class
		}
	}
	return nil
}
