// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestIPBlockOf checks that a large block does not permit the metadata of nodes unless an entry
// names it.
func TestIPBlockOf(t *testing.T) {
	for cidr, want := range map[string][]string{
		"0.0.0.0/0":           {"169.254.169.254/32"},
		"169.254.0.0/16":      {"169.254.169.254/32"},
		"169.254.169.254/31":  {"169.254.169.254/32"},
		"169.254.169.254/32":  nil,
		"203.0.113.0/24":      nil,
		"::/0":                {"fd00:ec2::254/128", "fd20:ce::254/128"},
		"fd00:ec2::/32":       {"fd00:ec2::254/128"},
		"fd00:ec2::254/128":   nil,
		"2001:db8::/32":       nil,
		"no address block":    nil,
		"::ffff:0.0.0.0/96":   nil,
		"169.254.169.253/32":  nil,
		"169.254.169.0/24":    {"169.254.169.254/32"},
		"fd00:ec2::254:0/112": nil,
	} {
		if diff := cmp.Diff(&networkingv1.IPBlock{CIDR: cidr, Except: want}, IPBlockOf(cidr)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", cidr, diff)
		}
	}
}

// TestStoredBlocks checks that an entry from before the validation rule is permitted, and
// recorded, as the block that an API server takes it for.
func TestStoredBlocks(t *testing.T) {
	rules := func(cidrs ...string) []v1alpha1.EgressRule { return []v1alpha1.EgressRule{{CIDRs: cidrs}} }
	ms := inputstest.Orders(func(ms *v1alpha1.Microservice) {
		ms.Spec.Egress = rules("10.0.0.1/8", "192.0.2.0/24", "10.0.0.0/8", "fd00::1/8")
	})
	in := &inputs.Inputs{Microservice: ms, Topology: &v1alpha1.Topology{}}
	want := []string{"10.0.0.0/8", "192.0.2.0/24", "fd00::/8"}
	if diff := cmp.Diff(&v1alpha1.Calls{Egress: rules(want...)}, Calls(in, false)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	// The status lists what the spec has.
	ms.Status.Calls = Calls(in, false)
	var got []string
	for _, rule := range ServicePolicy(in).Spec.Egress {
		for _, to := range rule.To {
			if len(rule.Ports) == 0 && to.IPBlock != nil {
				got = append(got, to.IPBlock.CIDR)
			}
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the policy's blocks (-want +got):\n%s", diff)
	}
	if ms.Spec.Egress[0].CIDRs[0] != "10.0.0.1/8" {
		t.Error("the spec was changed")
	}
}

// TestPeerOf checks that pods are never selected in every namespace unless that is declared.
func TestPeerOf(t *testing.T) {
	topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "front"}}
	pods := &metav1.LabelSelector{MatchLabels: map[string]string{"app": "prometheus"}}
	for name, tc := range map[string]struct{ declared, want *metav1.LabelSelector }{
		"unset means the Topology's namespace": {nil, &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": "front"}}},
		"empty means every namespace":          {&metav1.LabelSelector{}, &metav1.LabelSelector{}},
	} {
		want := networkingv1.NetworkPolicyPeer{NamespaceSelector: tc.want, PodSelector: pods}
		if diff := cmp.Diff(want, PeerOf(topology, &v1alpha1.PodPeer{NamespaceSelector: tc.declared, PodSelector: pods})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
