// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

// ServiceAccountName returns the ServiceAccount that the pods run as.
func ServiceAccountName(in *Inputs) string {
	if own := in.Microservice.Spec.ServiceAccount; own != nil && own.Name != "" {
		return own.Name
	}
	return in.Microservice.Name
}
