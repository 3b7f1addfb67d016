/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package diagnosis

import (
	"cmp"
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// endpoint is a pod at one end of a connection.
type endpoint struct {
	namespace string
	labels    map[string]string
	// namespaceLabels are nil where they could not be read; then only the one label
	// that every namespace has is known.
	namespaceLabels map[string]string
	// ip is empty where it is not known.
	ip string
	// ports are the named ports of its containers.
	ports []corev1.ContainerPort
}

// connection is from one pod to a port of another.
type connection struct {
	from, to *endpoint
	port     int32
	protocol corev1.Protocol
}

// trit is an answer that may not be known.
type trit int

const (
	no trit = iota
	unknown
	yes
)

func known(is bool) trit {
	if is {
		return yes
	}
	return no
}

// cuts are the policies for which a connection is not let through; none where
// it is, or where that can't be told. What a pod's policies of a direction allow
// adds up; a pod without one allows all.
func cuts(policies []networkingv1.NetworkPolicy, c connection) (cutting []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType) {
	for _, direction := range []networkingv1.PolicyType{networkingv1.PolicyTypeEgress, networkingv1.PolicyTypeIngress} {
		own, peer := c.from, c.to
		if direction == networkingv1.PolicyTypeIngress {
			own, peer = c.to, c.from
		}
		var about []*networkingv1.NetworkPolicy
		let := no
		for i := range policies {
			policy := &policies[i]
			if policy.Namespace != own.namespace || !isAbout(policy, direction) || !selects(&policy.Spec.PodSelector, own.labels) {
				continue
			}
			about = append(about, policy)
			let = max(let, lets(policy, direction, peer, c))
		}
		if len(about) > 0 && let == no {
			return about, direction
		}
	}
	return nil, ""
}

// isAbout says whether a policy decides over a direction. One that names none is
// about what comes in, and about what goes out if it has rules for that.
func isAbout(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) bool {
	if len(policy.Spec.PolicyTypes) > 0 {
		return slices.Contains(policy.Spec.PolicyTypes, direction)
	}
	return direction == networkingv1.PolicyTypeIngress || len(policy.Spec.Egress) > 0
}

func selects(selector *metav1.LabelSelector, of map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(of))
}

// lets says whether a policy lets a connection through. Named ports are those of
// the end that listens.
func lets(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType, peer *endpoint, c connection) trit {
	let := no
	if direction == networkingv1.PolicyTypeEgress {
		for i := range policy.Spec.Egress {
			rule := &policy.Spec.Egress[i]
			if portsMatch(rule.Ports, c) {
				let = max(let, peersMatch(policy.Namespace, rule.To, peer))
			}
		}
		return let
	}
	for i := range policy.Spec.Ingress {
		rule := &policy.Spec.Ingress[i]
		if portsMatch(rule.Ports, c) {
			let = max(let, peersMatch(policy.Namespace, rule.From, peer))
		}
	}
	return let
}

func portsMatch(ports []networkingv1.NetworkPolicyPort, c connection) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		switch {
		case ptr.Deref(p.Protocol, corev1.ProtocolTCP) != c.protocol:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return slices.ContainsFunc(c.to.ports, func(named corev1.ContainerPort) bool {
				return named.Name == p.Port.StrVal && named.ContainerPort == c.port && cmp.Or(named.Protocol, corev1.ProtocolTCP) == c.protocol
			})
		case p.EndPort != nil:
			return p.Port.IntVal <= c.port && c.port <= *p.EndPort
		}
		return p.Port.IntVal == c.port
	})
}

// peersMatch says whether one of some peers is the endpoint. No peers are all.
func peersMatch(namespace string, peers []networkingv1.NetworkPolicyPeer, peer *endpoint) trit {
	if len(peers) == 0 {
		return yes
	}
	matches := no
	for i := range peers {
		matches = max(matches, peerMatches(namespace, &peers[i], peer))
	}
	return matches
}

func peerMatches(namespace string, p *networkingv1.NetworkPolicyPeer, peer *endpoint) trit {
	if p.IPBlock != nil {
		return inBlock(p.IPBlock, peer.ip)
	}
	if p.PodSelector != nil && !selects(p.PodSelector, peer.labels) {
		return no
	}
	if p.NamespaceSelector == nil {
		return known(peer.namespace == namespace)
	}
	selector, err := metav1.LabelSelectorAsSelector(p.NamespaceSelector)
	if err != nil {
		return no
	}
	if peer.namespaceLabels != nil {
		return known(selector.Matches(labels.Set(peer.namespaceLabels)))
	}
	requirements, _ := selector.Requirements()
	matches := yes
	for _, r := range requirements {
		if r.Key() != corev1.LabelMetadataName {
			matches = min(matches, unknown)
		} else if !r.Matches(labels.Set{corev1.LabelMetadataName: peer.namespace}) {
			return no
		}
	}
	return matches
}

func inBlock(block *networkingv1.IPBlock, ip string) trit {
	address, err := netip.ParseAddr(ip)
	if err != nil {
		return unknown
	}
	within := func(cidr string) bool {
		prefix, err := netip.ParsePrefix(cidr)
		return err == nil && prefix.Contains(address)
	}
	return known(within(block.CIDR) && !slices.ContainsFunc(block.Except, within))
}
