// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/mattfenwick/cyclonus/pkg/matcher"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/workload"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/names"
)

// peer is a pod at one end of a connection.
type peer struct {
	namespace string
	labels    map[string]string
}

func (p peer) traffic() *matcher.TrafficPeer {
	return &matcher.TrafficPeer{IP: "10.0.0.1", Internal: &matcher.InternalPeer{
		PodLabels: p.labels, Namespace: p.namespace, NamespaceLabels: map[string]string{corev1.LabelMetadataName: p.namespace}}}
}

// podOf returns a pod of a component of a Microservice, with Atoll's labels.
func podOf(microservice, component string) peer {
	ms := inputstest.Orders()
	ms.Name = microservice
	return peer{"shop", names.Labels(ms, component)}
}

// Pods of an earlier template, which listen on another port than the spec says, stay
// reachable until they are gone: the policies of both ends allow their port.
func TestPolicyAllowsPortsOfAnEarlierTemplate(t *testing.T) {
	listening := func(port int32) corev1.PodSpec {
		return corev1.PodSpec{Containers: []corev1.Container{{Name: "orders", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: port}, {Name: "debug", ContainerPort: 6060}}}}}
	}
	earlier := func(component string, port int32) corev1.Pod {
		return corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: podOf("orders", component).labels}, Spec: listening(port)}
	}
	held := &appsv1.Deployment{}
	held.Spec.Template.Spec = listening(8080)
	for name, tc := range map[string]struct {
		deployment *appsv1.Deployment
		pods       []corev1.Pod
		want       []int32
	}{
		"a new service":                    {nil, nil, []int32{9090}},
		"a rollout that a gate holds back": {held, nil, []int32{8080, 9090}},
		"a rollout in progress":            {nil, []corev1.Pod{earlier(v1alpha1.ComponentService, 7070), earlier(v1alpha1.ComponentService, 9090)}, []int32{7070, 9090}},
		"a finished rollout":               {nil, []corev1.Pod{earlier(v1alpha1.ComponentService, 9090)}, []int32{9090}},
		"pods of a migration do not serve": {nil, []corev1.Pod{earlier(v1alpha1.ComponentMigration, 7070)}, []int32{9090}},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders()
			ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 9090}}
			ms.Spec.Routes = []v1alpha1.Route{{}}
			topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop"}}
			topology.Spec.Gateway = &v1alpha1.TopologyGateway{ClassName: "any", DataPlane: &v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "edge"}}}}
			topology.Spec.Monitoring = &v1alpha1.Monitoring{PodPeer: v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: "metrics"}}}}
			in := &inputs.Inputs{Microservice: ms, Topology: topology, Deployment: tc.deployment, Pods: tc.pods, Callers: []inputs.Caller{{Namespace: "shop", Name: "payments", Port: "http"}}}
			if diff := cmp.Diff([]v1alpha1.PortStatus{{Name: "http", TargetPorts: tc.want}}, workload.ServingPorts(in)); diff != "" {
				t.Errorf("serving ports (-want +got):\n%s", diff)
			}
			ms.Status.Ports = workload.ServingPorts(in)
			caller := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "payments", Namespace: "shop"}}
			edges := []graph.Edge{{Caller: caller, Dependency: &v1alpha1.Dependency{Name: "orders"}, Callee: ms, Port: &ms.Spec.Ports[0], Permitted: true}}
			all := matcher.BuildNetworkPolicies(false, []*networkingv1.NetworkPolicy{ServicePolicy(in), ServicePolicy(&inputs.Inputs{Microservice: caller, Topology: topology, Edges: edges})})
			service := podOf("orders", v1alpha1.ComponentService)
			for _, from := range []peer{podOf("payments", v1alpha1.ComponentService), {"edge", nil}, {"metrics", nil}} {
				for port := int32(6060); port <= 9090; port += 1010 {
					got := all.IsTrafficAllowed(&matcher.Traffic{Source: from.traffic(), Destination: service.traffic(), ResolvedPort: int(port), Protocol: corev1.ProtocolTCP}).IsAllowed()
					if want := slices.Contains(tc.want, port); got != want {
						t.Errorf("traffic from %s to port %d is allowed: %t, want %t", from.namespace, port, got, want)
					}
				}
			}
		})
	}
}

// Only the data plane of the Topology's Gateway may reach a routed port. Where another
// Gateway forwards to it too, every pod may.
func TestPolicyOfRoutedPorts(t *testing.T) {
	gateways, everyone := []networkingv1.NetworkPolicyPeer{{NamespaceSelector: &metav1.LabelSelector{}, PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "gateway"}}}}, []networkingv1.NetworkPolicyPeer(nil)
	own, other := v1alpha1.GatewayReference{Name: "shop", SectionName: "https"}, v1alpha1.GatewayReference{Name: "shop", Namespace: "infra"}
	for name, tc := range map[string]struct {
		routes []v1alpha1.Route
		want   map[int32][]networkingv1.NetworkPolicyPeer
	}{
		"the Topology's Gateway":                {[]v1alpha1.Route{{}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: gateways}},
		"the same Gateway by name":              {[]v1alpha1.Route{{ParentRefs: []v1alpha1.GatewayReference{own}}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: gateways}},
		"another Gateway":                       {[]v1alpha1.Route{{ParentRefs: []v1alpha1.GatewayReference{other}}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: everyone}},
		"both Gateways":                         {[]v1alpha1.Route{{ParentRefs: []v1alpha1.GatewayReference{own, other}}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: everyone}},
		"both Gateways, in two routes":          {[]v1alpha1.Route{{}, {ParentRefs: []v1alpha1.GatewayReference{other}}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: everyone}},
		"another Gateway for another port only": {[]v1alpha1.Route{{}, {Port: "admin", ParentRefs: []v1alpha1.GatewayReference{other}}}, map[int32][]networkingv1.NetworkPolicyPeer{8080: gateways, 9090: everyone}},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders()
			ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 8080}, {Name: "admin", Port: 9090}}
			ms.Spec.Routes = tc.routes
			topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: "shop"}}
			topology.Spec.Gateway = &v1alpha1.TopologyGateway{ClassName: "any", DataPlane: &v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{}, PodSelector: gateways[0].PodSelector}}
			got := map[int32][]networkingv1.NetworkPolicyPeer{}
			for _, rule := range ServicePolicy(&inputs.Inputs{Microservice: ms, Topology: topology}).Spec.Ingress {
				for _, port := range rule.Ports {
					got[port.Port.IntVal] = rule.From
				}
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("peers by port (-want +got):\n%s", diff)
			}
		})
	}
}
