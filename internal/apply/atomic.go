// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"maps"
	"reflect"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// atomicFields are the paths, by kind, of the fields that Atoll owns as a whole, unset
// parts included. An addition there defeats the object: an added rule allows denied
// traffic, and a selector with an additional label selects no pods.
var atomicFields = map[string][]string{
	"NetworkPolicy":       {"spec"},
	"Service":             {"spec", "selector"},
	"PodDisruptionBudget": {"spec", "selector"},
}

// atomicFieldsEqual reports whether the atomic fields of live equal the desired ones.
// Both objects must have the same Go type.
func atomicFieldsEqual(desired, live client.Object) bool {
	switch d := desired.(type) {
	case *networkingv1.NetworkPolicy:
		return valuesEqual(reflect.ValueOf(&d.Spec), reflect.ValueOf(&live.(*networkingv1.NetworkPolicy).Spec))
	case *corev1.Service:
		return maps.Equal(d.Spec.Selector, live.(*corev1.Service).Spec.Selector)
	case *policyv1.PodDisruptionBudget:
		return valuesEqual(reflect.ValueOf(d.Spec.Selector), reflect.ValueOf(live.(*policyv1.PodDisruptionBudget).Spec.Selector))
	}
	return true
}

// valuesEqual reports whether each of two values has all that the other one sets.
func valuesEqual(a, b reflect.Value) bool { return valueMatches(a, b) && valueMatches(b, a) }

// restoreAtomicField replaces the atomic field of live with the desired one, and
// reports whether they differed. Server-side apply is not enough, because it keeps the
// additions of other field managers.
func restoreAtomicField(desired, live *unstructured.Unstructured) bool {
	path, found := atomicFields[desired.GetKind()]
	if !found {
		return false
	}
	want, set, _ := unstructured.NestedFieldCopy(desired.Object, path...)
	got, _, _ := unstructured.NestedFieldNoCopy(live.Object, path...)
	if !set || reflect.DeepEqual(want, got) {
		return false
	}
	return unstructured.SetNestedField(live.Object, want, path...) == nil
}
