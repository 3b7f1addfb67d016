// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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

// ServiceAccountName returns the ServiceAccount that the pods run as.
func ServiceAccountName(in *Inputs) string {
	if own := in.Microservice.Spec.ServiceAccount; own != nil && own.Name != "" {
		return own.Name
	}
	return in.Microservice.Name
}
