// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import autoscalingv2 "k8s.io/api/autoscaling/v2"

// Scaling is the number of pods.
// +kubebuilder:validation:XValidation:rule="!has(self.replicas) || !has(self.autoscale) || oldSelf.hasValue() && has(oldSelf.value().replicas) && self.replicas == oldSelf.value().replicas",message="replicas and autoscale are mutually exclusive: remove one of them",optionalOldSelf=true
// +kubebuilder:validation:MinProperties=0
type Scaling struct {
	// replicas is the fixed number of pods. kubectl scale changes it, and so does
	// an autoscaler of your own whose target is the Microservice. Unset means 2;
	// Atoll then writes the number here, so that such an autoscaler can start.
	// With autoscale, a number that is left from before is not used.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	Replicas *int32 `json:"replicas,omitempty"`

	// autoscale lets a HorizontalPodAutoscaler set the number of pods. Unset
	// means the fixed number in replicas.
	// +optional
	Autoscale *Autoscale `json:"autoscale,omitempty"`
}

// Autoscale is the range and the targets of autoscaling.
// +kubebuilder:validation:XValidation:rule="(has(self.min) ? self.min : 2) <= self.max",message="min must not exceed max: unset min means 2"
type Autoscale struct {
	// min is the minimum number of pods. Unset means 2.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Min *int32 `json:"min,omitempty"`

	// max is the maximum number of pods.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=10000
	Max int32 `json:"max,omitempty"`

	// cpu is the target for the average CPU utilization, in percent of the
	// request. Unset means 80 when memory and metrics are also unset, and no
	// CPU target otherwise.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	CPU *int32 `json:"cpu,omitempty"`

	// memory is the target for the average memory utilization, in percent of
	// the request. Unset means no memory target.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	Memory *int32 `json:"memory,omitempty"`

	// metrics are additional metrics, as in a HorizontalPodAutoscaler
	// (autoscaling/v2). Unset means none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:XValidation:rule="(self.type == 'ContainerResource') == has(self.containerResource) && (self.type == 'External') == has(self.external) && (self.type == 'Object') == has(self.object) && (self.type == 'Pods') == has(self.pods) && (self.type == 'Resource') == has(self.resource) && self.type in ['ContainerResource', 'External', 'Object', 'Pods', 'Resource']",message="type must be ContainerResource, External, Object, Pods or Resource, and exactly the field of that name must be set, such as pods with type: Pods",fieldPath=".type"
	Metrics []autoscalingv2.MetricSpec `json:"metrics,omitempty"`

	// behavior limits how fast the number of pods changes, as in a
	// HorizontalPodAutoscaler (autoscaling/v2). Unset means the defaults of
	// Kubernetes.
	// +optional
	// +kubebuilder:validation:XValidation:rule="(!has(self.scaleUp) || !has(self.scaleUp.stabilizationWindowSeconds) || self.scaleUp.stabilizationWindowSeconds >= 0 && self.scaleUp.stabilizationWindowSeconds <= 3600) && (!has(self.scaleDown) || !has(self.scaleDown.stabilizationWindowSeconds) || self.scaleDown.stabilizationWindowSeconds >= 0 && self.scaleDown.stabilizationWindowSeconds <= 3600)",message="stabilizationWindowSeconds must be from 0 to 3600"
	Behavior *autoscalingv2.HorizontalPodAutoscalerBehavior `json:"behavior,omitempty"`
}
