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
	"slices"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// What a gateway may or may not do, by the names that Gateway API gives it
// (https://gateway-api.sigs.k8s.io/concepts/conformance/).
const (
	featureTimeout gatewayv1.FeatureName = "HTTPRouteRequestTimeout"
	featureRewrite gatewayv1.FeatureName = "HTTPRoutePathRewrite"
	featureGRPC    gatewayv1.FeatureName = "GRPCRoute"
)

// undone says what a Microservice's routes ask for that their gateway does not
// do, and nil where it does all, or does not say what it does. A gateway
// accepts such a route and passes over what it can't do, or never answers for one
// of a kind that it does not know.
func undone(in *inputs.Inputs) *condition.Health {
	grpc := routesOf(in.Microservice, v1alpha1.ProtocolGRPC)
	for i := range in.Microservice.Spec.Routes {
		route := &in.Microservice.Spec.Routes[i]
		for _, need := range []struct {
			wanted  bool
			feature gatewayv1.FeatureName
			field   string
		}{
			{route.Timeout != nil, featureTimeout, ".timeout"},
			{route.Rewrite != "", featureRewrite, ".rewrite"},
			{slices.Contains(grpc, i), featureGRPC, ", a route of gRPC"},
		} {
			if !need.wanted {
				continue
			}
			if class := classWithout(in, route, need.feature); class != nil {
				return &condition.Health{Reason: v1alpha1.ReasonNotSupported, Stalled: true,
					Message: condition.ParseMessage(fmt.Sprintf("routes[%d]%s: GatewayClass %q does not do it (%s is not among its supportedFeatures): remove it, or use another class", i, need.field, class.Name, need.feature))}
			}
		}
	}
	return nil
}

// classWithout is a class of one of the route's Gateways that says what it does
// and does not name the feature.
func classWithout(in *inputs.Inputs, route *v1alpha1.Route, feature gatewayv1.FeatureName) *gatewayv1.GatewayClass {
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
