// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// mesh says what the proxies of a service mesh need beside the connections of the services.
type mesh struct {
	// tunnel is the port at which a proxy accepts connections to other ports of its pod; 0 if
	// proxies connect to these ports themselves.
	tunnel int32
	// metrics are the ports of the proxy's metrics.
	metrics []int32
	// probes are the addresses from which the kubelet's probes arrive; none if they keep the
	// node's address, which NetworkPolicies permit.
	probes []string
	// namespace is the default namespace of the control plane. controlPlane selects the pods
	// that a proxy calls, on some ports; nil if the pod itself calls none.
	namespace    string
	controlPlane *metav1.LabelSelector
	controlPorts []int32
}

var meshes = map[v1alpha1.MeshType]mesh{
	// https://istio.io/latest/docs/ambient/usage/networkpolicy/; for IPv6 the default of
	// HOST_PROBE_SNAT_IPV6 of Istio's CNI agent.
	v1alpha1.MeshIstioAmbient: {tunnel: 15008, probes: []string{"169.254.7.127/32", "fd16:9254:7127:1337:ffff:ffff:ffff:ffff/128"}},
	// https://istio.io/latest/docs/ops/deployment/application-requirements/
	v1alpha1.MeshIstioSidecar: {metrics: []int32{15020, 15090}, namespace: "istio-system",
		controlPlane: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "istiod"}}, controlPorts: []int32{15012}},
	// https://linkerd.io/2/reference/proxy-ports/
	v1alpha1.MeshLinkerd: {tunnel: 4143, metrics: []int32{4191}, namespace: "linkerd",
		controlPlane: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "linkerd.io/control-plane-component", Operator: metav1.LabelSelectorOpExists}}},
		controlPorts: []int32{8080, 8086, 8090}},
}

// meshOf returns the mesh of a member's Topology; nil if there is none.
func meshOf(in *inputs.Inputs) *mesh {
	if in.Topology == nil || in.Topology.Spec.Mesh == nil {
		return nil
	}
	m, known := meshes[in.Topology.Spec.Mesh.Type]
	if !known {
		return nil
	}
	m.namespace = cmp.Or(in.Topology.Spec.Mesh.Namespace, m.namespace)
	return &m
}

// MeshMetrics returns the ports of the metrics of the mesh's proxies.
func MeshMetrics(in *inputs.Inputs) []int32 {
	if m := meshOf(in); m != nil {
		return m.metrics
	}
	return nil
}

// PermitMesh adds to a NetworkPolicy what the mesh of the Topology needs, and reports whether
// its proxies look up names. Peers that may connect may connect through its tunnel too; the
// mesh then decides to which port. A rule for all peers stays as it is, because a tunnel leads
// to every port.
func PermitMesh(in *inputs.Inputs, policy *networkingv1.NetworkPolicy) (looksUp bool) {
	m := meshOf(in)
	if m == nil {
		return false
	}
	for i := range policy.Spec.Ingress {
		rule := &policy.Spec.Ingress[i]
		rule.Ports = m.tunnelled(rule.From, rule.Ports)
	}
	for i := range policy.Spec.Egress {
		rule := &policy.Spec.Egress[i]
		rule.Ports = m.tunnelled(rule.To, rule.Ports)
	}
	if len(m.probes) > 0 {
		var from []networkingv1.NetworkPolicyPeer
		for _, address := range m.probes {
			from = append(from, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: address}})
		}
		policy.Spec.Ingress = append(policy.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: from})
	}
	if m.controlPlane == nil || !slices.Contains(policy.Spec.PolicyTypes, networkingv1.PolicyTypeEgress) {
		return false
	}
	policy.Spec.Egress = append(policy.Spec.Egress, networkingv1.NetworkPolicyEgressRule{
		To: []networkingv1.NetworkPolicyPeer{PodsIn(m.namespace, m.controlPlane.DeepCopy())}, Ports: m.ports(m.controlPorts),
	})
	return true
}

// tunnelled returns the ports of a rule with the tunnel, if the rule is about pods.
func (m *mesh) tunnelled(peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort) []networkingv1.NetworkPolicyPort {
	outside := func(peer networkingv1.NetworkPolicyPeer) bool { return peer.IPBlock != nil }
	if m.tunnel == 0 || len(peers) == 0 || len(ports) == 0 || slices.ContainsFunc(peers, outside) {
		return ports
	}
	return append(ports, m.ports([]int32{m.tunnel})...)
}

func (m *mesh) ports(numbers []int32) []networkingv1.NetworkPolicyPort {
	ports := make([]networkingv1.NetworkPolicyPort, len(numbers))
	for i, number := range numbers {
		ports[i] = networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(number))}
	}
	return ports
}
