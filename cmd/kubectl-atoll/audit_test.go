// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// auditedTopology is a topology with undeclared calls.
func auditedTopology() []client.Object {
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
		DefaultBackend: &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "users", Port: networkingv1.ServiceBackendPort{Name: "http"}}},
	}}
	calling := func(url string) corev1.PodTemplateSpec {
		return corev1.PodTemplateSpec{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "main", Env: []corev1.EnvVar{{Name: "USERS", Value: url}}}}}}
	}
	web := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web"}, Spec: appsv1.DeploymentSpec{Template: calling("http://users:8080")}}
	nightly := &batchv1.CronJob{ObjectMeta: metav1.ObjectMeta{Namespace: "reporting", Name: "nightly"}, Spec: batchv1.CronJobSpec{
		JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: calling("http://users.shop.svc:8080")}}}}
	tonight := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Namespace: "reporting", Name: "nightly-1", OwnerReferences: []metav1.OwnerReference{{
		APIVersion: "batch/v1", Kind: "CronJob", Name: "nightly", UID: "1", Controller: ptr.To(true)}}}, Spec: batchv1.JobSpec{Template: calling("http://users.shop.svc:8080")}}
	streams := &gatewayv1.GRPCRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "streams"}, Spec: gatewayv1.GRPCRouteSpec{
		Rules: []gatewayv1.GRPCRouteRule{{BackendRefs: []gatewayv1.GRPCBackendRef{{BackendRef: gatewayv1.BackendRef{BackendObjectReference: gatewayv1.BackendObjectReference{Name: "payments"}}}}}},
	}}
	return []client.Object{topology, orders, service("users"), service("payments"), settings, legacy, streams, web, nightly, tonight}
}

