// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

func TestUnsupportedFeature(t *testing.T) {
	timeout := v1alpha1.Route{Timeout: &metav1.Duration{Duration: 5 * time.Second}, ParentRefs: []v1alpha1.GatewayReference{{Name: "shop"}}}
	rewrite := v1alpha1.Route{Rewrite: "/", ParentRefs: []v1alpha1.GatewayReference{{Name: "shop"}}}
	plain := v1alpha1.Route{ParentRefs: []v1alpha1.GatewayReference{{Name: "shop"}}}
	grpc := v1alpha1.Route{Port: "grpc", ParentRefs: []v1alpha1.GatewayReference{{Name: "shop"}}}
	notSupported := func(field, what, feature string) *condition.Health {
		return &condition.Health{Reason: v1alpha1.ReasonNotSupported, Stalled: true, Message: condition.Message{
			Field:  field,
			Cause:  fmt.Sprintf(`GatewayClass "traefik" does not support %s (%s is not among its supportedFeatures)`, what, feature),
			Remedy: "remove it, or use another class",
		}}
	}
	for name, tc := range map[string]struct {
		routes   []v1alpha1.Route
		features []gatewayv1.FeatureName
		want     *condition.Health
	}{
		"no optional feature is used":     {routes: []v1alpha1.Route{plain}, features: []gatewayv1.FeatureName{"Gateway"}},
		"all used features are supported": {routes: []v1alpha1.Route{timeout, rewrite}, features: []gatewayv1.FeatureName{featureTimeout, featureRewrite}},
		"the class lists no features":     {routes: []v1alpha1.Route{timeout, rewrite}},
		"an unsupported timeout": {routes: []v1alpha1.Route{rewrite, timeout}, features: []gatewayv1.FeatureName{featureRewrite},
			want: notSupported("routes[1].timeout", "timeouts", "HTTPRouteRequestTimeout")},
		"an unsupported rewrite": {routes: []v1alpha1.Route{rewrite}, features: []gatewayv1.FeatureName{featureTimeout},
			want: notSupported("routes[0].rewrite", "rewrites", "HTTPRoutePathRewrite")},
		"supported gRPC": {routes: []v1alpha1.Route{grpc}, features: []gatewayv1.FeatureName{featureGRPC}},
		"unsupported gRPC": {routes: []v1alpha1.Route{plain, grpc}, features: []gatewayv1.FeatureName{featureTimeout},
			want: notSupported("routes[1]", "gRPC routes", "GRPCRoute")},
	} {
		t.Run(name, func(t *testing.T) {
			class := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "traefik"}}
			for _, feature := range tc.features {
				class.Status.SupportedFeatures = append(class.Status.SupportedFeatures, gatewayv1.SupportedFeature{Name: feature})
			}
			ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: "shop"}}
			ms.Spec.Routes = tc.routes
			ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80}, {Name: "grpc", Port: 81, Protocol: v1alpha1.ProtocolGRPC}}
			in := &inputs.Inputs{
				Microservice:   ms,
				Gateways:       map[string]*gatewayv1.Gateway{"shop/shop": {Spec: gatewayv1.GatewaySpec{GatewayClassName: "traefik"}}},
				GatewayClasses: map[string]*gatewayv1.GatewayClass{"traefik": class},
			}
			if diff := cmp.Diff(tc.want, unsupportedFeature(in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
