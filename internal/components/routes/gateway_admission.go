// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
)

// GatewayAdmits reports whether a Gateway lets routes of a namespace attach to a
// listener; an empty section means any listener. A Gateway that does not exist admits
// all. labelsOf reads the labels of a namespace, where they decide.
func GatewayAdmits(gateway *gatewayv1.Gateway, section, namespace string, labelsOf func(namespace string) (map[string]string, error)) (bool, error) {
	if gateway == nil {
		return true, nil
	}
	for i := range gateway.Spec.Listeners {
		listener := &gateway.Spec.Listeners[i]
		if section != "" && section != string(listener.Name) {
			continue
		}
		admits, err := listenerAdmits(gateway, listener, namespace, labelsOf)
		if admits || err != nil {
			return admits, err
		}
	}
	return false, nil
}

func listenerAdmits(gateway *gatewayv1.Gateway, listener *gatewayv1.Listener, namespace string, labelsOf func(namespace string) (map[string]string, error)) (bool, error) {
	from, selector := gatewayv1.NamespacesFromSame, (*metav1.LabelSelector)(nil)
	if allowed := listener.AllowedRoutes; allowed != nil && allowed.Namespaces != nil {
		from, selector = ptr.Deref(allowed.Namespaces.From, from), allowed.Namespaces.Selector
	}
	switch from {
	case gatewayv1.NamespacesFromAll:
		return true, nil
	case gatewayv1.NamespacesFromSame:
		return namespace == gateway.Namespace, nil
	case gatewayv1.NamespacesFromSelector:
		matching, err := metav1.LabelSelectorAsSelector(selector)
		if err != nil {
			// The Gateway's controller reports it to the owner. It selects no namespace.
			return false, nil //nolint:nilerr // See above.
		}
		of, err := labelsOf(namespace)
		return err == nil && matching.Matches(k8slabels.Set(of)), err
	}
	return false, nil
}
