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

package database

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
	"github.com/atoll-dev/atoll/internal/names"
)

// NetworkPolicy lets the service, its migration and what Atoll runs for the
// database reach it, and nothing else. The server itself calls nobody, but for
// the pod of a restore, which some engines copy the data from. operators is the
// namespace of CloudNativePG's operator, which looks after its servers.
func (p *Plan) NetworkPolicy(labels, selector map[string]string, operators string) *networkingv1.NetworkPolicy {
	if p.Provider == v1alpha1.ProviderCloudNativePG {
		return p.clusterPolicy(labels, operators)
	}
	return &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: labels},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: selector},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{{
				From: []networkingv1.NetworkPolicyPeer{p.clients()}, Ports: tcp(p.Engine.Port()),
			}},
			Egress: []networkingv1.NetworkPolicyEgressRule{{
				To: []networkingv1.NetworkPolicyPeer{p.component(v1alpha1.ComponentRestore)}, Ports: tcp(p.Engine.Port()),
			}},
		},
	}
}

// clusterPolicy lets the servers of a Cluster reach each other, and the operator
// its servers
// (https://cloudnative-pg.io/documentation/current/networking/).
func (p *Plan) clusterPolicy(labels map[string]string, operators string) *networkingv1.NetworkPolicy {
	members := ClusterPods(p.Owner)
	const statusPort = 8000
	return &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: labels},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: members},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{
				{From: []networkingv1.NetworkPolicyPeer{p.clients()}, Ports: tcp(p.Port)},
				{From: []networkingv1.NetworkPolicyPeer{
					{PodSelector: &metav1.LabelSelector{MatchLabels: members}},
					{
						NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: operators}},
						PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": "cloudnative-pg"}},
					},
				}, Ports: tcp(p.Port, statusPort)},
			},
		},
	}
}

// PortOf is the port that an engine listens on; 0 for one that is not known.
func PortOf(of v1alpha1.DatabaseEngine) int32 {
	if known, ok := engine.Engines[of]; ok {
		return known.Port()
	}
	return 0
}

// ClusterPods are the labels of the pods of a service's Cluster.
func ClusterPods(owner string) map[string]string {
	return map[string]string{clusterLabel: names.Database(owner)}
}

// clients are the pods that may use the database.
func (p *Plan) clients() networkingv1.NetworkPolicyPeer {
	return p.component(v1alpha1.ComponentService, v1alpha1.ComponentMigration, v1alpha1.ComponentBackup,
		v1alpha1.ComponentRestore, v1alpha1.ComponentRotation)
}

// component selects pods of this service, of the same namespace.
func (p *Plan) component(components ...string) networkingv1.NetworkPolicyPeer {
	return networkingv1.NetworkPolicyPeer{PodSelector: &metav1.LabelSelector{
		MatchLabels: map[string]string{v1alpha1.LabelMicroservice: p.Owner},
		MatchExpressions: []metav1.LabelSelectorRequirement{{
			Key: v1alpha1.LabelComponent, Operator: metav1.LabelSelectorOpIn, Values: components,
		}},
	}}
}

func tcp(ports ...int32) []networkingv1.NetworkPolicyPort {
	out := make([]networkingv1.NetworkPolicyPort, len(ports))
	for i, port := range ports {
		out[i] = networkingv1.NetworkPolicyPort{Protocol: ptr.To(corev1.ProtocolTCP), Port: ptr.To(intstr.FromInt32(port))}
	}
	return out
}
