// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"bytes"
	"reflect"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// matchesDesired reports whether live has every field that desired sets. Fields that
// desired does not set may have any value, because the API server fills in defaults.
// Lists must have equal lengths: an added item is drift. Quantities are compared by
// value, and times are ignored. Objects of different Go types never match.
func matchesDesired(desired, live client.Object) bool {
	if !metadataMatches(desired, live) {
		return false
	}
	d, l := reflect.ValueOf(desired).Elem(), reflect.ValueOf(live).Elem()
	if d.Type() != l.Type() || !atomicFieldsEqual(desired, live) {
		return false
	}
	for i := range d.NumField() {
		switch d.Type().Field(i).Name {
		case "TypeMeta", "ObjectMeta", "Status":
		default:
			if !valueMatches(d.Field(i), l.Field(i)) {
				return false
			}
		}
	}
	return true
}

// TemplateMatches reports whether the pod template of a live Deployment has every field that
// the desired one sets.
func TemplateMatches(desired, live *appsv1.Deployment) bool {
	d, l := &desired.Spec.Template, &live.Spec.Template
	return containsEntries(d.Labels, l.Labels) && containsEntries(d.Annotations, l.Annotations) &&
		valueMatches(reflect.ValueOf(d.Spec), reflect.ValueOf(l.Spec))
}

func metadataMatches(desired, live client.Object) bool {
	return containsEntries(desired.GetLabels(), live.GetLabels()) &&
		containsEntries(desired.GetAnnotations(), live.GetAnnotations()) &&
		sameController(desired, live)
}

func containsEntries(desired, live map[string]string) bool {
	for key, value := range desired {
		if got, ok := live[key]; !ok || got != value {
			return false
		}
	}
	return true
}

func containsQuantities(desired, live corev1.ResourceList) bool {
	for name, quantity := range desired {
		if got, ok := live[name]; !ok || quantity.Cmp(got) != 0 {
			return false
		}
	}
	return true
}

// sameController compares only the controller references: Atoll does not manage other
// owner references. A claim may be controlled by its StatefulSet.
func sameController(desired, live client.Object) bool {
	d, l := metav1.GetControllerOfNoCopy(desired), metav1.GetControllerOfNoCopy(live)
	if d == nil {
		return l == nil || l.Kind == "StatefulSet"
	}
	return l != nil && d.UID == l.UID
}

var (
	quantityType = reflect.TypeFor[resource.Quantity]()
	timeType     = reflect.TypeFor[metav1.Time]()
	rawType      = reflect.TypeFor[runtime.RawExtension]()
	// An IntOrString is compared as one value: field by field, 0 would match "25%".
	intOrStringType = reflect.TypeFor[intstr.IntOrString]()
)

func valueMatches(desired, live reflect.Value) bool {
	switch desired.Type() {
	case quantityType:
		d, l := desired.Interface().(resource.Quantity), live.Interface().(resource.Quantity)
		return d.Cmp(l) == 0
	case timeType:
		return true
	case intOrStringType:
		return desired.IsZero() || desired.Equal(live)
	case rawType:
		return bytes.Equal(desired.Field(0).Bytes(), live.Field(0).Bytes())
	}
	switch desired.Kind() {
	case reflect.Pointer, reflect.Interface:
		if desired.IsNil() {
			return true
		}
		return !live.IsNil() && elementMatches(desired.Elem(), live.Elem())
	case reflect.Struct:
		for i := range desired.NumField() {
			if !valueMatches(desired.Field(i), live.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Map:
		return mapMatches(desired, live)
	case reflect.Slice:
		return sliceMatches(desired, live)
	}
	return desired.IsZero() || desired.Equal(live)
}

// elementMatches compares the target of a pointer, or an element of a map or list.
// Unlike in a field, the zero value is significant there.
func elementMatches(desired, live reflect.Value) bool {
	if desired.Type() == intOrStringType {
		return desired.Equal(live)
	}
	switch desired.Kind() {
	case reflect.Struct, reflect.Map, reflect.Slice, reflect.Pointer, reflect.Interface:
		return valueMatches(desired, live)
	}
	return desired.Equal(live)
}

func mapMatches(desired, live reflect.Value) bool {
	// Most maps are labels and resources. Reflection would copy each key and value.
	switch d := desired.Interface().(type) {
	case map[string]string:
		return containsEntries(d, live.Interface().(map[string]string))
	case corev1.ResourceList:
		return containsQuantities(d, live.Interface().(corev1.ResourceList))
	}
	for entries := desired.MapRange(); entries.Next(); {
		got := live.MapIndex(entries.Key())
		if !got.IsValid() || !elementMatches(entries.Value(), got) {
			return false
		}
	}
	return true
}

func sliceMatches(desired, live reflect.Value) bool {
	if desired.Len() == 0 {
		return true
	}
	if desired.Len() != live.Len() {
		return false
	}
	for i := range desired.Len() {
		if !elementMatches(desired.Index(i), live.Index(i)) {
			return false
		}
	}
	return true
}
