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

package main

import (
	"context"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// audited is a topology with some calls that nobody declared.
func audited() []client.Object {
	topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "shop", Annotations: map[string]string{v1alpha1.AnnotationIsolation: v1alpha1.IsolationAudit},
	}}
	orders := service("orders", "users")
	orders.Spec.Env = []corev1.EnvVar{{Name: "MAIL_FROM", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
		LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}, Key: "mail",
	}}}}
	orders.Spec.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}, Prefix: "APP_"}}
	settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "settings"},
		Data: map[string]string{"mail": "smtp://mail.example.com:25", "PAYMENTS": "http://payments.shop.svc:8080"}}
	legacy := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "legacy"}, Spec: networkingv1.IngressSpec{
		DefaultBackend: &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "users"}},
	}}
	streams := &gatewayv1.GRPCRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "streams"}, Spec: gatewayv1.GRPCRouteSpec{
		Rules: []gatewayv1.GRPCRouteRule{{BackendRefs: []gatewayv1.GRPCBackendRef{{BackendRef: gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{Name: "payments"}}}}}},
	}}
	return []client.Object{topology, orders, service("users"), service("payments"), settings, legacy, streams}
}

func TestGraphAudit(t *testing.T) {
	golden(t, "graph-audit.txt", run(t, cluster(audited()...), "", "graph", "shop").out)
	if got := run(t, cluster(audited()...), "", "graph", "shop", "-o", "json").out; !strings.Contains(got, `"to": "mail.example.com"`) {
		t.Errorf("no cuts in\n%s", got)
	}
	if got := run(t, cluster(audited()...), "", "graph").out; strings.Contains(got, "Strict") {
		t.Errorf("cuts are told of that are no topology's:\n%s", got)
	}
	clean := audited()
	if got := run(t, cluster(clean[0], clean[2]), "", "graph", "shop").out; !strings.Contains(got, "Strict would cut nothing that is") {
		t.Errorf("got\n%s", got)
	}

	// Somebody who may see services alone sees what those tell.
	blind := interceptor.NewClient(cluster(audited()...), interceptor.Funcs{
		Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
			if _, ok := o.(*corev1.ConfigMap); ok {
				return apierrors.NewForbidden(schema.GroupResource{Resource: "configmaps"}, key.Name, nil)
			}
			return c.Get(ctx, key, o, opts...)
		},
		List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
			if _, ok := list.(*v1alpha1.MicroserviceList); !ok {
				return apierrors.NewForbidden(schema.GroupResource{}, "", nil)
			}
			return c.List(ctx, list, opts...)
		},
	})
	got := run(t, blind, "", "graph", "shop")
	text := strings.Join(strings.Fields(got.out), " ")
	if got.code != 0 || !strings.Contains(text, "cut nothing") ||
		!strings.Contains(text, "you may not read them: ConfigMaps of namespace shop, GRPCRoutes of namespace shop, HTTPRoutes of namespace shop, Ingresses of namespace shop.") {
		t.Errorf("got %+v", got)
	}
}
