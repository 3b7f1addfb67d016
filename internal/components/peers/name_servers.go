// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package peers builds the rules of NetworkPolicies for the peers that every pod needs:
// name servers and the proxies of a service mesh. It is pure.
package peers

import (
	"net/netip"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/internal/nameserver"
)

// linkLocal contains the caches of nodes, whose address depends on the distribution
// (https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/), and the name server of
// clouds (https://cloud.google.com/kubernetes-engine/docs/how-to/cloud-dns). No router forwards
// to these addresses.
const linkLocal = "169.254.0.0/16"

// NameServers allows the cluster's name servers. Pods listen on port 53, or on a port that
// needs no privilege: 5353 (OpenShift) or 8053 (Gardener). A policy applies to that port, and
// not to the Service's. Addresses are those of caches on the node, which run in the node's
// network and have no labels for a policy, and of a Service that no pods are behind.
func NameServers(addresses []string) []networkingv1.NetworkPolicyEgressRule {
	blocks := []networkingv1.NetworkPolicyPeer{{IPBlock: &networkingv1.IPBlock{CIDR: linkLocal}}}
	for _, text := range addresses {
		address, err := nameserver.Parse(text)
		if err != nil || netip.MustParsePrefix(linkLocal).Contains(address) {
			continue
		}
		block := netip.PrefixFrom(address, address.BitLen())
		blocks = append(blocks, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: block.String()}})
	}
	return []networkingv1.NetworkPolicyEgressRule{
		{To: []networkingv1.NetworkPolicyPeer{
			PodsIn("kube-system", &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{
				Key: "k8s-app", Operator: metav1.LabelSelectorOpIn, Values: []string{"kube-dns", "coredns", "node-local-dns"},
			}}}),
			PodsIn("openshift-dns", &metav1.LabelSelector{MatchLabels: map[string]string{"dns.operator.openshift.io/daemonset-dns": "default"}}),
		}, Ports: dnsPorts(53, 5353, 8053)},
		{To: blocks, Ports: dnsPorts(53)},
	}
}

func dnsPorts(numbers ...int32) []networkingv1.NetworkPolicyPort {
	var ports []networkingv1.NetworkPolicyPort
	for _, number := range numbers {
		for _, protocol := range []corev1.Protocol{corev1.ProtocolUDP, corev1.ProtocolTCP} {
			ports = append(ports, networkingv1.NetworkPolicyPort{Protocol: ptr.To(protocol), Port: ptr.To(intstr.FromInt32(number))})
		}
	}
	return ports
}
