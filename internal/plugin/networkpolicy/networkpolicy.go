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

// Package networkpolicy says whether NetworkPolicies let a connection through,
// as far as that can be told. It is pure, and knows nothing of Atoll: what it
// looks at is passed in.
package networkpolicy

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Answer is whether something is let through, which may not be known. Of the answers
// of several rules or policies, the greatest is that of all of them.
type Answer int

// The answers, in their order.
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

// Connection is from one pod to a port of another.
type Connection struct {
	From, To *Endpoint
	Port     int32
	Protocol corev1.Protocol
}

// Cutting are the policies for which a connection is not let through; none where
// it is, or where that can't be told. Where both ends have some, they are those of
// the end that it comes from.
func Cutting(policies []*networkingv1.NetworkPolicy, c Connection) (cutting []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType) {
	port := Port{Number: c.Port, Protocol: c.Protocol, Named: c.To.Ports}
	for _, direction := range []networkingv1.PolicyType{networkingv1.PolicyTypeEgress, networkingv1.PolicyTypeIngress} {
		own, peer := c.From, c.To
		if direction == networkingv1.PolicyTypeIngress {
			own, peer = c.To, c.From
		}
		about := About(policies, direction, own.Namespace, own.Labels)
		// A pod that no policy is about allows all.
		if len(about) > 0 && Lets(about, direction, peer, port) == No {
			return about, direction
		}
	}
	return nil, ""
}

// About are the policies that decide over a direction of pods with some labels.
func About(policies []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType, namespace string, pods map[string]string) []*networkingv1.NetworkPolicy {
	var about []*networkingv1.NetworkPolicy
	for _, policy := range policies {
		if policy.Namespace == namespace && isAbout(policy, direction) && selects(&policy.Spec.PodSelector, pods) {
			about = append(about, policy)
		}
	}
	return about
}

// Lets says whether policies, all of them about the pods at one end, let through
// what these have to do with a peer: what they allow adds up. The port is one of the
// pods for what comes in, and one of the peer's for what goes out.
func Lets(policies []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType, peer Peer, port Port) Answer {
	let := No
	for _, policy := range policies {
		if direction == networkingv1.PolicyTypeEgress {
			for i := range policy.Spec.Egress {
				rule := &policy.Spec.Egress[i]
				let = max(let, ruleLets(policy, rule.To, rule.Ports, peer, port))
			}
			continue
		}
		for i := range policy.Spec.Ingress {
			rule := &policy.Spec.Ingress[i]
			let = max(let, ruleLets(policy, rule.From, rule.Ports, peer, port))
		}
	}
	return let
}

// ruleLets says what one rule of a policy allows. No peers are all.
func ruleLets(policy *networkingv1.NetworkPolicy, peers []networkingv1.NetworkPolicyPeer, ports []networkingv1.NetworkPolicyPort, peer Peer, port Port) Answer {
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
