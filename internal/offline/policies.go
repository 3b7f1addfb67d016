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

package offline

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// peer is who is at the other end of a connection.
type peer struct {
	namespace string
	// namespaceLabels are nil where they are not known; then only the one label that
	// every namespace has is.
	namespaceLabels map[string]string
	labels          map[string]string
	// forwards says that it forwards requests from outside, and that its pods are not
	// known but for a policy's peer that they are, if there is one.
	forwards  bool
	dataPlane *networkingv1.NetworkPolicyPeer
}

// answer is whether a policy lets a connection through, which may not be known.
type answer int

const (
	no answer = iota
	unknown
	yes
)

// letsIn says whether what policies let in adds up to a connection from a peer to a
// port of pods.
func letsIn(policies []*networkingv1.NetworkPolicy, from *peer, port int32, named []corev1.ContainerPort) answer {
	let := no
	for _, policy := range policies {
		for i := range policy.Spec.Ingress {
			if rule := &policy.Spec.Ingress[i]; portsMatch(rule.Ports, port, named) {
				let = max(let, peersMatch(policy, rule.From, from))
			}
		}
	}
	return let
}

// letsOut is the same for what comes out of the pods that policies are about.
func letsOut(policies []*networkingv1.NetworkPolicy, to *peer, port int32, named []corev1.ContainerPort) answer {
	let := no
	for _, policy := range policies {
		for i := range policy.Spec.Egress {
			if rule := &policy.Spec.Egress[i]; portsMatch(rule.Ports, port, named) {
				let = max(let, peersMatch(policy, rule.To, to))
			}
		}
	}
	return let
}

// about are the policies of a namespace about a direction of pods.
func about(policies []*networkingv1.NetworkPolicy, direction networkingv1.PolicyType, namespace string, pods map[string]string) []*networkingv1.NetworkPolicy {
	var found []*networkingv1.NetworkPolicy
	for _, policy := range policies {
		if policy.Namespace == namespace && selects(&policy.Spec.PodSelector, pods) && isAbout(policy, direction) {
			found = append(found, policy)
		}
	}
	return found
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

// portsMatch says whether a rule is about a TCP port. Named ones are those of the
// end that listens.
func portsMatch(ports []networkingv1.NetworkPolicyPort, port int32, named []corev1.ContainerPort) bool {
	return len(ports) == 0 || slices.ContainsFunc(ports, func(p networkingv1.NetworkPolicyPort) bool {
		switch {
		case ptr.Deref(p.Protocol, corev1.ProtocolTCP) != corev1.ProtocolTCP:
			return false
		case p.Port == nil:
			return true
		case p.Port.Type == intstr.String:
			return slices.ContainsFunc(named, func(n corev1.ContainerPort) bool { return n.Name == p.Port.StrVal && n.ContainerPort == port })
		}
		return p.Port.IntVal <= port && port <= ptr.Deref(p.EndPort, p.Port.IntVal)
	})
}

// peersMatch says whether one of a rule's peers is the one at the other end. None
// are all.
func peersMatch(policy *networkingv1.NetworkPolicy, peers []networkingv1.NetworkPolicyPeer, other *peer) answer {
	if len(peers) == 0 {
		return yes
	}
	matches := no
	for i := range peers {
		matches = max(matches, other.matches(policy, &peers[i]))
	}
	return matches
}

func (p *peer) matches(policy *networkingv1.NetworkPolicy, of *networkingv1.NetworkPolicyPeer) answer {
	switch {
	case p.dataPlane != nil && equality.Semantic.DeepEqual(p.dataPlane, of):
		return yes
	case p.forwards && policy.Labels[v1alpha1.LabelManagedBy] == v1alpha1.ManagedByAtoll:
		return no
	case p.forwards:
		// Somebody may have let it in by hand.
		return unknown
	case of.IPBlock != nil:
		// The addresses of pods come and go.
		return unknown
	case of.PodSelector != nil && !selects(of.PodSelector, p.labels):
		return no
	case of.NamespaceSelector == nil:
		if p.namespace == policy.Namespace {
			return yes
		}
		return no
	}
	return p.namespaceMatches(of.NamespaceSelector)
}

func (p *peer) namespaceMatches(selector *metav1.LabelSelector) answer {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return no
	}
	known := labels.Merge(p.namespaceLabels, labels.Set{corev1.LabelMetadataName: p.namespace})
	requirements, _ := s.Requirements()
	matches := yes
	for _, r := range requirements {
		switch {
		case p.namespaceLabels == nil && r.Key() != corev1.LabelMetadataName:
			matches = min(matches, unknown)
		case !r.Matches(known):
			return no
		}
	}
	return matches
}
