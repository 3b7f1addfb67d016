// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes_test

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/internal/components/routes"
)

func TestGatewayAdmits(t *testing.T) {
	listener := func(name string, from gatewayv1.FromNamespaces) gatewayv1.Listener {
		return gatewayv1.Listener{Name: gatewayv1.SectionName(name), AllowedRoutes: &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{
			From: ptr.To(from), Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}},
		}}}
	}
	unreadable := listener("http", gatewayv1.NamespacesFromSelector)
	unreadable.AllowedRoutes.Namespaces.Selector = &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "In"}}}
	for name, test := range map[string]struct {
		listeners          []gatewayv1.Listener
		section, namespace string
		want               bool
	}{
		"its own namespace":              {[]gatewayv1.Listener{{Name: "http"}}, "", "infra", true},
		"another namespace":              {[]gatewayv1.Listener{{Name: "http"}}, "", "shop", false},
		"Same":                           {[]gatewayv1.Listener{listener("http", gatewayv1.NamespacesFromSame)}, "", "shop", false},
		"All":                            {[]gatewayv1.Listener{listener("http", gatewayv1.NamespacesFromAll)}, "", "other", true},
		"None":                           {[]gatewayv1.Listener{listener("http", gatewayv1.NamespacesFromNone)}, "", "infra", false},
		"selected":                       {[]gatewayv1.Listener{listener("http", gatewayv1.NamespacesFromSelector)}, "", "shop", true},
		"not selected":                   {[]gatewayv1.Listener{listener("http", gatewayv1.NamespacesFromSelector)}, "", "other", false},
		"any listener":                   {[]gatewayv1.Listener{{Name: "http"}, listener("https", gatewayv1.NamespacesFromAll)}, "", "shop", true},
		"the named listener":             {[]gatewayv1.Listener{{Name: "http"}, listener("https", gatewayv1.NamespacesFromAll)}, "http", "shop", false},
		"a listener that does not exist": {[]gatewayv1.Listener{listener("http", gatewayv1.NamespacesFromAll)}, "https", "shop", false},
		"a selector that can't be read":  {[]gatewayv1.Listener{unreadable}, "", "shop", false},
	} {
		t.Run(name, func(t *testing.T) {
			gateway := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "infra", Name: "public"}, Spec: gatewayv1.GatewaySpec{Listeners: test.listeners}}
			got, err := routes.GatewayAdmits(gateway, test.section, test.namespace, func(namespace string) (map[string]string, error) {
				return map[string]string{"team": namespace}, nil
			})
			if err != nil || got != test.want {
				t.Errorf("got %v and %v, want %v", got, err, test.want)
			}
		})
	}
	if got, err := routes.GatewayAdmits(nil, "", "shop", nil); !got || err != nil {
		t.Errorf("a Gateway that is not there yet keeps others from nothing: got %v and %v", got, err)
	}
}
