// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"testing"

	"github.com/atoll-dev/atoll/internal/condition"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

func conditionOf(kind string, status metav1.ConditionStatus, generation int64, reason string) metav1.Condition {
	return metav1.Condition{Type: kind, Status: status, ObservedGeneration: generation, Reason: reason}
}

// programmed is a Gateway that works, with changes.
func programmed(changes ...func(*gatewayv1.Gateway)) *gatewayv1.Gateway {
	g := &gatewayv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop", Generation: 2},
		Spec:       gatewayv1.GatewaySpec{GatewayClassName: "traefik", Listeners: []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}}},
		Status: gatewayv1.GatewayStatus{Conditions: []metav1.Condition{
			conditionOf("Accepted", metav1.ConditionTrue, 2, "Accepted"), conditionOf("Programmed", metav1.ConditionTrue, 2, "Programmed")}},
	}
	for _, change := range changes {
		change(g)
	}
	return g
}

const waitsForClass = `Gateway "shop" waits for the controller of GatewayClass "traefik"; to fix: check that the class exists (kubectl get gatewayclass) and that its controller runs`

func TestGatewayHealth(t *testing.T) {
	pending := condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true, Message: condition.ParseMessage(waitsForClass)}
	refused := func(message string) condition.Health {
		return condition.Health{Reason: v1alpha1.ReasonNotAccepted, Progressing: true, Message: condition.ParseMessage(message)}
	}
	unprogrammed := func(listener ...metav1.Condition) *gatewayv1.Gateway {
		return programmed(func(g *gatewayv1.Gateway) {
			g.Status.Conditions[1] = conditionOf("Programmed", metav1.ConditionFalse, 2, "Invalid")
			g.Status.Listeners = []gatewayv1.ListenerStatus{
				{Name: "http", Conditions: []metav1.Condition{conditionOf("Accepted", metav1.ConditionTrue, 2, "Accepted"), conditionOf("Conflicted", metav1.ConditionFalse, 2, "NoConflicts"),
					conditionOf("OverlappingTLSConfig", metav1.ConditionFalse, 2, "NoOverlap")}},
				{Name: "https", Conditions: listener},
			}
		})
	}
	for name, tc := range map[string]struct {
		gateway    *gatewayv1.Gateway
		wantHealth condition.Health
	}{
		"accepted and programmed":             {gateway: programmed(), wantHealth: condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage("The Gateway is programmed")}},
		"without an answer of its controller": {gateway: programmed(func(g *gatewayv1.Gateway) { g.Status.Conditions = nil }), wantHealth: pending},
		"with the default conditions of the CRD": {gateway: programmed(func(g *gatewayv1.Gateway) {
			g.Status.Conditions = []metav1.Condition{conditionOf("Accepted", metav1.ConditionUnknown, 2, "Pending"), conditionOf("Programmed", metav1.ConditionUnknown, 2, "Pending")}
		}), wantHealth: pending},
		"with an answer about an older generation": {gateway: programmed(func(g *gatewayv1.Gateway) { g.Generation = 3 }), wantHealth: pending},
		"accepted and not yet programmed":          {gateway: programmed(func(g *gatewayv1.Gateway) { g.Status.Conditions = g.Status.Conditions[:1] }), wantHealth: pending},
		"not accepted": {gateway: programmed(func(g *gatewayv1.Gateway) {
			g.Status.Conditions[0] = conditionOf("Accepted", metav1.ConditionFalse, 2, "UnsupportedAddress")
		}), wantHealth: refused(`Gateway "shop" is not accepted: UnsupportedAddress`)},
		"not programmed, because of a listener": {
			gateway:    unprogrammed(conditionOf("ResolvedRefs", metav1.ConditionFalse, 2, "InvalidCertificateRef")),
			wantHealth: refused(`Gateway "shop" is not programmed: Invalid; listener "https": InvalidCertificateRef; to fix: check that the Secret of gateway.tls exists and has the type kubernetes.io/tls`),
		},
		"not programmed, with listeners that are ready": {
			gateway:    unprogrammed(conditionOf("Accepted", metav1.ConditionTrue, 2, "Accepted")),
			wantHealth: refused(`Gateway "shop" is not programmed: Invalid`),
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.wantHealth, GatewayHealth(tc.gateway)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestListenerLetsIn is about which namespaces' routes the listeners of a Topology's
// Gateway let attach.
func TestListenerLetsIn(t *testing.T) {
	named := func(names ...string) *gatewayv1.RouteNamespaces {
		return &gatewayv1.RouteNamespaces{From: ptr.To(gatewayv1.NamespacesFromSelector), Selector: &metav1.LabelSelector{
			MatchExpressions: []metav1.LabelSelectorRequirement{{Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpIn, Values: names}}}}
	}
	for name, tc := range map[string]struct {
		allowed *v1alpha1.AllowedNamespaces
		guests  []string
		want    *gatewayv1.RouteNamespaces
	}{
		"nothing said":                {nil, nil, &gatewayv1.RouteNamespaces{From: ptr.To(gatewayv1.NamespacesFromSame)}},
		"its own":                     {&v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSame}, nil, &gatewayv1.RouteNamespaces{From: ptr.To(gatewayv1.NamespacesFromSame)}},
		"all":                         {&v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}, []string{"people"}, &gatewayv1.RouteNamespaces{From: ptr.To(gatewayv1.NamespacesFromAll)}},
		"selected ones, without any":  {&v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector}, nil, &gatewayv1.RouteNamespaces{From: ptr.To(gatewayv1.NamespacesFromSame)}},
		"selected ones, with members": {&v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector}, []string{"team", "people"}, named("people", "shop", "team")},
	} {
		topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop"}, Spec: v1alpha1.TopologySpec{
			AllowedNamespaces: tc.allowed, Gateway: &v1alpha1.TopologyGateway{ClassName: "any", Hostnames: []v1alpha1.Hostname{"a.example.com", "b.example.com"}},
		}}
		for _, listener := range Gateway(topology, tc.guests).Spec.Listeners {
			if diff := cmp.Diff(tc.want, listener.AllowedRoutes.Namespaces); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	}
}
