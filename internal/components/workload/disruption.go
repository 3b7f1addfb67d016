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

// DisruptionBudgets builds a budget that permits the eviction of one pod at a time. A
// service that never runs more than one pod has none, because it would have no effect: it
// permits each eviction of a single pod.
func DisruptionBudgets(in *inputs.Inputs) ([]kube.Object, error) {
	if in.Suspended() || in.MaxReplicas() < 2 {
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
