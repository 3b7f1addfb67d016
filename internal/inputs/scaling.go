// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

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
	scaling := in.Microservice.Spec.Scaling
	if scaling == nil {
		return defaultReplicas
	}
	if scaling.Autoscale != nil {
		if scaling.Autoscale.Min != nil {
			return *scaling.Autoscale.Min
		}
		return defaultReplicas
	}
	if scaling.Replicas != nil {
		return *scaling.Replicas
	}
	return defaultReplicas
}

const defaultReplicas int32 = 2

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
