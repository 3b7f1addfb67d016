// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestNameResolution checks which name servers a member may use, and on which ports.
func TestNameResolution(t *testing.T) {
	in := &inputs.Inputs{
		Microservice: inputstest.Orders(func(ms *v1alpha1.Microservice) {
			ms.Spec.Egress = []v1alpha1.EgressRule{
				{CIDRs: []string{"198.51.100.53/32"}, Protocol: corev1.ProtocolUDP, Ports: []int32{53}},
				{CIDRs: []string{"198.51.100.54/32"}, Ports: []int32{53}},
				{CIDRs: []string{"198.51.100.55/32"}, Protocol: corev1.ProtocolUDP},
				{CIDRs: []string{"198.51.100.56/32"}},
			}
		}),
		Topology:    &v1alpha1.Topology{},
		NameServers: []string{"10.100.0.10", "fd00:10:96::a", "169.254.25.10", "no address"},
	}
	all := matcher.BuildNetworkPolicies(false, []*networkingv1.NetworkPolicy{ServicePolicy(in)})
	own := podOf("orders", v1alpha1.ComponentService).traffic()
	const udp, tcp = corev1.ProtocolUDP, corev1.ProtocolTCP
	dnsPod := func(namespace, key, value string) *matcher.TrafficPeer {
		return peer{namespace, map[string]string{key: value}}.traffic()
	}
	address := func(ip string) *matcher.TrafficPeer { return &matcher.TrafficPeer{IP: ip} }
	for name, tc := range map[string]struct {
		to       *matcher.TrafficPeer
		protocol corev1.Protocol
		port     int
		want     bool
	}{
		"the pods of kubeadm":                         {dnsPod("kube-system", "k8s-app", "kube-dns"), udp, 53, true},
		"the pods of kubeadm, by TCP":                 {dnsPod("kube-system", "k8s-app", "kube-dns"), tcp, 53, true},
		"the pods of the chart of CoreDNS":            {dnsPod("kube-system", "k8s-app", "coredns"), udp, 53, true},
		"the pods of Gardener":                        {dnsPod("kube-system", "k8s-app", "kube-dns"), udp, 8053, true},
		"the pods of OpenShift":                       {dnsPod("openshift-dns", "dns.operator.openshift.io/daemonset-dns", "default"), udp, 5353, true},
		"a cache that is a pod of its own network":    {dnsPod("kube-system", "k8s-app", "node-local-dns"), udp, 53, true},
		"pods of these labels elsewhere":              {dnsPod("shop", "k8s-app", "kube-dns"), udp, 53, false},
		"other pods of kube-system":                   {dnsPod("kube-system", "k8s-app", "metrics-server"), udp, 53, false},
		"the metrics of CoreDNS":                      {dnsPod("kube-system", "k8s-app", "kube-dns"), tcp, 9153, false},
		"the cache of Kubernetes":                     {address("169.254.20.10"), udp, 53, true},
		"the cache of Kubespray":                      {address("169.254.25.10"), udp, 53, true},
		"the caches of AKS":                           {address("169.254.10.11"), tcp, 53, true},
		"the name server of a cloud":                  {address("169.254.169.254"), udp, 53, true},
		"the metadata of a cloud":                     {address("169.254.169.254"), tcp, 80, false},
		"a Service without pods":                      {address("10.100.0.10"), udp, 53, true},
		"a Service without pods, by IPv6":             {address("fd00:10:96::a"), tcp, 53, true},
		"another port of that Service":                {address("10.100.0.10"), tcp, 443, false},
		"another Service":                             {address("10.100.0.11"), udp, 53, false},
		"an entry of egress by UDP":                   {address("198.51.100.53"), udp, 53, true},
		"an entry of egress by UDP is not one of TCP": {address("198.51.100.53"), tcp, 53, false},
		"an entry of egress is one of TCP":            {address("198.51.100.54"), tcp, 53, true},
		"an entry of egress is not one of UDP":        {address("198.51.100.54"), udp, 53, false},
		"all ports of UDP":                            {address("198.51.100.55"), udp, 9999, true},
		"all ports of UDP are none of TCP":            {address("198.51.100.55"), tcp, 9999, false},
		"all ports of all protocols":                  {address("198.51.100.56"), corev1.ProtocolSCTP, 9999, true},
	} {
		t.Run(name, func(t *testing.T) {
			got := all.IsTrafficAllowed(&matcher.Traffic{Source: own, Destination: tc.to, ResolvedPort: tc.port, Protocol: tc.protocol})
			if got.IsAllowed() != tc.want {
				t.Errorf("allowed is %t, want %t:\n%s", got.IsAllowed(), tc.want, got.Table())
			}
		})
	}
}
