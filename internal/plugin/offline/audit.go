// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/isolation"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/plugin/networkpolicy"
)

// Observed is what is there beside Microservices that may send them requests.
type Observed struct {
	// Workloads are those that are none of Atoll's.
	Workloads []Workload
	// Entries are those that are none of Atoll's.
	Entries []Entry
	// Policies are those that are none of Atoll's: what they let through stays let
	// through.
	Policies []*networkingv1.NetworkPolicy
}

// Workload is something that makes pods, such as a Deployment.
type Workload struct {
	Kind, Namespace, Name string
	Pods                  *corev1.PodTemplateSpec
}

// Entry is something that has requests from outside sent to a service, such as an
// Ingress.
type Entry struct {
	Kind, Namespace, Name string
	// To is the Service, and Port its port, as a name or a number; empty means any.
	To   types.NamespacedName
	Port string
	// DataPlane says that the pods that forward are those of the Topology's
	// gateway.dataPlane.
	DataPlane bool
}

// Cuts finds the connections that Strict isolation of a Topology would cut, as far
// as is observed: it makes the policies that Strict would make, and asks of each
// connection whether they let it through.
func (w *World) Cuts(topology *v1alpha1.Topology, observed Observed) []graph.BlockedConnection {
	a := &audit{world: w, topology: topology, home: topology.Namespace + "/" + topology.Name, members: map[*v1alpha1.Microservice]*member{}}
	strict := topology.DeepCopy()
	strict.Spec.Isolation = v1alpha1.IsolationStrict
	for _, ms := range w.Services {
		if w.indexed().memberOf[ms] == a.home {
			a.members[ms] = a.member(ms, strict, observed.Policies)
		}
	}
	for _, ms := range w.Services {
		a.unresolved(ms)
		a.configuredCalls(ms)
		if a.members[ms] != nil {
			a.outside(ms)
			a.scrapers(ms)
		}
	}
	for i := range observed.Workloads {
		a.workload(&observed.Workloads[i])
	}
	for i := range observed.Entries {
		a.entry(&observed.Entries[i])
	}
	return a.cuts
}

// audit collects cuts.
type audit struct {
	world    *World
	topology *v1alpha1.Topology
	// home is the Topology as namespace/name.
	home    string
	members map[*v1alpha1.Microservice]*member
	cuts    []graph.BlockedConnection
}

// member is a member of the Topology as Strict would have it.
type member struct {
	// ingress and egress are the policies about its pods.
	ingress, egress []*networkingv1.NetworkPolicy
	// byHand says that a policy that is none of Atoll's lets out to something.
	byHand bool
}

func (a *audit) member(ms *v1alpha1.Microservice, strict *v1alpha1.Topology, others []*networkingv1.NetworkPolicy) *member {
	in := a.world.inputsOf(ms)
	in.Topology = strict
	pods := a.pods(ms)
	policies := append([]*networkingv1.NetworkPolicy{isolation.ServicePolicy(in.Inputs)}, others...)
	m := &member{
		ingress: networkpolicy.About(policies, networkingv1.PolicyTypeIngress, ms.Namespace, pods),
		egress:  networkpolicy.About(policies, networkingv1.PolicyTypeEgress, ms.Namespace, pods),
	}
	m.byHand = slices.ContainsFunc(m.egress, func(policy *networkingv1.NetworkPolicy) bool {
		return policy.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByAtoll && len(policy.Spec.Egress) > 0
	})
	return m
}

// isolationOf returns the isolation that a service would have if the audited Topology were Strict.
// That of other Topologies does not count.
func (a *audit) isolationOf(ms *v1alpha1.Microservice) v1alpha1.Isolation {
	if a.members[ms] == nil {
		return v1alpha1.IsolationNone
	}
	return v1alpha1.IsolationStrict
}

// pods are the labels of a service's pods.
func (a *audit) pods(ms *v1alpha1.Microservice) map[string]string {
	pods := names.PodSelector(ms)
	d := a.world.deployments[types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}]
	if d != nil && labels.SelectorFromSet(pods).Matches(labels.Set(d.Spec.Template.Labels)) {
		return d.Spec.Template.Labels
	}
	pods[v1alpha1.LabelManagedBy], pods[v1alpha1.LabelName] = v1alpha1.ManagedByAtoll, ms.Name
	return pods
}

// endpointOf are pods as policies see them. Their addresses are left out, as they come
// and go.
func (a *audit) endpointOf(namespace string, pods map[string]string) *networkpolicy.Endpoint {
	return &networkpolicy.Endpoint{Namespace: namespace, NamespaceLabels: a.world.namespaces[namespace], Labels: pods}
}

func (a *audit) cut(from, to, where, do string) {
	a.cuts = append(a.cuts, graph.BlockedConnection{From: from, To: to, Where: where, Remedy: do})
}

func (a *audit) shown(o metav1.Object) string {
	return graph.DisplayName(a.topology.Namespace, o.GetNamespace(), o.GetName())
}

// reaches says whether Strict lets a service's pods reach a port of another
// service's, of which 0 is any. What is not the Topology's is not its to decide.
func (a *audit) reaches(caller, callee *v1alpha1.Microservice, port int32) bool {
	from, to := a.endpointOf(caller.Namespace, a.pods(caller)), a.endpointOf(callee.Namespace, a.pods(callee))
	m := a.members[caller]
	return slices.ContainsFunc(listensOn(callee, port), func(on networkpolicy.Port) bool {
		return (m == nil || networkpolicy.Lets(m.egress, networkingv1.PolicyTypeEgress, to, on) != networkpolicy.No) && a.letsTo(callee, from, on)
	})
}

// lets says whether Strict lets somebody reach a port of a service.
func (a *audit) lets(callee *v1alpha1.Microservice, from networkpolicy.Peer, port int32) bool {
	return slices.ContainsFunc(listensOn(callee, port), func(on networkpolicy.Port) bool { return a.letsTo(callee, from, on) })
}

func (a *audit) letsTo(callee *v1alpha1.Microservice, from networkpolicy.Peer, on networkpolicy.Port) bool {
	m := a.members[callee]
	return m == nil || networkpolicy.Lets(m.ingress, networkingv1.PolicyTypeIngress, from, on) != networkpolicy.No
}

// listensOn are the ports of the container for a port of the Service, of which 0 is
// any. A number that is no port of the Service may be one of the container all the
// same.
func listensOn(ms *v1alpha1.Microservice, number int32) []networkpolicy.Port {
	var numbers []int32
	var named []corev1.ContainerPort
	for _, port := range graph.Ports(ms) {
		target := graph.TargetPort(&port)
		named = append(named, corev1.ContainerPort{Name: port.Name, ContainerPort: target})
		if number == 0 || port.Port == number {
			numbers = append(numbers, target)
		}
	}
	if number != 0 && len(numbers) == 0 {
		numbers = []int32{number}
	}
	var ports []networkpolicy.Port
	for _, number := range numbers {
		ports = append(ports, networkpolicy.Port{Number: number, Protocol: corev1.ProtocolTCP, Named: named})
	}
	return ports
}
