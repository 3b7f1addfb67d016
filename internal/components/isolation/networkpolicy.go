// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"cmp"
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/components/peers"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/components/workload"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// ServicePolicies builds the NetworkPolicy of a Microservice whose Topology isolates its
// members.
func ServicePolicies(in *inputs.Inputs) ([]kube.Object, error) {
	if in.Isolation() == v1alpha1.IsolationNone || Audited(in.Topology) {
		return nil, nil
	}
	if problem := policyFault(in); problem != nil {
		return nil, problem
	}
	return kube.One(ServicePolicy(in))
}

// ServicePolicy builds a policy that allows what the service and its callers declare. It
// selects the service's pods and those of its migration, which has the same
// dependencies.
func ServicePolicy(in *inputs.Inputs) *networkingv1.NetworkPolicy {
	ms := in.Microservice
	policy := &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: ms.Name, Namespace: ms.Namespace, Labels: names.Labels(ms, v1alpha1.ComponentService)},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: *callingPods(ms.Name),
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress:     ingress(in),
		},
	}
	if in.Isolation() == v1alpha1.IsolationStrict {
		policy.Spec.PolicyTypes = append(policy.Spec.PolicyTypes, networkingv1.PolicyTypeEgress)
		policy.Spec.Egress = egress(in)
	}
	peers.PermitMesh(in, policy)
	if in.Isolation() == v1alpha1.IsolationStrict {
		policy.Spec.Egress = slices.Concat(peers.NameServers(in.NameServers), policy.Spec.Egress)
	}
	return policy
}

// callingPods selects the pods of a service that call its dependencies: its own and
// those of its migration.
func callingPods(service string) *metav1.LabelSelector {
	return &metav1.LabelSelector{
		MatchLabels: map[string]string{v1alpha1.LabelMicroservice: service},
		MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: v1alpha1.LabelComponent, Operator: metav1.LabelSelectorOpIn, Values: []string{v1alpha1.ComponentService, v1alpha1.ComponentMigration},
		}},
	}
}

// ingress allows the callers, the data plane of gateways, and monitoring. Ports are those
// of the container, because a policy applies to pods.
func ingress(in *inputs.Inputs) []networkingv1.NetworkPolicyIngressRule {
	ms := in.Microservice
	var rules []networkingv1.NetworkPolicyIngressRule
	callers := slices.Clone(in.Callers)
	slices.SortFunc(callers, func(a, b inputs.Caller) int {
		return cmp.Or(cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Port, b.Port))
	})
	for _, caller := range slices.Compact(callers) {
		port := graph.FindPort(ms, caller.Port)
		if port == nil {
			continue
		}
		rules = append(rules, networkingv1.NetworkPolicyIngressRule{
			From: []networkingv1.NetworkPolicyPeer{peers.PodsIn(caller.Namespace, callingPods(caller.Name))}, Ports: tcpPorts(workload.ServingPortsOf(in, port)...),
		})
	}
	if callsItself(in) {
		rules = append(rules, networkingv1.NetworkPolicyIngressRule{From: []networkingv1.NetworkPolicyPeer{{PodSelector: selectorOf(ms)}}})
	}
	known, others := routedPorts(in)
	if len(known) > 0 {
		rules = append(rules, networkingv1.NetworkPolicyIngressRule{
			From: []networkingv1.NetworkPolicyPeer{PeerOf(in.Topology, in.Topology.Spec.Gateway.DataPlane)}, Ports: tcpPorts(known...),
		})
	}
	if len(others) > 0 {
		rules = append(rules, networkingv1.NetworkPolicyIngressRule{Ports: tcpPorts(others...)})
	}
	ports := append(allPorts(in), peers.MeshMetrics(in)...)
	if monitoring := in.Topology.Spec.Monitoring; monitoring != nil && len(ports) > 0 {
		rules = append(rules, networkingv1.NetworkPolicyIngressRule{From: []networkingv1.NetworkPolicyPeer{PeerOf(in.Topology, &monitoring.PodPeer)}, Ports: tcpPorts(ports...)})
	}
	return rules
}

// egress allows the cluster's DNS, the dependencies, the service's own database and what
// the spec declares. What pods of an earlier template may still call stays allowed.
func egress(in *inputs.Inputs) []networkingv1.NetworkPolicyEgressRule {
	rules := egressToCallees(slices.Concat(in.Edges, in.EarlierEdges))
	if callsItself(in) {
		rules = append(rules, networkingv1.NetworkPolicyEgressRule{To: []networkingv1.NetworkPolicyPeer{{PodSelector: selectorOf(in.Microservice)}}})
	}
	for _, call := range databaseCalls(in.Microservice) {
		if pods, port := databasePods(in.Microservice, call); pods != nil {
			rules = append(rules, networkingv1.NetworkPolicyEgressRule{To: []networkingv1.NetworkPolicyPeer{{PodSelector: pods}}, Ports: tcpPorts(port)})
		}
	}
	for _, declared := range earlierEgress(in.Microservice) {
		rule := networkingv1.NetworkPolicyEgressRule{Ports: egressPorts(&declared)}
		for _, cidr := range declared.CIDRs {
			rule.To = append(rule.To, networkingv1.NetworkPolicyPeer{IPBlock: IPBlockOf(cidr)})
		}
		rules = append(rules, rule)
	}
	return rules
}

