// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/plugin/networkpolicy"
)

// need is an endpoint that a service must reach. Any one of the connections suffices.
type need struct {
	connections []networkpolicy.Connection
	// shown is the name of the endpoint, and place is the name with the port.
	shown, place string
	// because says why the service needs it.
	because string
	// rule is the rule that a policy needs to allow the connection.
	rule string
	// signs are texts of a log that name the endpoint.
	signs []string
}

func (n *need) port() int32 { return n.connections[0].Port }

// blockedBy returns the foreign policy that blocks all connections of a need, and nil where
// one is allowed, or may be.
func (n *need) blockedBy(policies []*networkingv1.NetworkPolicy) (by *networkingv1.NetworkPolicy, direction networkingv1.PolicyType) {
	for i, c := range n.connections {
		blocking, way := networkpolicy.Blocking(policies, c)
		if len(blocking) == 0 {
			return nil, ""
		}
		foreign := slices.IndexFunc(blocking, func(p *networkingv1.NetworkPolicy) bool {
			return p.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByAtoll
		})
		if i == 0 && foreign >= 0 {
			by, direction = blocking[foreign], way
		}
	}
	return by, direction
}

// needs returns the callees of the service, its database where that runs in the
// cluster, and DNS where there is any of these.
func (e *Evidence) needs() []*need {
	own := e.own()
	var all []*need
	for _, edge := range graph.Resolve(e.Microservice, e.Graph) {
		for _, called := range edge.Ports() {
			port := graph.TargetPort(called)
			callee := e.shown(edge.Callee.Namespace, edge.Callee.Name)
			all = append(all, &need{
				connections: []networkpolicy.Connection{{From: own, To: e.calleeEndpoint(edge.Callee), Port: port, Protocol: corev1.ProtocolTCP}},
				shown:       callee, place: fmt.Sprintf("port %d of %s", port, callee), because: fmt.Sprintf("declares %s in dependencies", callee),
				rule:  fmt.Sprintf("pods %s=%s of namespace %s, port %d", v1alpha1.LabelMicroservice, edge.Callee.Name, edge.Callee.Namespace, port),
				signs: []string{edge.Host(), edge.HeadlessHost()},
			})
		}
	}
	if n := e.databaseNeed(own); n != nil {
		all = append(all, n)
	}
	if len(all) > 0 {
		all = append([]*need{dnsNeed(own)}, all...)
	}
	return all
}

// databaseNeed returns the service's own database where it has a pod.
func (e *Evidence) databaseNeed(own *networkpolicy.Endpoint) *need {
	for i := range e.Pods {
		pod := &e.Pods[i]
		if pod.Labels[v1alpha1.LabelComponent] != v1alpha1.ComponentDatabase || pod.DeletionTimestamp != nil {
			continue
		}
		to := e.endpointOf(e.Microservice, pod)
		at := slices.IndexFunc(to.Ports, func(p corev1.ContainerPort) bool { return p.Name == engine.PortName })
		if at < 0 {
			continue
		}
		port := to.Ports[at].ContainerPort
		n := &need{
			connections: []networkpolicy.Connection{{From: own, To: to, Port: port, Protocol: corev1.ProtocolTCP}},
			shown:       "its database", place: fmt.Sprintf("port %d of its database", port), because: "has a database",
			rule: fmt.Sprintf("pods %s=%s, %s=%s, port %d", v1alpha1.LabelMicroservice, e.Microservice.Name, v1alpha1.LabelComponent, v1alpha1.ComponentDatabase, port),
		}
		if status := e.Microservice.Status.Database; status != nil && status.Host != "" {
			n.signs = append(n.signs, status.Host)
		}
		return n
	}
	return nil
}

// dnsNeed returns the DNS of the cluster: the pods of CoreDNS or OpenShift's, which may
// listen on 5353 behind their Service, or the node-local cache.
func dnsNeed(own *networkpolicy.Endpoint) *need {
	const nodeLocal = "169.254.20.10"
	n := &need{
		shown: "DNS", place: "port 53 (UDP) of DNS", because: "resolves names",
		rule:  "pods k8s-app=kube-dns of namespace kube-system, port 53, UDP and TCP",
		signs: []string{"no such host", "name resolution", "EAI_AGAIN", "UnknownHost", ":53: i/o timeout"},
	}
	for _, to := range []*networkpolicy.Endpoint{
		{Namespace: "kube-system", Labels: map[string]string{"k8s-app": "kube-dns"}},
		{Namespace: "openshift-dns", Labels: map[string]string{"dns.operator.openshift.io/daemonset-dns": "default"}},
		{IP: nodeLocal},
	} {
		for _, port := range []int32{53, 5353} {
			listens := *to
			listens.Ports = []corev1.ContainerPort{{Name: "dns", ContainerPort: port, Protocol: corev1.ProtocolUDP}}
			n.connections = append(n.connections, networkpolicy.Connection{From: own, To: &listens, Port: port, Protocol: corev1.ProtocolUDP})
		}
	}
	return n
}
