// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// stripAutoscaler keeps what an autoscaler scales, and whose it is.
func stripAutoscaler(object any) (any, error) {
	hpa, ok := object.(*autoscalingv2.HorizontalPodAutoscaler)
	if !ok {
		return object, nil
	}
	slim := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{
		Name: hpa.Name, Namespace: hpa.Namespace, UID: hpa.UID, ResourceVersion: hpa.ResourceVersion, OwnerReferences: hpa.OwnerReferences,
	}}
	slim.Spec.ScaleTargetRef = hpa.Spec.ScaleTargetRef
	return slim, nil
}

// byDeployment finds autoscalers by the Deployment that they scale.
func byDeployment(o client.Object) []string {
	if name := inputs.ScaledDeployment(o.(*autoscalingv2.HorizontalPodAutoscaler)); name != "" {
		return []string{name}
	}
	return nil
}

// Autoscalers implements inputs.Source. The status of an autoscaler changes often, so only
// names go into the fingerprint.
func (s *cacheSource) Autoscalers(ms *v1alpha1.Microservice) ([]string, error) {
	list := &autoscalingv2.HorizontalPodAutoscalerList{}
	if err := s.foreign.reader.List(s.ctx, list, client.InNamespace(ms.Namespace), client.MatchingFields{indexDeployment: ms.Name}); err != nil {
		return nil, fmt.Errorf("listing autoscalers: %w", err)
	}
	var names []string
	for i := range list.Items {
		if !metav1.IsControlledBy(&list.Items[i], ms) {
			names = append(names, list.Items[i].Name)
		}
	}
	slices.Sort(names)
	s.seen.text(names...)
	return names, nil
}

// autoscalerToMicroservice returns the Microservice whose Deployment an autoscaler scales.
func autoscalerToMicroservice(_ context.Context, o client.Object) []reconcile.Request {
	name := inputs.ScaledDeployment(o.(*autoscalingv2.HorizontalPodAutoscaler))
	if name == "" || metav1.GetControllerOf(o) != nil && metav1.GetControllerOf(o).Kind == "Microservice" {
		return nil
	}
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: o.GetNamespace(), Name: name}}}
}

// targetChanged passes autoscalers that scale something else than before.
func targetChanged() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		before, after := e.ObjectOld.(*autoscalingv2.HorizontalPodAutoscaler), e.ObjectNew.(*autoscalingv2.HorizontalPodAutoscaler)
		return before.Spec.ScaleTargetRef != after.Spec.ScaleTargetRef
	}}
}
