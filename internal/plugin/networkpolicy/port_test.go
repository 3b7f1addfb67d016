// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

func TestPortAmong(t *testing.T) {
	const tcp, udp = corev1.ProtocolTCP, corev1.ProtocolUDP
	named := []corev1.ContainerPort{{Name: "http", ContainerPort: 8080}, {Name: "dns", ContainerPort: 53, Protocol: udp}}
	number := func(n int32) networkingv1.NetworkPolicyPort {
		return networkingv1.NetworkPolicyPort{Port: ptr.To(intstr.FromInt32(n))}
	}
	name := func(n string) networkingv1.NetworkPolicyPort {
		return networkingv1.NetworkPolicyPort{Port: ptr.To(intstr.FromString(n))}
	}
	over := func(protocol corev1.Protocol, p networkingv1.NetworkPolicyPort) networkingv1.NetworkPolicyPort {
		p.Protocol = &protocol
		return p
	}
	to := func(end int32, p networkingv1.NetworkPolicyPort) networkingv1.NetworkPolicyPort {
		p.EndPort = &end
		return p
	}
	ports := func(p ...networkingv1.NetworkPolicyPort) []networkingv1.NetworkPolicyPort { return p }
	for title, tc := range map[string]struct {
		number   int32
		protocol corev1.Protocol
		ports    []networkingv1.NetworkPolicyPort
		want     bool
	}{
		"no ports are all":                       {80, udp, nil, true},
		"its number":                             {80, tcp, ports(number(80)), true},
		"another number":                         {80, tcp, ports(number(81)), false},
		"one of several":                         {80, tcp, ports(number(81), number(80)), true},
		"no protocol is TCP":                     {53, udp, ports(number(53)), false},
		"its protocol":                           {53, udp, ports(over(udp, number(53))), true},
		"any port of its protocol":               {53, udp, ports(over(udp, networkingv1.NetworkPolicyPort{})), true},
		"any port of another protocol":           {53, tcp, ports(over(udp, networkingv1.NetworkPolicyPort{})), false},
		"the first of a range":                   {8000, tcp, ports(to(8100, number(8000))), true},
		"the last of a range":                    {8100, tcp, ports(to(8100, number(8000))), true},
		"below a range":                          {7999, tcp, ports(to(8100, number(8000))), false},
		"above a range":                          {8101, tcp, ports(to(8100, number(8000))), false},
		"its name":                               {8080, tcp, ports(name("http")), true},
		"the name of another":                    {8081, tcp, ports(name("http")), false},
		"a name that is not there":               {8080, tcp, ports(name("admin")), false},
		"its name, over UDP":                     {53, udp, ports(over(udp, name("dns"))), true},
		"its number over TCP, and a name of UDP": {53, tcp, ports(name("dns")), false},
		"its number over UDP, and a name of TCP": {8080, udp, ports(over(udp, name("http"))), false},
	} {
		t.Run(title, func(t *testing.T) {
			if got := (Port{Number: tc.number, Protocol: tc.protocol, Named: named}).among(tc.ports); got != tc.want {
				t.Errorf("among them is %t, want %t", got, tc.want)
			}
		})
	}
}
