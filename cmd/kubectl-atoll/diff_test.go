// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"slices"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// converged is a cluster that holds objects and what the operator makes of a service
// of the namespace shop among them, as far as it knows the others.
func convergedCluster(t *testing.T, name string, objects ...client.Object) []client.Object {
	t.Helper()
	world := &offline.World{Live: true}
	for _, o := range objects {
		u, err := offline.ToUnstructured(o)
		if err != nil {
			t.Fatal(err)
		}
		if err := world.Add(u); err != nil {
			t.Fatal(err)
		}
	}
	built, err := world.BuildService(world.Service("shop", name), true)
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Clone(objects)
	for _, o := range built.Objects {
		o := o.(client.Object)
		kind, _ := offline.KindOf(o)
		// What was handed over is what is there already.
		if !slices.ContainsFunc(objects, func(there client.Object) bool {
			thereKind, _ := offline.KindOf(there)
			return thereKind == kind && there.GetName() == o.GetName() && there.GetNamespace() == o.GetNamespace()
		}) {
			all = append(all, o)
		}
	}
	return all
}

func topologyAllowing(allowed *v1alpha1.AllowedNamespaces) *v1alpha1.Topology {
	return &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop", UID: "topology-shop"}, Spec: v1alpha1.TopologySpec{AllowedNamespaces: allowed}}
}

func namespace(name string, labels map[string]string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

// policyOf is the NetworkPolicy of a service.
func policyOf(t *testing.T, objects []client.Object, name string) *networkingv1.NetworkPolicy {
	t.Helper()
	for _, o := range objects {
		if policy, ok := o.(*networkingv1.NetworkPolicy); ok && policy.Name == name {
			return policy
		}
	}
	t.Fatalf("no NetworkPolicy %s", name)
	return nil
}

const usersOfShop = "apiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: users}\nspec: {image: \"ghcr.io/example/users:1.4.0\", topologyRef: {name: shop}%}\n"

// TestDiffOfConvergedClusters has nothing to show, because the operator would do
// nothing.
func TestDiffOfConvergedClusters(t *testing.T) {
	chosen := &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}}
	users := func(change ...func(*v1alpha1.Microservice)) *v1alpha1.Microservice {
		ms := service("users")
		ms.UID = "users-1"
		for _, f := range change {
			f(ms)
		}
		return ms
	}
	guest := service("reports", "users")
	guest.Namespace, guest.Spec.TopologyRef.Namespace, guest.Spec.Dependencies[0].Namespace = "guests", "shop", "shop"
	callersOf := func(policy *networkingv1.NetworkPolicy) int {
		return len(policy.Spec.Ingress)
	}

	t.Run("with a caller whose namespace the Topology does not choose", func(t *testing.T) {
		objects := convergedCluster(t, "users", topologyAllowing(chosen), users(), guest, namespace("guests", map[string]string{"team": "other"}), namespace("shop", nil))
		if n := callersOf(policyOf(t, objects, "users")); n != 0 {
			t.Fatalf("%d rules let callers in, want none: it is refused", n)
		}
		expectNoDifferences(t, fakeCluster(objects...), strings.Replace(usersOfShop, "%", "", 1))
	})
	t.Run("with a caller whose namespace it chooses", func(t *testing.T) {
		objects := convergedCluster(t, "users", topologyAllowing(chosen), users(), guest, namespace("guests", map[string]string{"team": "shop"}), namespace("shop", nil))
		if n := callersOf(policyOf(t, objects, "users")); n != 1 {
			t.Fatalf("%d rules let callers in, want one", n)
		}
		expectNoDifferences(t, fakeCluster(objects...), strings.Replace(usersOfShop, "%", "", 1))
	})
	t.Run("that names the ServiceAccount that Atoll made for it", func(t *testing.T) {
		named := users(func(ms *v1alpha1.Microservice) { ms.Spec.ServiceAccount = &v1alpha1.ServiceAccount{Name: "users"} })
		account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "users",
			Labels: map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "users", v1alpha1.LabelName: "users", v1alpha1.LabelComponent: v1alpha1.ComponentService, v1alpha1.LabelTopology: "shop"},
			OwnerReferences: []metav1.OwnerReference{{APIVersion: "atoll.dev/v1alpha1", Kind: "Microservice", Name: "users", UID: "users-1",
				Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true)}}},
			AutomountServiceAccountToken: ptr.To(false)}
		objects := convergedCluster(t, "users", topologyAllowing(nil), named, account)
		expectNoDifferences(t, fakeCluster(objects...), strings.Replace(usersOfShop, "%", ", serviceAccount: {name: users}", 1))
	})
	t.Run("in the middle of a rollout to another port", func(t *testing.T) {
		rolling := users(func(ms *v1alpha1.Microservice) {
			ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 9090}}
		})
		caller := service("orders", "users")
		earlier := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "users-1", Labels: map[string]string{
			v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "users", v1alpha1.LabelComponent: v1alpha1.ComponentService,
		}}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "users", Ports: []corev1.ContainerPort{{Name: "http", ContainerPort: 7070}}}}}}
		objects := convergedCluster(t, "users", topologyAllowing(nil), rolling, caller, earlier)
		if ports := policyOf(t, objects, "users").Spec.Ingress[0].Ports; len(ports) != 2 {
			t.Fatalf("ports %v are open, want those of both templates", ports)
		}
		expectNoDifferences(t, fakeCluster(objects...), strings.Replace(usersOfShop, "%", ", ports: [{name: http, port: 80, targetPort: 9090}]", 1))
	})
	t.Run("whose callee is in the middle of one, and in the file too", func(t *testing.T) {
		rolling := users(func(ms *v1alpha1.Microservice) {
			ms.Status.Ports = []v1alpha1.PortStatus{{Name: "http", TargetPorts: []int32{7070, 8080}}}
		})
		caller := service("orders", "users")
		caller.UID = "orders-1"
		objects := convergedCluster(t, "orders", topologyAllowing(nil), rolling, caller)
		objects = append(objects, convergedCluster(t, "users", topologyAllowing(nil), rolling, caller)[3:]...)
		orders := strings.NewReplacer("users", "orders", "%", ", dependencies: [{name: users}]").Replace(usersOfShop)
		orders = strings.Replace(orders, "dependencies: [{name: orders}]", "dependencies: [{name: users}]", 1)
		expectNoDifferences(t, fakeCluster(objects...), strings.Replace(usersOfShop, "%", "", 1)+"---\n"+orders)
	})
	t.Run("with a route that its Gateway does not let in", func(t *testing.T) {
		shut := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Namespace: "front", Name: "public"}, Spec: gatewayv1.GatewaySpec{GatewayClassName: "x",
			Listeners: []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}}}}
		routed := users(func(ms *v1alpha1.Microservice) {
			ms.Spec.Routes = []v1alpha1.Route{{Path: "/users", ParentRefs: []v1alpha1.GatewayReference{{Namespace: "front", Name: "public"}}}}
		})
		objects := convergedCluster(t, "users", topologyAllowing(nil), routed, shut)
		got := runPlugin(t, fakeCluster(objects...), strings.Replace(usersOfShop, "%", ", routes: [{path: /users, parentRefs: [{name: public, namespace: front}]}]", 1), "diff", "-f", "-")
		if got.code != 0 || got.out != "" || !strings.Contains(got.err, `Gateway "front/public" lets no routes of namespace "shop" attach`) {
			t.Errorf("got %+v, want no differences and why there is no route", got)
		}
	})
	t.Run("whose Topology lets it join no more", func(t *testing.T) {
		objects := convergedCluster(t, "users", topologyAllowing(nil), users())
		got := runPlugin(t, fakeCluster(objects...), strings.Replace(strings.Replace(usersOfShop, "%", "", 1), "{name: shop}", "{name: mall, namespace: mall}", 1), "diff", "-f", "-")
		if got.code != 0 || got.out != "" || !strings.Contains(got.err, "does not allow members") {
			t.Errorf("got %+v, want no deletions: the operator leaves all as it is", got)
		}
	})
}

