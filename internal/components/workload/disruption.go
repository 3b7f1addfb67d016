// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// DisruptionBudgets builds a budget that lets one pod at a time be evicted. A single pod
// has none: a budget of one unavailable pod would allow each eviction of it.
func DisruptionBudgets(in *inputs.Inputs) ([]kube.Object, error) {
	if in.MinReplicas() < 2 {
		return nil, nil
	}
	ms := in.Microservice
	return kube.One(&policyv1.PodDisruptionBudget{
		ObjectMeta: metav1.ObjectMeta{Name: ms.Name, Namespace: ms.Namespace, Labels: names.Labels(ms, v1alpha1.ComponentService)},
		Spec: policyv1.PodDisruptionBudgetSpec{
			MaxUnavailable: ptr.To(intstr.FromInt32(1)),
			Selector:       &metav1.LabelSelector{MatchLabels: names.Selector(ms, v1alpha1.ComponentService)},
			// A pod that is not ready never blocks a drain.
			UnhealthyPodEvictionPolicy: ptr.To(policyv1.AlwaysAllow),
		},
	})
}
