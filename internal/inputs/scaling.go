// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// OwnScaling returns the scaling that a Microservice declares; nil if it has the default. A
// number that Atoll recorded is a default.
func OwnScaling(ms *v1alpha1.Microservice) *v1alpha1.Scaling {
	scaling := ms.Spec.Scaling
	if scaling == nil || scaling.Autoscale == nil && (scaling.Replicas == nil || IsDefaultReplicas(ms)) {
		return nil
	}
	return scaling
}

// IsDefaultReplicas reports whether scaling.replicas still has the default number that Atoll
// recorded.
func IsDefaultReplicas(ms *v1alpha1.Microservice) bool {
	scaling, recorded := ms.Spec.Scaling, ms.Annotations[v1alpha1.AnnotationDefaultReplicas]
	return recorded != "" && scaling != nil && scaling.Replicas != nil && strconv.Itoa(int(*scaling.Replicas)) == recorded
}

// withOwnScaling returns a Microservice without a number of pods that is a default.
func withOwnScaling(ms *v1alpha1.Microservice) *v1alpha1.Microservice {
	own := OwnScaling(ms)
	if own == ms.Spec.Scaling {
		return ms
	}
	stripped := *ms
	stripped.Spec.Scaling = own
	return &stripped
}

// FixedReplicas returns the number of pods where nothing scales them by load, also of a
// suspended Microservice; nil where autoscale decides.
func (in *Inputs) FixedReplicas() *int32 {
	scaling := in.Microservice.Spec.Scaling
	switch {
	case scaling != nil && scaling.Autoscale != nil:
		return nil
	case scaling != nil && scaling.Replicas != nil:
		return scaling.Replicas
	}
	return ptr.To(defaultReplicas)
}

// Suspended reports whether the Microservice is suspended.
func (in *Inputs) Suspended() bool {
	return in.Microservice.Spec.Suspend != nil && *in.Microservice.Spec.Suspend
}

// Autoscale returns the autoscaling of a Microservice that is not suspended, or nil.
func (in *Inputs) Autoscale() *v1alpha1.Autoscale {
	if in.Microservice.Spec.Scaling == nil || in.Suspended() {
		return nil
	}
	return in.Microservice.Spec.Scaling.Autoscale
}

// MinReplicas is the smallest number of pods that the spec allows.
func (in *Inputs) MinReplicas() int32 {
	if in.Suspended() {
		return 0
	}
	if fixed := in.FixedReplicas(); fixed != nil {
		return *fixed
	}
	return ptr.Deref(in.Microservice.Spec.Scaling.Autoscale.Min, defaultReplicas)
}

const defaultReplicas int32 = 2

// ScaledDeployment returns the name of the Deployment that an autoscaler scales; empty if it
// scales something else.
func ScaledDeployment(hpa *autoscalingv2.HorizontalPodAutoscaler) string {
	target := &hpa.Spec.ScaleTargetRef
	group, err := schema.ParseGroupVersion(target.APIVersion)
	if err != nil || group.Group != appsv1.GroupName || target.Kind != "Deployment" {
		return ""
	}
	return target.Name
}

// ScaledByOthers reports whether an autoscaler sets the number of pods: Atoll's, or one that
// Atoll did not make. Atoll must not undo its changes: the two would add and remove pods in turn, forever.
func (in *Inputs) ScaledByOthers() bool {
	return in.Autoscale() != nil || len(in.ForeignAutoscalers) > 0 && !in.Suspended()
}

// MaxReplicas is the largest number of pods that the spec allows.
func (in *Inputs) MaxReplicas() int32 {
	if scaling := in.Microservice.Spec.Scaling; scaling != nil && scaling.Autoscale != nil {
		return scaling.Autoscale.Max
	}
	return in.MinReplicas()
}

// Recreates reports whether a rollout ends all old pods before it starts new ones.
func Recreates(ms *v1alpha1.Microservice) bool {
	return ms.Spec.Rollout != nil && ms.Spec.Rollout.Strategy == v1alpha1.RolloutRecreate
}

// MaxSurge returns how many pods a rolling update may add: by default a quarter.
func MaxSurge(ms *v1alpha1.Microservice) intstr.IntOrString {
	if own := ms.Spec.Rollout; own != nil && own.MaxSurge != nil {
		return *own.MaxSurge
	}
	return intstr.FromString("25%")
}

// Surge returns how many pods a rollout adds to a number of pods for a while.
func (in *Inputs) Surge(pods int) int {
	if Recreates(in.Microservice) {
		return 0
	}
	surge := MaxSurge(in.Microservice)
	// The API server validates the form.
	added, _ := intstr.GetScaledValueFromIntOrPercent(&surge, pods, true)
	return added
}
