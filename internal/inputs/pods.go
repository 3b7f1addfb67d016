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
	corev1 "k8s.io/api/core/v1"
)

// PullSecrets are the member's own, or else the Topology's.
func PullSecrets(in *Inputs) []corev1.LocalObjectReference {
	if len(in.Microservice.Spec.ImagePullSecrets) > 0 {
		return in.Microservice.Spec.ImagePullSecrets
	}
	if in.Topology != nil && in.Topology.Spec.Defaults != nil {
		return in.Topology.Spec.Defaults.ImagePullSecrets
	}
	return nil
}

func ServiceAccountName(in *Inputs) string {
	if own := in.Microservice.Spec.ServiceAccount; own != nil && own.Name != "" {
		return own.Name
	}
	return in.Microservice.Name
}
