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
