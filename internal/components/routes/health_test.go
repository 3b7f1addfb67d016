// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

func TestRouteHealth(t *testing.T) {
	answer := func(gateway string, accepted, resolved metav1.Condition) gatewayv1.RouteParentStatus {
		return gatewayv1.RouteParentStatus{
			ParentRef:  gatewayv1.ParentReference{Name: gatewayv1.ObjectName(gateway)},
			Conditions: []metav1.Condition{accepted, resolved},
		}
	}
	yes := func(kind string) metav1.Condition { return conditionOf(kind, metav1.ConditionTrue, 2, kind) }
	no := func(kind, reason string) metav1.Condition {
		return conditionOf(kind, metav1.ConditionFalse, 2, reason)
	}
	ready := condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage("Routes are accepted")}
	waits := condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true, Message: condition.ParseMessage(`HTTPRoute "orders" waits for its Gateway to accept it`)}
	rejected := func(gateway, reason string) condition.Health {
		return condition.Health{Reason: v1alpha1.ReasonNotAccepted, Stalled: true, Message: condition.ParseMessage(fmt.Sprintf(`HTTPRoute "orders" rejected by Gateway %q: %s`, gateway, reason))}
	}
	hopeful := func(h condition.Health) condition.Health {
		h.Stalled, h.Progressing = false, true
		return h
	}
	both := map[string]*gatewayv1.Gateway{"shop/shop": programmed(), "infra/public": programmed()}
	for name, tc := range map[string]struct {
		parents    []gatewayv1.RouteParentStatus
		gateways   map[string]*gatewayv1.Gateway
		wantHealth condition.Health
	}{
		"accepted and resolved": {gateways: both, parents: []gatewayv1.RouteParentStatus{answer("shop", yes("Accepted"), yes("ResolvedRefs"))}, wantHealth: ready},
		"one gateway of two is enough": {gateways: both, parents: []gatewayv1.RouteParentStatus{
			answer("public", no("Accepted", "NotAllowedByListeners"), yes("ResolvedRefs")), answer("shop", yes("Accepted"), yes("ResolvedRefs"))}, wantHealth: ready},
		"a gateway that does not exist does not matter where another accepts": {
			parents: []gatewayv1.RouteParentStatus{answer("shop", yes("Accepted"), yes("ResolvedRefs"))}, wantHealth: ready},
		"rejected by all": {gateways: both, parents: []gatewayv1.RouteParentStatus{
			answer("public", no("Accepted", "NotAllowedByListeners"), yes("ResolvedRefs")),
			answer("shop", no("Accepted", "NoMatchingListenerHostname"), yes("ResolvedRefs"))},
			wantHealth: rejected("shop", "NoMatchingListenerHostname")},
		"rejected by one while another has not answered": {gateways: both, parents: []gatewayv1.RouteParentStatus{
			answer("shop", no("Accepted", "NoMatchingListenerHostname"), yes("ResolvedRefs"))},
			wantHealth: hopeful(rejected("shop", "NoMatchingListenerHostname"))},
		"accepted and without its backend, which may only be new": {gateways: both, parents: []gatewayv1.RouteParentStatus{
			answer("public", yes("Accepted"), no("ResolvedRefs", "BackendNotFound")),
			answer("shop", yes("Accepted"), no("ResolvedRefs", "BackendNotFound"))},
			wantHealth: hopeful(rejected("shop", "BackendNotFound"))},
		"an answer about an older generation does not count": {gateways: both, parents: []gatewayv1.RouteParentStatus{
			answer("shop", conditionOf("Accepted", metav1.ConditionFalse, 1, "Old"), conditionOf("ResolvedRefs", metav1.ConditionTrue, 1, "Old"))}, wantHealth: waits},
		"half an answer does not count": {gateways: both, parents: []gatewayv1.RouteParentStatus{
			answer("shop", yes("Accepted"), conditionOf("ResolvedRefs", metav1.ConditionUnknown, 2, "Pending"))}, wantHealth: waits},
		"no answer": {gateways: both, wantHealth: waits},
		"no gateway": {gateways: map[string]*gatewayv1.Gateway{"shop/shop": programmed()}, wantHealth: condition.Health{Reason: v1alpha1.ReasonNoGateway, Progressing: true,
			Message: condition.ParseMessage(`HTTPRoute "orders" attaches to Gateway "infra/public", which does not exist; to fix: create it, or correct routes[].parentRefs or the Topology's gateway`)}},
		"a gateway that is not ready is the cause": {gateways: map[string]*gatewayv1.Gateway{
			"shop/shop": programmed(func(g *gatewayv1.Gateway) { g.Status.Conditions = nil }), "infra/public": programmed()},
			wantHealth: condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true, Message: condition.ParseMessage(waitsForClass)}},
	} {
		t.Run(name, func(t *testing.T) {
			refs := gatewayv1.CommonRouteSpec{ParentRefs: []gatewayv1.ParentReference{
				{Name: "shop"}, {Name: "public", Namespace: ptr.To(gatewayv1.Namespace("infra"))}}}
			in := &inputs.Inputs{Microservice: inputstest.Orders(), Gateways: tc.gateways}
			meta := metav1.ObjectMeta{Name: "orders", Generation: 2}
			got := HTTPRouteHealth(in, &gatewayv1.HTTPRoute{ObjectMeta: meta, Spec: gatewayv1.HTTPRouteSpec{CommonRouteSpec: refs},
				Status: gatewayv1.HTTPRouteStatus{RouteStatus: gatewayv1.RouteStatus{Parents: tc.parents}}})
			if diff := cmp.Diff(tc.wantHealth, got); diff != "" {
				t.Errorf("HTTPRoute (-want +got):\n%s", diff)
			}
			got = GRPCRouteHealth(in, &gatewayv1.GRPCRoute{ObjectMeta: meta, Spec: gatewayv1.GRPCRouteSpec{CommonRouteSpec: refs},
				Status: gatewayv1.GRPCRouteStatus{RouteStatus: gatewayv1.RouteStatus{Parents: tc.parents}}})
			if got.Ready != tc.wantHealth.Ready || got.Reason != tc.wantHealth.Reason {
				t.Errorf("GRPCRoute is %v, want as the HTTPRoute: %v", got, tc.wantHealth)
			}
		})
	}
	for kind, got := range map[string]condition.Health{"HTTPRoute": HTTPRouteHealth(&inputs.Inputs{}, nil), "GRPCRoute": GRPCRouteHealth(&inputs.Inputs{}, nil)} {
		want := condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true, Message: condition.ParseMessage(kind + " is being created")}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("a route that is not there yet (-want +got):\n%s", diff)
		}
	}
}

func TestGatewayDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                       "0s",
		500 * time.Millisecond:  "500ms",
		5 * time.Second:         "5s",
		90 * time.Second:        "1m30s",
		36 * time.Hour:          "36h",
		time.Hour + time.Second: "1h1s",
		2*time.Hour + 3*time.Minute + 4*time.Second + 5*time.Millisecond: "2h3m4s5ms",
	} {
		if got := gatewayDuration(d); got != want {
			t.Errorf("gatewayDuration(%s) is %q, want %q", d, got, want)
		}
	}
}
