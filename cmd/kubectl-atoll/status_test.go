// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/names"
)

// checkoutService is a service with a blocked rollout, and routes in all states.
func checkoutService() []client.Object {
	ms := service("checkout")
	ms.Spec.Scaling = &v1alpha1.Scaling{Replicas: new(int32)}
	*ms.Spec.Scaling.Replicas = 3
	ms.Status.Ready = "3/3"
	ms.Spec.Routes = []v1alpha1.Route{
		{Path: "/checkout"},
		{Path: "/pay", ParentRefs: []v1alpha1.GatewayReference{{Namespace: "front", Name: "public"}}},
		{Path: "/cart"},
		{Path: "/taken"},
	}
	ms.Status.Conditions = append(ms.Status.Conditions,
		condition(v1alpha1.ConditionDatabaseMigrated, metav1.ConditionFalse, v1alpha1.ReasonMigrating, `The migration of image "x" runs`),
		condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRouteConflict, ""),
		condition(v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonRouteConflict, `routes[3]: shop.example.com/taken already belongs to Microservice "stock"; to fix: give one of the two another path, hostname or header`))
	return []client.Object{
		&v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "shop"}, Spec: v1alpha1.TopologySpec{
			Gateway: &v1alpha1.TopologyGateway{ClassName: "traefik", Hostnames: []v1alpha1.Hostname{"shop.example.com"}}}},
		ms, deployment("checkout", 3, appsv1.DeploymentStatus{Replicas: 4, UpdatedReplicas: 1, AvailableReplicas: 3}),
		httpRoute(names.Route(ms, 0), "shop", gatewayAnswer("shop", "", "")),
		httpRoute(names.Route(ms, 1), "front/public", gatewayAnswer("public", "NoMatchingListenerHostname", "No listener of the Gateway has a hostname that the route's match")),
		httpRoute(names.Route(ms, 2), "shop"),
		httpRoute(names.Route(ms, 3), "shop", gatewayAnswer("shop", "", "")),
	}
}

func TestStatusOfRolloutAndRoutes(t *testing.T) {
	golden(t, "status-checkout.txt", runPlugin(t, fakeCluster(checkoutService()...), "", "status", "checkout").out)
	golden(t, "status-checkout.json", runPlugin(t, fakeCluster(checkoutService()...), "", "status", "checkout", "-o", "json").out)
}

func TestStatusOfAllAsJSON(t *testing.T) {
	var all []struct {
		Name, Namespace, State, Pods string
		Database                     struct{ Provider, Health string }
		Calls                        []struct{ Service string }
	}
	if err := json.Unmarshal([]byte(runPlugin(t, fakeCluster(shop()...), "", "status", "-o", "json").out), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 4 || all[0].Name != "orders" || all[0].State != "Stalled" || all[0].Pods != "0/2" || all[0].Database.Provider != "BuiltIn" || len(all[0].Calls) != 2 {
		t.Errorf("got %+v", all)
	}
	if got := runPlugin(t, fakeCluster(), "", "status", "-o", "json"); got.out != "[]\n" || got.code != 0 {
		t.Errorf("of nothing got %+v, want an empty list", got)
	}
}

func TestRollout(t *testing.T) {
	conditions := func(more ...metav1.Condition) []metav1.Condition { return more }
	for name, tc := range map[string]struct {
		conditions []metav1.Condition
		generation int64
		deployment *appsv1.Deployment
		rollout    *v1alpha1.Rollout
		want       string
	}{
		"complete": {deployment: deployment("users", 2, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 2, AvailableReplicas: 2}),
			want: "✓ RollingUpdate: 2 of 2 updated, 2 available\n"},
		"in progress": {deployment: deployment("users", 2, appsv1.DeploymentStatus{Replicas: 3, UpdatedReplicas: 1, AvailableReplicas: 2}),
			want: "◌ RollingUpdate: 1 of 2 updated, 2 available, 2 old\n              waits for its pods to become available\n"},
		"with another strategy": {deployment: deployment("users", 1, appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}),
			rollout: &v1alpha1.Rollout{Strategy: v1alpha1.RolloutRecreate}, want: "✓ Recreate: 1 of 1 updated, 1 available\n"},
		"the first rollout waits for a database": {
			conditions: conditions(condition(v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonStoragePending, "")),
			want:       "◌ RollingUpdate: there is no Deployment yet\n              waits for DatabaseReady: StoragePending\n"},
		"a later rollout does not wait for a database": {deployment: deployment("users", 1, appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}),
			conditions: conditions(condition(v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonStoragePending, "")),
			want:       "✓ RollingUpdate: 1 of 1 updated, 1 available\n"},
		"stalled": {deployment: deployment("users", 1, appsv1.DeploymentStatus{Replicas: 2, UpdatedReplicas: 1, AvailableReplicas: 1}),
			conditions: conditions(condition(v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonImagePullFailed, ""), condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonImagePullFailed, "")),
			want:       "✗ RollingUpdate: 1 of 1 updated, 1 available, 1 old\n              waits for WorkloadReady: ImagePullFailed\n"},
		"suspended": {deployment: deployment("users", 0, appsv1.DeploymentStatus{}),
			conditions: conditions(condition(v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonSuspended, "")),
			want:       "✓ RollingUpdate: scaled to 0 pods\n"},
		"a change that Atoll has not observed yet": {generation: 2, deployment: deployment("users", 1, appsv1.DeploymentStatus{Replicas: 1, UpdatedReplicas: 1, AvailableReplicas: 1}),
			want: "◌ RollingUpdate: 1 of 1 updated, 1 available\n              waits for Atoll to observe the latest change\n"},
	} {
		t.Run(name, func(t *testing.T) {
			users := service("users")
			users.Generation, users.Spec.Rollout = tc.generation, tc.rollout
			users.Status.Conditions = append(users.Status.Conditions, tc.conditions...)
			objects := []client.Object{users}
			if tc.deployment != nil {
				objects = append(objects, tc.deployment)
			}
			if got := runPlugin(t, fakeCluster(objects...), "", "status", "users").out; !strings.Contains(got, "Rollout     "+tc.want) {
				t.Errorf("want %q in\n%s", tc.want, got)
			}
		})
	}
	t.Run("no permission to read it", func(t *testing.T) {
		var requests []string
		c := countRequests(fakeCluster(checkoutService()...), &requests, func(o any, _ string) bool {
			kind := kindOf(t, o.(runtime.Object))
			return kind != "MicroserviceList" && kind != "TopologyList"
		})
		got := runPlugin(t, c, "", "status", "checkout")
		for _, want := range []string{"Rollout     ? RollingUpdate (you are not allowed to read its Deployment)", "? shop.example.com/checkout -> http\n              Gateway shop: Forbidden: you are not allowed to read the route"} {
			if got.code != 0 || !strings.Contains(got.out, want) {
				t.Errorf("want %q in %+v", want, got)
			}
		}
	})
}
