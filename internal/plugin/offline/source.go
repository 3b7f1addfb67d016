// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"

	"go.yaml.in/yaml/v3"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
)

// Source is an object and where it comes from.
type Source struct {
	// Name is the file's name.
	Name   string
	Object *unstructured.Unstructured
	// node is the text of the object; nil if it is not known. SetPositions sets it.
	node *yaml.Node
}

// clusterScoped are the kinds that a file may well hold beside services, and that
// are in no namespace.
var clusterScoped = map[string]bool{
	"Namespace": true, "CustomResourceDefinition": true, "GatewayClass": true, "StorageClass": true, "PersistentVolume": true,
	"ClusterRole": true, "ClusterRoleBinding": true, "PriorityClass": true, "IngressClass": true, "ClusterIssuer": true,
}

// NewSource makes an object that was read one of a namespace, unless it names its
// own.
func NewSource(name string, o runtime.Object, namespace string) (Source, error) {
	u, ok := o.(*unstructured.Unstructured)
	if !ok {
		return Source{}, fmt.Errorf("%s: an object of type %T was not expected", name, o)
	}
	if u.GetNamespace() == "" && !clusterScoped[u.GetKind()] {
		if namespace == "" {
			namespace = metav1.NamespaceDefault
		}
		u.SetNamespace(namespace)
	}
	return Source{Name: name, Object: u}, nil
}
