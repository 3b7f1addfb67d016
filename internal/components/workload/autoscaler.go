// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

const defaultCPUUtilization int32 = 80

// Autoscalers builds the HorizontalPodAutoscaler of a Microservice that has autoscale.
func Autoscalers(in *inputs.Inputs) ([]kube.Object, error) {
	autoscale := in.Autoscale()
	if autoscale == nil {
		return nil, nil
	}
	ms := in.Microservice
	lowest, highest := in.MinReplicas(), autoscale.Max
	if d := in.Deployment; d != nil && in.Unisolated(v1alpha1.ComponentService, d.Spec.Template.Labels) {
		// The autoscaler must not add pods that no NetworkPolicy isolates.
		highest = max(1, min(highest, ptr.Deref(d.Spec.Replicas, 1)))
		lowest = min(lowest, highest)
	}
	return kube.One(&autoscalingv2.HorizontalPodAutoscaler{
		ObjectMeta: metav1.ObjectMeta{Name: ms.Name, Namespace: ms.Namespace, Labels: names.Labels(ms, v1alpha1.ComponentService)},
		Spec: autoscalingv2.HorizontalPodAutoscalerSpec{
			ScaleTargetRef: autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: ms.Name},
			MinReplicas:    &lowest,
			MaxReplicas:    highest,
			Metrics:        metrics(autoscale),
			Behavior:       autoscale.Behavior,
		},
	})
}

// metrics returns the metrics of the autoscaler: the declared ones, or CPU utilization
// if none is declared.
func metrics(autoscale *v1alpha1.Autoscale) []autoscalingv2.MetricSpec {
	cpu := autoscale.CPU
	if cpu == nil && autoscale.Memory == nil && len(autoscale.Metrics) == 0 {
		cpu = ptr.To(defaultCPUUtilization)
	}
	var specs []autoscalingv2.MetricSpec
	if cpu != nil {
		specs = append(specs, utilization(corev1.ResourceCPU, *cpu))
	}
	if autoscale.Memory != nil {
		specs = append(specs, utilization(corev1.ResourceMemory, *autoscale.Memory))
	}
	return append(specs, autoscale.Metrics...)
}

func utilization(name corev1.ResourceName, percent int32) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: autoscalingv2.ResourceMetricSourceType, Resource: &autoscalingv2.ResourceMetricSource{
		Name:   name,
		Target: autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: &percent},
	}}
}

// ForeignAutoscaler reports an autoscaler that Atoll did not make and that scales the
// Deployment; nil if there is none.
func ForeignAutoscaler(in *inputs.Inputs) *condition.Health {
	if len(in.ForeignAutoscalers) == 0 || in.Suspended() {
		return nil
	}
	m := condition.Message{
		Object: condition.Object{Kind: "HorizontalPodAutoscaler", Name: in.ForeignAutoscalers[0]},
		Cause:  fmt.Sprintf("scales Deployment %q, so scaling.replicas is not used", in.Microservice.Name),
		Remedy: fmt.Sprintf("let it scale Microservice %q (%s), or delete it", in.Microservice.Name, v1alpha1.GroupVersion),
	}
	if in.Autoscale() != nil {
		m.Cause = fmt.Sprintf("scales Deployment %q as scaling.autoscale does, and each undoes what the other one does", in.Microservice.Name)
		m.Remedy = "delete it, or remove scaling.autoscale and let it scale the Microservice"
	}
	return &condition.Health{Reason: v1alpha1.ReasonForeignAutoscaler, Message: m}
}

// AutoscalerHealth returns the health of the live autoscaler. live is nil if it does not
// exist yet.
func AutoscalerHealth(in *inputs.Inputs, live kube.Object) condition.Health {
	hpa, _ := live.(*autoscalingv2.HorizontalPodAutoscaler)
	if hpa == nil {
		return condition.Progressing("HorizontalPodAutoscaler %q is being created", in.Microservice.Name)
	}
	object := condition.Object{Kind: "HorizontalPodAutoscaler", Name: hpa.Name}
	if len(hpa.Status.Conditions) == 0 {
		return condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true,
			Message: condition.Message{Object: object, Cause: "has no conditions yet: the HorizontalPodAutoscaler controller has not processed it"}}
	}
	for _, want := range []autoscalingv2.HorizontalPodAutoscalerConditionType{autoscalingv2.AbleToScale, autoscalingv2.ScalingActive} {
		for i := range hpa.Status.Conditions {
			c := &hpa.Status.Conditions[i]
			if c.Type == want && c.Status == corev1.ConditionFalse {
				return condition.Health{Reason: v1alpha1.ReasonUnavailable,
					Message: condition.Message{Object: object, Cause: "can't scale: " + c.Reason, Remedy: autoscalerRemedy(c.Reason)}}
			}
		}
	}
	return condition.Healthy("The autoscaler is able to scale")
}

// autoscalerRemedy returns the remedy for the reason of an autoscaler's condition, or
// empty if none is known. It does not use the condition's message, which contains
// numbers that change.
func autoscalerRemedy(reason string) string {
	switch reason {
	case "FailedGetResourceMetric":
		return "check that metrics-server runs and that resources.requests are set"
	case "ScalingDisabled":
		return "scale the Deployment to at least one replica"
	case "InvalidMetricSourceType":
		return "correct scaling.autoscale.metrics"
	case "FailedGetObjectMetric", "FailedGetPodsMetric", "FailedGetExternalMetric", "FailedGetContainerResourceMetric":
		return "check that the source of the metrics in scaling.autoscale.metrics runs"
	}
	return ""
}
