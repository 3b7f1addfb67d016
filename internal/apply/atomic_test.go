// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// TestAtomicFields checks that an addition to an atomic field is drift, and that the
// repair removes it.
func TestAtomicFields(t *testing.T) {
	policy := func(change func(s *networkingv1.NetworkPolicySpec)) client.Object {
		p := &networkingv1.NetworkPolicy{TypeMeta: metav1.TypeMeta{Kind: "NetworkPolicy"}, Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": "a"}},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Egress:      []networkingv1.NetworkPolicyEgressRule{{Ports: []networkingv1.NetworkPolicyPort{{}}}},
		}}
		change(&p.Spec)
		return p
	}
	service := func(selector map[string]string) client.Object {
		return &corev1.Service{TypeMeta: metav1.TypeMeta{Kind: "Service"}, Spec: corev1.ServiceSpec{Selector: selector, ClusterIP: "10.0.0.1"}}
	}
	budget := func(selector *metav1.LabelSelector) client.Object {
		return &policyv1.PodDisruptionBudget{TypeMeta: metav1.TypeMeta{Kind: "PodDisruptionBudget"}, Spec: policyv1.PodDisruptionBudgetSpec{Selector: selector}}
	}
	unchanged := policy(func(*networkingv1.NetworkPolicySpec) {})
	selector, narrower := map[string]string{"app": "a"}, map[string]string{"app": "a", "track": "stable"}
	for name, tc := range map[string]struct {
		desired, live client.Object
		wantSame      bool
	}{
		"equal policies": {desired: unchanged, live: policy(func(s *networkingv1.NetworkPolicySpec) { s.Ingress = []networkingv1.NetworkPolicyIngressRule{} }), wantSame: true},
		"an added rule":  {desired: unchanged, live: policy(func(s *networkingv1.NetworkPolicySpec) { s.Ingress = []networkingv1.NetworkPolicyIngressRule{{}} })},
		"a removed rule": {desired: unchanged, live: policy(func(s *networkingv1.NetworkPolicySpec) { s.Egress = nil })},
		"an added peer in a rule for all peers": {desired: unchanged, live: policy(func(s *networkingv1.NetworkPolicySpec) {
			s.Egress = []networkingv1.NetworkPolicyEgressRule{{Ports: s.Egress[0].Ports, To: []networkingv1.NetworkPolicyPeer{{PodSelector: &metav1.LabelSelector{}}}}}
		})},
		"an added label in a pod selector": {desired: unchanged, live: policy(func(s *networkingv1.NetworkPolicySpec) { s.PodSelector.MatchLabels = narrower })},
		"an added expression in a pod selector": {desired: unchanged, live: policy(func(s *networkingv1.NetworkPolicySpec) {
			s.PodSelector.MatchExpressions = []metav1.LabelSelectorRequirement{{Key: "x", Operator: metav1.LabelSelectorOpExists}}
		})},
		"equal selectors of a Service":             {desired: service(selector), live: service(selector), wantSame: true},
		"an added label in a Service's selector":   {desired: service(selector), live: service(narrower)},
		"equal selectors of a budget":              {desired: budget(&metav1.LabelSelector{MatchLabels: selector}), live: budget(&metav1.LabelSelector{MatchLabels: selector}), wantSame: true},
		"an added label in a budget's selector":    {desired: budget(&metav1.LabelSelector{MatchLabels: selector}), live: budget(&metav1.LabelSelector{MatchLabels: narrower})},
		"an addition to a Deployment is permitted": {desired: deployment(), live: deployment(defaulted), wantSame: true},
	} {
		t.Run(name, func(t *testing.T) {
			if got := matchesDesired(tc.desired, tc.live); got != tc.wantSame {
				t.Errorf("match is %t, want %t", got, tc.wantSame)
			}
			a := &Applier{}
			desired, err := a.toUnstructured(tc.desired, "hash")
			if err != nil {
				t.Fatal(err)
			}
			live, err := a.toUnstructured(tc.live, "hash")
			if err != nil {
				t.Fatal(err)
			}
			desired.SetKind(tc.desired.GetObjectKind().GroupVersionKind().Kind)
			restoreAtomicField(desired, live)
			after := tc.live.DeepCopyObject().(client.Object)
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(live.Object, after); err != nil {
				t.Fatal(err)
			}
			if !atomicFieldsEqual(tc.desired, after) {
				t.Error("the repair did not restore the atomic field")
			}
		})
	}
}
