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

package inputs

import (
	"github.com/atoll-dev/atoll/api/v1alpha1"
)

func (in *Inputs) Suspended() bool {
	return in.Microservice.Spec.Suspend != nil && *in.Microservice.Spec.Suspend
}

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

// Surge is how many pods a rollout adds to a number of pods for a while: a quarter,
// rounded up.
func (in *Inputs) Surge(pods int) int {
	if Recreates(in.Microservice) {
		return 0
	}
	return (pods + 3) / 4
}
