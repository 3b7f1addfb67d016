// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// Port is the destination of a connection.
type Port struct {
	Number   int32
	Protocol corev1.Protocol
	// Named are the ports of the listening end, which policies may name.
	Named []corev1.ContainerPort
}

// among reports whether a rule allows the port. A rule without ports allows all.
func (p Port) among(ports []networkingv1.NetworkPolicyPort) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, p.is)
}

func (p Port) is(of networkingv1.NetworkPolicyPort) bool {
	switch {
	case ptr.Deref(of.Protocol, corev1.ProtocolTCP) != p.Protocol:
		return false
	case of.Port == nil:
		return true
	case of.Port.Type == intstr.String:
		return slices.ContainsFunc(p.Named, func(named corev1.ContainerPort) bool {
			return named.Name == of.Port.StrVal && named.ContainerPort == p.Number && cmp.Or(named.Protocol, corev1.ProtocolTCP) == p.Protocol
		})
	}
	return of.Port.IntVal <= p.Number && p.Number <= ptr.Deref(of.EndPort, of.Port.IntVal)
}
