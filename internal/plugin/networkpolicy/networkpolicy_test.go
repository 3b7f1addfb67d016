// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

func selector(key, value string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{key: value}}
}

func labelled(key string, operator metav1.LabelSelectorOperator, values ...string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: key, Operator: operator, Values: values}}}
}

// TestBlocking checks which policies block a connection from a pod of namespace shop to
// one of namespace data.
func TestBlocking(t *testing.T) {
	const in, out = networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress
	from := &Endpoint{Namespace: "shop", Labels: map[string]string{"app": "orders"}}
	to := &Endpoint{Namespace: "data", Labels: map[string]string{"app": "users"}, Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 80}}}
	policy := func(namespace, name string, spec networkingv1.NetworkPolicySpec) *networkingv1.NetworkPolicy {
		return &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: spec}
	}
	letIn := []networkingv1.NetworkPolicyIngressRule{{}}
	letOut := []networkingv1.NetworkPolicyEgressRule{{}}
	elsewhere := []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}}}
	maybe := []networkingv1.NetworkPolicyEgressRule{{To: []networkingv1.NetworkPolicyPeer{{NamespaceSelector: selector("team", "data")}, {PodSelector: &metav1.LabelSelector{}}}}}
	atPort := []networkingv1.NetworkPolicyIngressRule{{Ports: []networkingv1.NetworkPolicyPort{{Port: ptr.To(intstr.FromString("http"))}}}}
	for name, tc := range map[string]struct {
		policies  []*networkingv1.NetworkPolicy
		want      []string
		direction networkingv1.PolicyType
	}{
		"without a policy, all is allowed": {},
		"without policyTypes, a policy applies to ingress": {
			policies: []*networkingv1.NetworkPolicy{policy("data", "closed", networkingv1.NetworkPolicySpec{})},
			want:     []string{"closed"}, direction: in},
		"without policyTypes and egress rules, a policy does not apply to egress": {
			policies: []*networkingv1.NetworkPolicy{policy("shop", "closed", networkingv1.NetworkPolicySpec{})}},
		"without policyTypes, a policy with egress rules applies to egress": {
			policies: []*networkingv1.NetworkPolicy{policy("shop", "elsewhere", networkingv1.NetworkPolicySpec{Egress: elsewhere})},
			want:     []string{"elsewhere"}, direction: out},
		"a policy does not apply to a direction outside its policyTypes": {
			policies: []*networkingv1.NetworkPolicy{policy("shop", "in", networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{in}, Egress: elsewhere})}},
		"policies are additive": {
			policies: []*networkingv1.NetworkPolicy{policy("data", "closed", networkingv1.NetworkPolicySpec{}), policy("data", "open", networkingv1.NetworkPolicySpec{Ingress: letIn})}},
		"all policies that select the pod block the connection": {
			policies: []*networkingv1.NetworkPolicy{policy("data", "a", networkingv1.NetworkPolicySpec{}), policy("data", "other", networkingv1.NetworkPolicySpec{PodSelector: *selector("app", "db")}),
				policy("data", "b", networkingv1.NetworkPolicySpec{PodSelector: *selector("app", "users")})},
			want: []string{"a", "b"}, direction: in},
		"both ends must allow the connection": {
			policies: []*networkingv1.NetworkPolicy{policy("shop", "open", networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{out}, Egress: letOut}), policy("data", "closed", networkingv1.NetworkPolicySpec{})},
			want:     []string{"closed"}, direction: in},
		"a connection that may be allowed is not blocked": {
			policies: []*networkingv1.NetworkPolicy{policy("shop", "maybe", networkingv1.NetworkPolicySpec{Egress: maybe})}},
		"port names are those of the listening end": {
			policies: []*networkingv1.NetworkPolicy{policy("data", "http", networkingv1.NetworkPolicySpec{Ingress: atPort})}},
		"if both ends block the connection, the source counts": {
			policies: []*networkingv1.NetworkPolicy{policy("data", "closed", networkingv1.NetworkPolicySpec{}), policy("shop", "shut", networkingv1.NetworkPolicySpec{PolicyTypes: []networkingv1.PolicyType{out}})},
			want:     []string{"shut"}, direction: out},
	} {
		t.Run(name, func(t *testing.T) {
			blocking, direction := Blocking(tc.policies, Connection{from, to, 80, corev1.ProtocolTCP})
			var got []string
			for _, p := range blocking {
				got = append(got, p.Name)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" || direction != tc.direction {
				t.Errorf("direction is %q, want %q; blocking are (-want +got):\n%s", direction, tc.direction, diff)
			}
		})
	}
}
