// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// toUnstructured returns the object as an apply sends it: without status, and without
// the nulls that the conversion writes for unset fields.
func (a *Applier) toUnstructured(o client.Object, hash string) (*unstructured.Unstructured, error) {
	fields, err := fieldsOf(o)
	if err != nil {
		return nil, err
	}
	delete(fields, "status")
	u := &unstructured.Unstructured{Object: fields}
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[AnnotationApplied] = hash
	u.SetAnnotations(annotations)
	return u, nil
}

// fieldsOf returns a copy of the fields of an object, without nulls.
func fieldsOf(o client.Object) (map[string]any, error) {
	if u, is := o.(*unstructured.Unstructured); is {
		// The converter would return the object's own map, and the object may be in the cache.
		return dropNulls(u.DeepCopy().Object).(map[string]any), nil
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, err
	}
	return dropNulls(fields).(map[string]any), nil
}

func dropNulls(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, field := range v {
			if field == nil {
				delete(v, key)
				continue
			}
			v[key] = dropNulls(field)
		}
	case []any:
		for i := range v {
			v[i] = dropNulls(v[i])
		}
	}
	return value
}
