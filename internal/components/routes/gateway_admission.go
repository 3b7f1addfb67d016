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

package routes

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	k8slabels "k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// GatewayAdmits says whether a Gateway lets routes of a namespace have a host at
// a listener; an empty section means any listener, an empty hostname any host. A
// Gateway that does not exist is taken to. labelsOf reads the labels of a
// namespace, where they decide.
func GatewayAdmits(gateway *gatewayv1.Gateway, section string, hostname v1alpha1.Hostname, namespace string, labelsOf func(namespace string) (map[string]string, error)) (bool, error) {
	if gateway == nil {
		return true, nil
	}
	for i := range gateway.Spec.Listeners {
		listener := &gateway.Spec.Listeners[i]
		if section != "" && section != string(listener.Name) || !meet(string(ptr.Deref(listener.Hostname, "")), string(hostname)) {
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
			// The Gateway's controller tells its owner. It selects nobody.
			return false, nil //nolint:nilerr // See above.
		}
		of, err := labelsOf(namespace)
		return err == nil && matching.Matches(k8slabels.Set(of)), err
	}
	return false, nil
}

// meet says whether some host has both names, of which either may begin with '*'
// or be empty, which is every host.
func meet(a, b string) bool {
	covers := func(wildcard, name string) bool {
		return strings.HasPrefix(wildcard, "*") && strings.HasSuffix(name, wildcard[1:])
	}
	return a == "" || b == "" || a == b || covers(a, b) || covers(b, a)
}