func expectNoDifferences(t *testing.T, c client.WithWatch, input string) {
	t.Helper()
	if got := runPlugin(t, c, input, "diff", "-f", "-"); got.code != 0 || got.out != "" || got.err != "" {
		t.Errorf("got %+v, want nothing", got)
	}
}

// TestDiffOfOneWithFewRights passes over what may not be read, and says so.
func TestDiffOfOneWithFewRights(t *testing.T) {
	input, objects := runningCluster(t)
	// forbidding forbids a kind, or all but Atoll's own; but not what it may list in
	// the namespace.
	forbidding := func(forbids func(o runtime.Object, namespace string) bool) client.WithWatch {
		forbidden := apierrors.NewForbidden(schema.GroupResource{}, "", nil)
		return interceptor.NewClient(fakeCluster(objects...), interceptor.Funcs{
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				options := client.ListOptions{}
				options.ApplyOptions(opts)
				if forbids(list, options.Namespace) {
					return forbidden
				}
				return c.List(ctx, list, opts...)
			},
			Get: func(ctx context.Context, c client.WithWatch, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
				if forbids(o, key.Namespace) {
					return forbidden
				}
				return c.Get(ctx, key, o, opts...)
			}})
	}
	for _, kind := range components.Kinds() {
		t.Run("without "+kind.Kind, func(t *testing.T) {
			got := runPlugin(t, forbidding(func(o runtime.Object, _ string) bool { return kindOf(t, o) == kind.Kind+"List" }), input, "diff", "-f", "-")
			if got.code != 0 || got.out != "" || !strings.Contains(got.err, "note: you are not allowed to list objects of kind "+kind.Kind+" in namespace shop") {
				t.Errorf("got %+v, want no differences and a note", got)
			}
		})
	}
	t.Run("without anything beyond the namespace", func(t *testing.T) {
		got := runPlugin(t, forbidding(func(_ runtime.Object, namespace string) bool { return namespace == "" }), input, "diff", "-f", "-")
		for _, want := range []string{"you are not allowed to list Microservices in other namespaces", "you are not allowed to list Topologies in other namespaces"} {
			if got.code != 0 || got.out != "" || !strings.Contains(got.err, want) {
				t.Errorf("got %+v, want no differences and %q", got, want)
			}
		}
	})
	t.Run("with the service alone", func(t *testing.T) {
		got := runPlugin(t, forbidding(func(o runtime.Object, _ string) bool { return kindOf(t, o) != "Microservice" }), input, "diff", "-f", "-")
		if got.code != 0 || got.out != "" {
			t.Errorf("got %+v, want no differences", got)
		}
	})
	t.Run("what differs in the kinds that may be read is shown", func(t *testing.T) {
		got := runPlugin(t, forbidding(func(o runtime.Object, _ string) bool { return kindOf(t, o) == "JobList" }), strings.Replace(input, "image: x", "image: x2", 1), "diff", "-f", "-")
		if got.code != 1 || !strings.Contains(got.out, "+++ wanted Deployment shop/users") {
			t.Errorf("got %+v", got)
		}
	})
}

// kindOf is the kind of an object or a list.
func kindOf(t *testing.T, o runtime.Object) string {
	t.Helper()
	gvk, err := apiutil.GVKForObject(o, offline.Scheme)
	if err != nil {
		t.Fatal(err)
	}
	return gvk.Kind
}