func TestGraphAudit(t *testing.T) {
	golden(t, "graph-audit.txt", runPlugin(t, fakeCluster(auditedTopology()...), "", "graph", "shop").out)
	if got := runPlugin(t, fakeCluster(auditedTopology()...), "", "graph", "shop", "-o", "json").out; !strings.Contains(got, `"to": "mail.example.com"`) {
		t.Errorf("no blocked connections in\n%s", got)
	}
	if got := runPlugin(t, fakeCluster(auditedTopology()...), "", "graph").out; strings.Contains(got, "Strict") {
		t.Errorf("blocked connections without a Topology:\n%s", got)
	}
	clean := auditedTopology()
	if got := runPlugin(t, fakeCluster(clean[0], clean[2]), "", "graph", "shop").out; !strings.Contains(got, "Strict would block no known") {
		t.Errorf("got\n%s", got)
	}

	// With permission for services only, the audit uses services only.
	blind := interceptor.NewClient(fakeCluster(auditedTopology()...), interceptor.Funcs{
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
	got := runPlugin(t, blind, "", "graph", "shop")
	text := strings.Join(strings.Fields(got.out), " ")
	if got.code != 0 || !strings.Contains(text, "block no known connection") ||
		!strings.Contains(text, "you are not allowed to read them: ConfigMaps of namespace shop, CronJobs, DaemonSets, Deployments, GRPCRoutes, Gateways, HTTPRoutes, Ingresses, Jobs, NetworkPolicies of namespace shop, StatefulSets.") {
		t.Errorf("got %+v", got)
	}
}

// TestAuditOfForwarders checks that entries of the Topology's own data plane are not
// reported.
func TestAuditOfForwarders(t *testing.T) {
	topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{
		Namespace: "shop", Name: "shop", Annotations: map[string]string{v1alpha1.AnnotationIsolation: v1alpha1.IsolationAudit},
	}, Spec: v1alpha1.TopologySpec{Gateway: &v1alpha1.TopologyGateway{ClassName: "traefik",
		DataPlane: &v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{}, PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "traefik"}}}}}}
	users := service("users")
	users.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 8080}, {Name: "admin", Port: 81, TargetPort: 8081}}
	users.Spec.Routes = []v1alpha1.Route{{Path: "/users", Port: "http"}}
	gatewayClass := func(name, controller string) client.Object {
		return &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: gatewayv1.GatewayClassSpec{ControllerName: gatewayv1.GatewayController(controller)}}
	}
	ingressClass := func(name, controller string) *networkingv1.IngressClass {
		return &networkingv1.IngressClass{ObjectMeta: metav1.ObjectMeta{Name: name}, Spec: networkingv1.IngressClassSpec{Controller: controller}}
	}
	byDefault := ingressClass("nginx", "k8s.io/ingress-nginx")
	byDefault.Annotations = map[string]string{networkingv1.AnnotationIsDefaultIngressClass: "true"}
	gateway := func(namespace, name, class string) client.Object {
		return &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: gatewayv1.GatewaySpec{GatewayClassName: gatewayv1.ObjectName(class),
			Listeners: []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}}}}
	}
	beside := []client.Object{topology, users, gatewayClass("traefik", "traefik.io/gateway-controller"), gatewayClass("nginx", "gateway.nginx.org/nginx-gateway-controller"),
		ingressClass("traefik", "traefik.io/ingress-controller"), byDefault, gateway("front", "nginx", "nginx"), gateway("front", "traefik", "traefik")}
	ingress := func(class string, port int32) client.Object {
		o := &networkingv1.Ingress{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "old"}, Spec: networkingv1.IngressSpec{
			DefaultBackend: &networkingv1.IngressBackend{Service: &networkingv1.IngressServiceBackend{Name: "users", Port: networkingv1.ServiceBackendPort{Number: port}}}}}
		if class != "" {
			o.Spec.IngressClassName = &class
		}
		return o
	}
	route := func(gateways ...string) client.Object {
		o := &gatewayv1.HTTPRoute{ObjectMeta: metav1.ObjectMeta{Namespace: "front", Name: "old"}}
		for _, gateway := range gateways {
			namespace, name, _ := strings.Cut(gateway, "/")
			o.Spec.ParentRefs = append(o.Spec.ParentRefs, gatewayv1.ParentReference{Namespace: ptr.To(gatewayv1.Namespace(namespace)), Name: gatewayv1.ObjectName(name)})
		}
		backend := gatewayv1.HTTPBackendRef{}
		backend.Name, backend.Namespace, backend.Port = "users", ptr.To(gatewayv1.Namespace("shop")), ptr.To[int32](80)
		o.Spec.Rules = []gatewayv1.HTTPRouteRule{{BackendRefs: []gatewayv1.HTTPBackendRef{backend}}}
		return o
	}
	for name, tc := range map[string]struct {
		entry client.Object
		want  string
	}{
		"an Ingress of the gateway's project":                     {entry: ingress("traefik", 80)},
		"one of its project to a port that is not routed":         {entry: ingress("traefik", 81), want: "Ingress old -> users:81"},
		"one of another project":                                  {entry: ingress("nginx", 80), want: "Ingress old -> users:80"},
		"one of the default class":                                {entry: ingress("", 80), want: "Ingress old -> users:80"},
		"one of a class that does not exist":                      {entry: ingress("gone", 80), want: "Ingress old -> users:80"},
		"a route of another namespace at the Topology's Gateway":  {entry: route("shop/shop")},
		"one at another Gateway of its class":                     {entry: route("front/traefik")},
		"one at a Gateway of another class":                       {entry: route("front/nginx"), want: "HTTPRoute front/old -> users:80"},
		"one at a Gateway of its class and at one of another one": {entry: route("front/traefik", "front/nginx"), want: "HTTPRoute front/old -> users:80"},
	} {
		t.Run(name, func(t *testing.T) {
			got := runPlugin(t, fakeCluster(append(slices.Clone(beside), tc.entry)...), "", "graph", "shop").out
			if tc.want == "" && !strings.Contains(got, "Strict would block no known") || !strings.Contains(got, tc.want) {
				t.Errorf("want cut %q in\n%s", tc.want, got)
			}
		})
	}
}
