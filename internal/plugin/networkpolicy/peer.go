// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	"net/netip"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Peer is the other end of a connection.
type Peer interface {
	// Matches reports whether a peer of a policy's rule selects it.
	Matches(policy *networkingv1.NetworkPolicy, peer *networkingv1.NetworkPolicyPeer) Answer
}

// Endpoint is a pod at one end of a connection.
type Endpoint struct {
	Namespace string
	// NamespaceLabels are nil where they could not be read; then only the label that
	// every namespace has is known.
	NamespaceLabels map[string]string
	Labels          map[string]string
	// IP is empty where it is unknown.
	IP string
	// Ports are the named ports of its containers.
	Ports []corev1.ContainerPort
}

// Matches reports whether a peer of a policy selects the endpoint.
func (e *Endpoint) Matches(policy *networkingv1.NetworkPolicy, peer *networkingv1.NetworkPolicyPeer) Answer {
	switch {
	case peer.IPBlock != nil:
		return e.in(peer.IPBlock)
	case peer.PodSelector != nil && !selects(peer.PodSelector, e.Labels):
		return No
	case peer.NamespaceSelector == nil:
		return known(e.Namespace == policy.Namespace)
	}
	return e.namespaceMatches(peer.NamespaceSelector)
}

func (e *Endpoint) namespaceMatches(selector *metav1.LabelSelector) Answer {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return No
	}
	if e.NamespaceLabels != nil {
		return known(s.Matches(labels.Set(e.NamespaceLabels)))
	}
	requirements, _ := s.Requirements()
	matches := Yes
	for _, r := range requirements {
		if r.Key() != corev1.LabelMetadataName {
			matches = Unknown
		} else if !r.Matches(labels.Set{corev1.LabelMetadataName: e.Namespace}) {
			return No
		}
	}
	return matches
}

func (e *Endpoint) in(block *networkingv1.IPBlock) Answer {
	address, err := netip.ParseAddr(e.IP)
	if err != nil {
		return Unknown
	}
	within := func(cidr string) bool {
		prefix, err := netip.ParsePrefix(cidr)
		return err == nil && prefix.Contains(address)
	}
	return known(within(block.CIDR) && !slices.ContainsFunc(block.Except, within))
}
