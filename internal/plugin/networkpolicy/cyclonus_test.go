// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package networkpolicy

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/mattfenwick/cyclonus/pkg/matcher"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"
)

// dice generates policies and pods with few labels, namespaces and ports, so that they
// often match.
type dice struct{ *rand.Rand }

func pick[T any](d dice, from ...T) T { return from[d.IntN(len(from))] }

func (d dice) labels() map[string]string {
	l := map[string]string{}
	for _, key := range []string{"app", "tier"} {
		if d.IntN(3) > 0 {
			l[key] = pick(d, "a", "b")
		}
	}
	return l
}

// selector generates no NotIn: for a missing label, Cyclonus differs from Kubernetes.
func (d dice) selector() *metav1.LabelSelector {
	s := &metav1.LabelSelector{}
	if d.IntN(2) == 0 {
		s.MatchLabels = map[string]string{pick(d, "app", "tier"): pick(d, "a", "b")}
	}
	if d.IntN(3) == 0 {
		r := metav1.LabelSelectorRequirement{Key: pick(d, "app", "tier"), Operator: pick(d, metav1.LabelSelectorOpIn, metav1.LabelSelectorOpExists, metav1.LabelSelectorOpDoesNotExist)}
		if r.Operator == metav1.LabelSelectorOpIn {
			r.Values = []string{pick(d, "a", "b")}
		}
		s.MatchExpressions = append(s.MatchExpressions, r)
	}
	return s
}

func (d dice) peers() []networkingv1.NetworkPolicyPeer {
	var peers []networkingv1.NetworkPolicyPeer
	for range d.IntN(3) {
		switch d.IntN(4) {
		case 0:
			peers = append(peers, networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: pick(d, "10.0.0.0/8", "10.1.0.0/16", "192.0.2.0/24"), Except: pick(d, nil, []string{"10.1.2.0/24"}, []string{"10.1.1.0/24"})}})
		case 1:
			peers = append(peers, networkingv1.NetworkPolicyPeer{PodSelector: d.selector()})
		case 2:
			peers = append(peers, networkingv1.NetworkPolicyPeer{NamespaceSelector: d.selector()})
		case 3:
			peers = append(peers, networkingv1.NetworkPolicyPeer{NamespaceSelector: d.selector(), PodSelector: d.selector()})
		}
	}
	// An exception must lie within its block.
	for i := range peers {
		if b := peers[i].IPBlock; b != nil && b.CIDR == "192.0.2.0/24" {
			b.Except = nil
		}
	}
	return peers
}

func (d dice) ports() []networkingv1.NetworkPolicyPort {
	var ports []networkingv1.NetworkPolicyPort
	for range d.IntN(3) {
		p := networkingv1.NetworkPolicyPort{Protocol: ptr.To(pick(d, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP))}
		switch d.IntN(4) {
		case 0:
			p.Port = ptr.To(intstr.FromInt32(pick[int32](d, 80, 8080)))
		case 1:
			p.Port = ptr.To(intstr.FromString(pick(d, "http", "admin")))
		case 2:
			p.Port, p.EndPort = ptr.To(intstr.FromInt32(8000)), ptr.To[int32](8100)
		}
		ports = append(ports, p)
	}
	return ports
}

func (d dice) policy(i int) *networkingv1.NetworkPolicy {
	p := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: fmt.Sprintf("p%d", i), Namespace: pick(d, "x", "y")}}
	p.Spec.PodSelector = *d.selector()
	p.Spec.PolicyTypes = pick(d, []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}, []networkingv1.PolicyType{networkingv1.PolicyTypeEgress},
		[]networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress})
	for range d.IntN(3) {
		p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{From: d.peers(), Ports: d.ports()})
	}
	for range d.IntN(3) {
		p.Spec.Egress = append(p.Spec.Egress, networkingv1.NetworkPolicyEgressRule{To: d.peers(), Ports: d.ports()})
	}
	return p
}

func (d dice) endpoint(namespaces map[string]map[string]string) *Endpoint {
	namespace := pick(d, "x", "y")
	return &Endpoint{Namespace: namespace, Labels: d.labels(), NamespaceLabels: namespaces[namespace], IP: pick(d, "10.1.1.5", "10.1.2.5", "10.7.0.5"),
		Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 8080, Protocol: corev1.ProtocolTCP}}}
}

func traffic(at *Endpoint) *matcher.TrafficPeer {
	return &matcher.TrafficPeer{IP: at.IP, Internal: &matcher.InternalPeer{PodLabels: at.Labels, NamespaceLabels: at.NamespaceLabels, Namespace: at.Namespace}}
}

// TestBlockingAgreesWithCyclonus compares Blocking with an independent evaluator over
// several thousand random policies and connections.
func TestBlockingAgreesWithCyclonus(t *testing.T) {
	d := dice{rand.New(rand.NewPCG(1, 2))}
	cutOff := 0
	const tries = 5000
	for range tries {
		namespaces := map[string]map[string]string{"x": d.labels(), "y": d.labels()}
		var policies []*networkingv1.NetworkPolicy
		for i := range 1 + d.IntN(3) {
			policies = append(policies, d.policy(i))
		}
		from, to := d.endpoint(namespaces), d.endpoint(namespaces)
		port := pick[int32](d, 80, 8080, 8050, 9999)
		protocol := pick(d, corev1.ProtocolTCP, corev1.ProtocolTCP, corev1.ProtocolUDP)
		portName := ""
		if port == 8080 && protocol == corev1.ProtocolTCP {
			portName = "http"
		}
		want := matcher.BuildNetworkPolicies(false, policies).IsTrafficAllowed(&matcher.Traffic{Source: traffic(from), Destination: traffic(to),
			ResolvedPort: int(port), ResolvedPortName: portName, Protocol: protocol}).IsAllowed()
		blocking, _ := Blocking(policies, Connection{from, to, port, protocol})
		if got := len(blocking) == 0; got != want {
			t.Fatalf("let through is %t, want %t\npolicies %+v\nfrom %+v\nto %+v:%d %s", got, want, policies, from, to, port, protocol)
		}
		if !want {
			cutOff++
		}
	}
	if cutOff < tries/10 || cutOff > tries*9/10 {
		t.Errorf("%d of %d connections are cut, want some of both", cutOff, tries)
	}
}
