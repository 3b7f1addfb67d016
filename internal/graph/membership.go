// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"errors"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Services is how services are found, and the Topologies that they belong to.
type Services struct {
	// Find finds the Microservice of a namespace and a name; nil when there is none.
	Find Lookup
	// MemberOf is the Topology that a service is a member of, as namespace/name;
	// empty when it stands alone, or names one that does not let it join. To name
	// a Topology is not enough to be a member of it.
	MemberOf func(*v1alpha1.Microservice) string
}

// Lookup finds the Microservice of a namespace and a name; nil when there is none.
type Lookup func(namespace, name string) *v1alpha1.Microservice

// TopologyOf is the Topology that a service names, as namespace/name; empty when
// it names none. Whether that lets it join is another matter.
func TopologyOf(ms *v1alpha1.Microservice) string {
	key, named := TopologyKey(ms)
	if !named {
		return ""
	}
	return key.String()
}

// Allows says whether a Topology lets Microservices of a namespace join. labelsOf
// reads the labels of a namespace, where they decide.
func Allows(topology *v1alpha1.Topology, namespace string, labelsOf func(namespace string) (map[string]string, error)) (bool, error) {
	allowed := topology.Spec.AllowedNamespaces
	switch {
	case namespace == topology.Namespace:
		return true, nil
	case allowed == nil || allowed.From == v1alpha1.NamespacesFromSame:
		return false, nil
	case allowed.From == v1alpha1.NamespacesFromAll:
		return true, nil
	}
	selector, err := metav1.LabelSelectorAsSelector(allowed.Selector)
	if err != nil {
		// An invalid selector selects no namespace. It is its owner's fault, and must
		// not stop the members.
		return false, nil //nolint:nilerr // See above.
	}
	of, err := labelsOf(namespace)
	switch {
	case errors.Is(err, ErrUnknown):
		return !SelectsByName(allowed.Selector) || selector.Matches(labels.Set(of)), nil
	case err != nil:
		return false, err
	}
	return selector.Matches(labels.Set(of)), nil
}

// permits says whether a service may declare another as a dependency: one of the
// same Topology may, and one of the same namespace where either stands alone; any
// other must be named in the callee's access.
func (s *Services) permits(callee, caller *v1alpha1.Microservice) bool {
	a, b := s.MemberOf(callee), s.MemberOf(caller)
	// One that names a Topology which is not there, or refuses it, does not stand alone.
	alone := callee.Spec.TopologyRef == nil || caller.Spec.TopologyRef == nil
	if a != "" && a == b || callee.Namespace == caller.Namespace && alone {
		return true
	}
	for i := range callee.Spec.Access {
		rule := &callee.Spec.Access[i]
		namespace := rule.Namespace
		if namespace == "" {
			namespace = callee.Namespace
		}
		if rule.Name == caller.Name && namespace == caller.Namespace {
			return true
		}
	}
	return false
}
