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
	"bytes"
	"reflect"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// covers says whether live holds every field that desired sets, both of the
// same Go type. Fields that desired does not set are the server's to fill.
// Lists must be equal in length: an item that somebody added is a difference.
// Quantities are compared by value.
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

// sameController looks at the controller alone: who else refers to an object is
// not Atoll's affair. That of a claim is its StatefulSet's.
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
	// An IntOrString is one value: by its fields, 0 would be covered by "25%".
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

// coversPointed compares what pointers point to: there, zero is a value.
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
