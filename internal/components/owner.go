// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package components

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/kube"
)

// owned marks objects as the Microservice's, so that they go when it goes.
func owned(ms *v1alpha1.Microservice, o kube.Object) {
	o.SetOwnerReferences([]metav1.OwnerReference{{
		APIVersion:         v1alpha1.GroupVersion.String(),
		Kind:               "Microservice",
		Name:               ms.Name,
		UID:                ms.UID,
		Controller:         ptr.To(true),
		BlockOwnerDeletion: ptr.To(true),
	}})
}
