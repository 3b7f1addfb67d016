// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
)

// PortOf returns the port of an engine; 0 if the engine is unknown.
func PortOf(of v1alpha1.DatabaseEngine) int32 {
	if known, ok := engine.Engines[of]; ok {
		return known.Port()
	}
	return 0
}

// clients selects the pods that may use the database.
func (p *Plan) clients() networkingv1.NetworkPolicyPeer {
	return p.component(v1alpha1.ComponentService, v1alpha1.ComponentMigration, v1alpha1.ComponentBackup,
		v1alpha1.ComponentRestore, v1alpha1.ComponentRotation, v1alpha1.ComponentCollation, v1alpha1.ComponentExtensions)
}

// component selects pods of this service, in the same namespace.
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
