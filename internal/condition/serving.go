// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Serving says from a Microservice's conditions whether other services can use it: True,
// False, or Unknown before Atoll has observed it. A suspended service is Ready, because it is
// as its spec says, and serves no requests.
func Serving(conditions []metav1.Condition) metav1.ConditionStatus {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil:
		return metav1.ConditionUnknown
	case IsSuspended(conditions):
		return metav1.ConditionFalse
	}
	return ready.Status
}

// IsSuspended reports whether a Microservice is Ready because it is suspended.
func IsSuspended(conditions []metav1.Condition) bool {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	return ready != nil && ready.Status == metav1.ConditionTrue && ready.Reason == v1alpha1.ReasonSuspended
}
