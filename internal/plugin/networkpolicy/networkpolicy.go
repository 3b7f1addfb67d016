// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package networkpolicy evaluates whether NetworkPolicies allow a connection, as far as
// that is known. It is pure and does not depend on Atoll: the caller passes in the
// policies and the pods.
package networkpolicy

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Answer is whether something is allowed, which may be unknown. The answer of several
// rules or policies is the maximum of their answers.
type Answer int

// The answers, in ascending order.
const (
	No Answer = iota
	Unknown
	Yes
)

func known(is bool) Answer {
	if is {
		return Yes
	}
	return No
}

// Connection is a connection from one pod to a port of another.
type Connection struct {
	From, To *Endpoint
	Port     int32
	Protocol corev1.Protocol
}

// Blocking returns the policies that block a connection, and the direction in which they
// do. It returns none where the connection is allowed, or may be. Where policies at
// both ends block it, it returns those of the source.
func Blocking(policies []*networkingv1.NetworkPolicy, c Connection) (blocking []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType) {
	port := Port{Number: c.Port, Protocol: c.Protocol, Named: c.To.Ports}
	for _, direction := range []networkingv1.PolicyType{networkingv1.PolicyTypeEgress, networkingv1.PolicyTypeIngress} {
		own, peer := c.From, c.To
		if direction == networkingv1.PolicyTypeIngress {
			own, peer = c.To, c.From
		}
		about := About(policies, direction, own.Namespace, own.Labels)
		// A pod that no policy selects allows all connections.
		if len(about) > 0 && Lets(about, direction, peer, port) == No {
			return about, direction
		}
	}
	return nil, ""
}

// About returns the policies that select pods with some labels and apply to a
// direction.
func About(policies []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType, namespace string, pods map[string]string) []*networkingv1.NetworkPolicy {
	var about []*networkingv1.NetworkPolicy
	for _, policy := range policies {
		if policy.Namespace == namespace && appliesTo(policy, direction) && selects(&policy.Spec.PodSelector, pods) {
			about = append(about, policy)
		}
	}
	return about
}

// Lets reports whether policies that select the pod at one end allow it to connect with
// a peer. Policies are additive. The port is one of the pod for ingress, and one of the
// peer for egress.
func Lets(policies []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType, peer Peer, port Port) Answer {
	let := No
	for _, policy := range policies {
		if direction == networkingv1.PolicyTypeEgress {
			for i := range policy.Spec.Egress {
				rule := &policy.Spec.Egress[i]
				let = max(let, ruleAllows(policy, rule.To, rule.Ports, peer, port))
			}
			continue
		}
		for i := range policy.Spec.Ingress {
			rule := &policy.Spec.Ingress[i]
			let = max(let, ruleAllows(policy, rule.From, rule.Ports, peer, port))
		}
	}
	return let
}

// ruleAllows reports whether one rule of a policy allows the peer. A rule without peers
// allows all.
func ruleAllows(policy *networkingv1.NetworkPolicy, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, peer Peer, port Port) Answer {
	if !port.among(ports) {
		return No
	}
	if len(peers) == 0 {
		return Yes
	}
	let := No
	for i := range peers {
		let = max(let, peer.Matches(policy, &peers[i]))
	}
	return let
}

// appliesTo reports whether a policy applies to a direction. Without policyTypes, it
// applies to ingress, and to egress if it has egress rules.
func appliesTo(policy *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) bool {
	if len(policy.Spec.PolicyTypes) > 0 {
		return slices.Contains(policy.Spec.PolicyTypes, direction)
	}
	return direction == networkingv1.PolicyTypeIngress || len(policy.Spec.Egress) > 0
}

func selects(selector *metav1.LabelSelector, of map[string]string) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	return err == nil && s.Matches(labels.Set(of))
}
