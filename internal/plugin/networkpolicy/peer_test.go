// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TestEndpointMatches checks peers of a policy in namespace x against a pod of
// namespace y, with and without known namespace labels and address.
func TestEndpointMatches(t *testing.T) {
	labels := map[string]string{"app": "users"}
	unread := &Endpoint{Namespace: "y", Labels: labels}
	read := &Endpoint{Namespace: "y", Labels: labels, NamespaceLabels: map[string]string{corev1.LabelMetadataName: "y", "team": "shop"}, IP: "10.1.2.5"}
	named := func(namespace string) *metav1.LabelSelector { return selector(corev1.LabelMetadataName, namespace) }
	team, all := selector("team", "shop"), &metav1.LabelSelector{}
	for name, tc := range map[string]struct {
		peer                 networkingv1.NetworkPolicyPeer
		wantUnread, wantRead Answer
	}{
		"a label of the namespace":                {networkingv1.NetworkPolicyPeer{NamespaceSelector: team}, Unknown, Yes},
		"another label of the namespace":          {networkingv1.NetworkPolicyPeer{NamespaceSelector: selector("team", "mall")}, Unknown, No},
		"a label that it may lack":                {networkingv1.NetworkPolicyPeer{NamespaceSelector: labelled("stage", metav1.LabelSelectorOpDoesNotExist)}, Unknown, Yes},
		"the namespace's own name":                {networkingv1.NetworkPolicyPeer{NamespaceSelector: named("y")}, Yes, Yes},
		"another namespace's name":                {networkingv1.NetworkPolicyPeer{NamespaceSelector: named("z")}, No, No},
		"any but another namespace":               {networkingv1.NetworkPolicyPeer{NamespaceSelector: labelled(corev1.LabelMetadataName, metav1.LabelSelectorOpNotIn, "z")}, Yes, Yes},
		"a name and a further label":              {networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "y", "team": "shop"}}}, Unknown, Yes},
		"another name and a further label":        {networkingv1.NetworkPolicyPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "z", "team": "shop"}}}, No, No},
		"any namespace":                           {networkingv1.NetworkPolicyPeer{NamespaceSelector: all}, Yes, Yes},
		"pods of the policy's namespace":          {networkingv1.NetworkPolicyPeer{PodSelector: all}, No, No},
		"pods of its labels":                      {networkingv1.NetworkPolicyPeer{NamespaceSelector: all, PodSelector: selector("app", "users")}, Yes, Yes},
		"pods of its labels, if that namespace":   {networkingv1.NetworkPolicyPeer{NamespaceSelector: team, PodSelector: selector("app", "users")}, Unknown, Yes},
		"pods of other labels":                    {networkingv1.NetworkPolicyPeer{NamespaceSelector: team, PodSelector: selector("app", "orders")}, No, No},
		"pods without a label that it lacks":      {networkingv1.NetworkPolicyPeer{NamespaceSelector: all, PodSelector: labelled("tier", metav1.LabelSelectorOpNotIn, "back")}, Yes, Yes},
		"a selector of namespaces that is broken": {networkingv1.NetworkPolicyPeer{NamespaceSelector: labelled("team", "Like", "shop")}, No, No},
		"a selector of pods that is broken":       {networkingv1.NetworkPolicyPeer{NamespaceSelector: all, PodSelector: labelled("app", "Like", "users")}, No, No},
		"a block of its address":                  {networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "10.0.0.0/8"}}, Unknown, Yes},
		"a block of other addresses":              {networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "192.0.2.0/24"}}, Unknown, No},
		"a block that excepts its address":        {networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "10.0.0.0/8", Except: []string{"10.1.0.0/16"}}}, Unknown, No},
		"a block that excepts others":             {networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "10.0.0.0/8", Except: []string{"10.2.0.0/16"}}}, Unknown, Yes},
		"a block of the other family":             {networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "::/0"}}, Unknown, No},
	} {
		t.Run(name, func(t *testing.T) {
			policy := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: "x"}}
			if got := unread.Matches(policy, &tc.peer); got != tc.wantUnread {
				t.Errorf("of a pod of which little is known, the answer is %d, want %d", got, tc.wantUnread)
			}
			if got := read.Matches(policy, &tc.peer); got != tc.wantRead {
				t.Errorf("the answer is %d, want %d", got, tc.wantRead)
			}
		})
	}
}
