// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/kube"
)

func TestIsBehind(t *testing.T) {
	ms := &v1alpha1.Microservice{Spec: v1alpha1.MicroserviceSpec{Ports: []v1alpha1.Port{{Name: "http", Port: 81}}}}
	meta := metav1.ObjectMeta{Generation: 2, Namespace: "shop"}
	refs := gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{{Name: "public"}}}
	backend := func(port int32) gatewayv1.BackendRef {
		return gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{Port: ptr.To(port)}}
	}
	answered := func(gateway gatewayv1.ObjectName, generation int64, conditions ...metav1.Condition) gatewayv1.RouteParentStatus {
		accepted := metav1.Condition{Type: "Accepted", Status: metav1.ConditionTrue, ObservedGeneration: generation}
		return gatewayv1.RouteParentStatus{ParentRef: gatewayv1.ParentReference{Name: gateway, Namespace: ptr.To[gatewayv1.Namespace]("shop")}, Conditions: append(conditions, accepted)}
	}
	status := func(generation int64) gatewayv1.RouteStatus {
		return gatewayv1.RouteStatus{Parents: []gatewayv1.RouteParentStatus{answered("public", generation)}}
	}
	parents := func(all ...gatewayv1.RouteParentStatus) gatewayv1.RouteStatus {
		return gatewayv1.RouteStatus{Parents: all}
	}
	rejected := answered("public", 1)
	rejected.Conditions[0].Status = metav1.ConditionFalse
	http := func(port int32, s gatewayv1.RouteStatus) kube.Object {
		r := &gatewayv1.HTTPRoute{ObjectMeta: meta, Status: gatewayv1.HTTPRouteStatus{RouteStatus: s}}
		r.Spec.CommonRouteSpec = refs
		r.Spec.Rules = []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{{BackendRef: backend(port)}}}}
		return r
	}
	grpc := func(port int32, s gatewayv1.RouteStatus) kube.Object {
		r := &gatewayv1.GRPCRoute{ObjectMeta: meta, Status: gatewayv1.GRPCRouteStatus{RouteStatus: s}}
		r.Spec.CommonRouteSpec = refs
		r.Spec.Rules = []gatewayv1.GRPCRouteRule{{BackendRefs: []gatewayv1.GRPCBackendRef{{BackendRef: backend(port)}}}}
		return r
	}
	for name, tc := range map[string]struct {
		route kube.Object
		want  bool
	}{
		"the spec's number":                      {http(81, status(2)), false},
		"an earlier number":                      {http(80, status(2)), true},
		"not read yet":                           {http(81, status(1)), true},
		"one gateway of two has not read it":     {http(81, parents(answered("public", 1), answered("other", 2))), true},
		"a gateway that it no longer names":      {http(81, parents(answered("public", 2), answered("other", 1))), false},
		"a gateway that rejects it":              {http(81, parents(rejected)), false},
		"a controller without generations":       {http(81, status(0)), false},
		"another condition of an earlier time":   {http(81, parents(answered("public", 2, metav1.Condition{Type: "Programmed"}))), false},
		"no gateway":                             {http(81, gatewayv1.RouteStatus{}), false},
		"the spec's number, of a GRPCRoute":      {grpc(81, status(2)), false},
		"an earlier number, of a GRPCRoute":      {grpc(80, status(2)), true},
		"a GRPCRoute that has not been read yet": {grpc(81, status(1)), true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := isBehind(ms, tc.route); got != tc.want {
				t.Errorf("isBehind is %t, want %t", got, tc.want)
			}
		})
	}
}
