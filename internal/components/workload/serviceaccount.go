// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// ServiceAccounts builds the ServiceAccount, unless the spec names an existing one.
func ServiceAccounts(in *inputs.Inputs) ([]kube.Object, error) {
	ms := in.Microservice
	account := &corev1.ServiceAccount{
		ObjectMeta:                   metav1.ObjectMeta{Name: ms.Name, Namespace: ms.Namespace, Labels: names.Labels(ms, v1alpha1.ComponentService)},
		AutomountServiceAccountToken: ptr.To(false),
	}
	if own := ms.Spec.ServiceAccount; own != nil {
		// A spec that names the ServiceAccount that Atoll created keeps it.
		if own.Name != "" && (own.Name != ms.Name || !in.OwnServiceAccount) {
			return nil, nil
		}
		account.Annotations = own.Annotations
	}
	return kube.One(account)
}