// egressToCallees returns a rule for each callee, in the order of the edges.
func egressToCallees(edges []graph.Edge) []networkingv1.NetworkPolicyEgressRule {
	var callees []*v1alpha1.Microservice
	ports := map[*v1alpha1.Microservice][]int32{}
	for i := range edges {
		callee := edges[i].Callee
		for _, port := range edges[i].Ports() {
			at := slices.IndexFunc(callees, func(c *v1alpha1.Microservice) bool { return c.Namespace == callee.Namespace && c.Name == callee.Name })
			if at < 0 {
				at = len(callees)
				callees = append(callees, callee)
			}
			ports[callees[at]] = append(ports[callees[at]], graph.ServingPorts(callee, port)...)
		}
	}
	rules := make([]networkingv1.NetworkPolicyEgressRule, len(callees))
	for i, callee := range callees {
		slices.Sort(ports[callee])
		rules[i] = networkingv1.NetworkPolicyEgressRule{
			To:    []networkingv1.NetworkPolicyPeer{peers.PodsIn(callee.Namespace, selectorOf(callee))},
			Ports: tcpPorts(slices.Compact(ports[callee])...),
		}
	}
	return rules
}

// databasePods selects the pods of a database that runs in the cluster, and returns the
// port on which they listen; nil where there are none. An invalid spec does not matter:
// the service keeps using the live database.
func databasePods(ms *v1alpha1.Microservice, call v1alpha1.DatabaseCall) (*metav1.LabelSelector, int32) {
	labels, port := database.ProviderOf(&v1alpha1.Database{Provider: call.Provider}).PodSelector(ms), database.PortOf(call.Engine)
	if labels == nil || port == 0 {
		return nil, 0
	}
	return &metav1.LabelSelector{MatchLabels: labels}, port
}

// callsItself reports whether the service's pods may call each other.
func callsItself(in *inputs.Inputs) bool {
	ms := in.Microservice
	return slices.ContainsFunc(ms.Spec.Access, func(rule v1alpha1.AccessRule) bool {
		return rule.Name == ms.Name && cmp.Or(rule.Namespace, ms.Namespace) == ms.Namespace
	})
}

func selectorOf(callee *v1alpha1.Microservice) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: names.Selector(callee, v1alpha1.ComponentService)}
}

// PeerOf returns pods that a Topology selects as a NetworkPolicy names them. Only an object
// from before namespaceSelector was required lacks it; they are then in the Topology's own
// namespace.
func PeerOf(topology *v1alpha1.Topology, p *v1alpha1.PodPeer) networkingv1.NetworkPolicyPeer {
	namespaces := p.NamespaceSelector
	if namespaces == nil {
		// A policy reads no namespace selector as its own namespace, which is the member's.
		namespaces = &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: topology.Namespace}}
	}
	return networkingv1.NetworkPolicyPeer{NamespaceSelector: namespaces, PodSelector: p.PodSelector}
}

// routedPorts returns the ports that routes lead to. known are those to which only the
// data plane of the Topology's Gateway forwards; to others, unknown data planes forward
// too. A route that is not built opens no port.
func routedPorts(in *inputs.Inputs) (known, others []int32) {
	ms := in.Microservice
	var dataPlane *v1alpha1.PodPeer
	if gateway := in.Topology.Spec.Gateway; gateway != nil {
		dataPlane = gateway.DataPlane
	}
	for i := range ms.Spec.Routes {
		port := graph.FindPort(ms, ms.Spec.Routes[i].Port)
		if refs, _, _ := routes.Attachment(in, i); port == nil || len(refs) == 0 {
			continue
		}
		if dataPlane != nil && areTopologyGateways(in, routes.GatewayRefs(ms, &ms.Spec.Routes[i], in.Topology)) {
			known = append(known, workload.ServingPortsOf(in, port)...)
		} else {
			others = append(others, workload.ServingPortsOf(in, port)...)
		}
	}
	slices.Sort(others)
	others = slices.Compact(others)
	slices.Sort(known)
	known = slices.DeleteFunc(slices.Compact(known), func(port int32) bool { return slices.Contains(others, port) })
	return known, others
}

// areTopologyGateways reports whether Gateways are the Topology's and no others.
func areTopologyGateways(in *inputs.Inputs, refs []v1alpha1.GatewayReference) bool {
	ms := in.Microservice
	own := routes.GatewayRefs(ms, &v1alpha1.Route{}, in.Topology)
	return !slices.ContainsFunc(refs, func(ref v1alpha1.GatewayReference) bool {
		return len(own) == 0 || routes.RefKey(&ref, ms.Namespace) != routes.RefKey(&own[0], ms.Namespace)
	})
}

func allPorts(in *inputs.Inputs) []int32 {
	var ports []int32
	for _, port := range graph.Ports(in.Microservice) {
		ports = append(ports, workload.ServingPortsOf(in, &port)...)
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}

// egressPorts returns the ports of a declared rule. None means all ports of all protocols.
func egressPorts(rule *v1alpha1.EgressRule) []networkingv1.NetworkPolicyPort {
	if len(rule.Ports) == 0 && rule.Protocol != "" {
		return []networkingv1.NetworkPolicyPort{{Protocol: ptr.To(rule.Protocol)}}
	}
	ports := tcpPorts(rule.Ports...)
	for i := range ports {
		ports[i].Protocol = ptr.To(cmp.Or(rule.Protocol, corev1.ProtocolTCP))
	}
	return ports
}

// tcpPorts returns the TCP ports of a rule. None means all ports of all protocols.
func tcpPorts(numbers ...int32) []networkingv1.NetworkPolicyPort {
	var ports []networkingv1.NetworkPolicyPort
	for _, number := range numbers {
		ports = append(ports, networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(number))})
	}
	return ports
}
