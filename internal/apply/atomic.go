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

package apply

import (
	"reflect"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// wholes are the fields, by kind, that mean something as a whole only: what somebody
// adds to a policy lets through what it denied, or has it be about no pods, and a
// selector with one label more selects nothing. What Atoll leaves out there is left
// out on purpose.
var atomicFields = map[string][]string{
	"NetworkPolicy":       {"spec"},
	"Service":             {"spec", "selector"},
	"PodDisruptionBudget": {"spec", "selector"},
}

// sameWholes says whether these fields of live are just what is desired, both of the
// same Go type.
func atomicFieldsEqual(desired, live client.Object) bool {
	switch d := desired.(type) {
	case *networkingv1.NetworkPolicy:
		return equality.Semantic.DeepEqual(d.Spec, live.(*networkingv1.NetworkPolicy).Spec)
	case *corev1.Service:
		return equality.Semantic.DeepEqual(d.Spec.Selector, live.(*corev1.Service).Spec.Selector)
	case *policyv1.PodDisruptionBudget:
		return equality.Semantic.DeepEqual(d.Spec.Selector, live.(*policyv1.PodDisruptionBudget).Spec.Selector)
	}
	return true
}

// restoreWhole makes these fields of live what is desired, which server-side apply
// alone does not: it leaves what others added. It reports whether they were not.
func restoreAtomicField(desired, live *unstructured.Unstructured) bool {
	path, whole := atomicFields[desired.GetKind()]
	if !whole {
		return false
	}
	want, wanted, _ := unstructured.NestedFieldCopy(desired.Object, path...)
	is, _, _ := unstructured.NestedFieldNoCopy(live.Object, path...)
	if !wanted || reflect.DeepEqual(want, is) {
		return false
	}
	return unstructured.SetNestedField(live.Object, want, path...) == nil
}
