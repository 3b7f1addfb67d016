// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/kube"
)

// Scheme knows the kinds that Atoll reads and makes.
var Scheme = func() *runtime.Scheme {
	s := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(s))
	utilruntime.Must(gatewayv1.Install(s))
	utilruntime.Must(v1alpha1.AddToScheme(s))
	return s
}()

// Fields are the fields that an object sets, with its apiVersion and kind, and
// without what is empty because Go has no other word for unset. A Secret's data
// is in stringData, in the open.
func Fields(o kube.Object) (map[string]any, error) {
	gvks, _, err := Scheme.ObjectKinds(o)
	if err != nil {
		return nil, err
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, err
	}
	fields = runtime.DeepCopyJSON(fields)
	fields["apiVersion"], fields["kind"] = gvks[0].GroupVersion().String(), gvks[0].Kind
	if secret, ok := o.(*corev1.Secret); ok {
		open := map[string]any{}
		for key, value := range secret.Data {
			open[key] = string(value)
		}
		delete(fields, "data")
		if len(open) > 0 {
			fields["stringData"] = open
		}
	}
	delete(fields, "status")
	return withoutEmpty(fields).(map[string]any), nil
}

// withoutEmpty leaves out nulls, and the status of templates, that nothing is
// built with.
func withoutEmpty(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, field := range v {
			_, isObject := field.(map[string]any)
			if field == nil || key == "status" && isObject {
				delete(v, key)
				continue
			}
			v[key] = withoutEmpty(field)
		}
	case []any:
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
	}
	return value
}

// YAML writes objects as documents.
func YAML(objects []kube.Object) (string, error) {
	var text strings.Builder
	for i, o := range objects {
		fields, err := Fields(o)
		if err != nil {
			return "", fmt.Errorf("writing %q: %w", o.GetName(), err)
		}
		document, err := yaml.Marshal(fields)
		if err != nil {
			return "", fmt.Errorf("writing %q: %w", o.GetName(), err)
		}
		if i > 0 {
			text.WriteString("---\n")
		}
		text.Write(document)
	}
	return text.String(), nil
}

// KindOf is an object's kind.
func KindOf(o kube.Object) (string, error) {
	gvks, _, err := Scheme.ObjectKinds(o)
	if err != nil {
		return "", err
	}
	return gvks[0].Kind, nil
}

// ToUnstructured is an object as files hold it.
func ToUnstructured(o kube.Object) (*unstructured.Unstructured, error) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		return u, nil
	}
	gvks, _, err := Scheme.ObjectKinds(o)
	if err != nil {
		return nil, err
	}
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, err
	}
	u := &unstructured.Unstructured{Object: fields}
	u.SetGroupVersionKind(gvks[0])
	return u, nil
}

// NewList is an empty list of an object's kind.
func NewList(o kube.Object) (runtime.Object, error) {
	if u, ok := o.(*unstructured.Unstructured); ok {
		list := &unstructured.UnstructuredList{}
		gvk := u.GroupVersionKind()
		list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
		return list, nil
	}
	gvks, _, err := Scheme.ObjectKinds(o)
	if err != nil {
		return nil, err
	}
	return Scheme.New(gvks[0].GroupVersion().WithKind(gvks[0].Kind + "List"))
}
