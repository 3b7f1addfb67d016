// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"testing"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/plugin/networkpolicy"
)

func TestForwarder(t *testing.T) {
	gateways := func() *networkingv1.NetworkPolicyPeer {
		return &networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{}, PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "gateway"}}}
	}
	all := &networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{}}
	block := &networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "0.0.0.0/0"}}
	for name, tc := range map[string]struct {
		forwarder                  forwarder
		peers                      []networkingv1.NetworkPolicyPeer
		wantOfAtolls, wantOfOthers networkpolicy.Answer
	}{
		"all are let in":                       {forwarder{}, nil, networkpolicy.Yes, networkpolicy.Yes},
		"pods, which may be its own":           {forwarder{}, []networkingv1.NetworkPolicyPeer{*all}, networkpolicy.No, networkpolicy.Unknown},
		"addresses, which may be its own":      {forwarder{}, []networkingv1.NetworkPolicyPeer{*block}, networkpolicy.No, networkpolicy.Unknown},
		"the data plane's, for another target": {forwarder{}, []networkingv1.NetworkPolicyPeer{*gateways()}, networkpolicy.No, networkpolicy.Unknown},
		"the data plane's":                     {forwarder{gateways()}, []networkingv1.NetworkPolicyPeer{*gateways()}, networkpolicy.Yes, networkpolicy.Yes},
		"the data plane's, beside others":      {forwarder{gateways()}, []networkingv1.NetworkPolicyPeer{*block, *gateways()}, networkpolicy.Yes, networkpolicy.Yes},
		"pods other than the data plane's own": {forwarder{gateways()}, []networkingv1.NetworkPolicyPeer{*all}, networkpolicy.No, networkpolicy.Unknown},
	} {
		t.Run(name, func(t *testing.T) {
			policy := &networkingv1.NetworkPolicy{Spec: networkingv1.NetworkPolicySpec{Ingress: []networkingv1.NetworkPolicyIngressRule{{From: tc.peers}}}}
			for manager, want := range map[string]networkpolicy.Answer{v1alpha1.ManagedByAtoll: tc.wantOfAtolls, "somebody": tc.wantOfOthers} {
				policy.Labels = map[string]string{v1alpha1.LabelManagedBy: manager}
				if got := networkpolicy.Lets([]*networkingv1.NetworkPolicy{policy}, networkingv1.PolicyTypeIngress, &tc.forwarder, networkpolicy.Port{Number: 80}); got != want {
					t.Errorf("the answer of a policy of %s is %d, want %d", manager, got, want)
				}
			}
		})
	}
}
