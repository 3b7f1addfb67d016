// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

func TestRolledOut(t *testing.T) {
	complete := func(change func(*appsv1.Deployment)) *appsv1.Deployment {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Generation: 2}, Status: appsv1.DeploymentStatus{
			ObservedGeneration: 2, Replicas: 2, UpdatedReplicas: 2,
			Conditions: []appsv1.DeploymentCondition{{Type: appsv1.DeploymentProgressing, Status: corev1.ConditionTrue, Reason: "NewReplicaSetAvailable"}},
		}}
		change(d)
		return d
	}
	pod := func(component string, terminating bool) corev1.Pod {
		p := corev1.Pod{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelComponent: component}}}
		if terminating {
			p.DeletionTimestamp = &metav1.Time{}
		}
		return p
	}
	for name, tc := range map[string]struct {
		deployment *appsv1.Deployment
		pods       []corev1.Pod
		want       bool
	}{
		"complete":                  {complete(func(*appsv1.Deployment) {}), []corev1.Pod{pod(v1alpha1.ComponentService, false)}, true},
		"a pod terminates":          {complete(func(*appsv1.Deployment) {}), []corev1.Pod{pod(v1alpha1.ComponentService, true)}, false},
		"a database pod terminates": {complete(func(*appsv1.Deployment) {}), []corev1.Pod{pod(v1alpha1.ComponentDatabase, true)}, true},
		"not observed":              {complete(func(d *appsv1.Deployment) { d.Generation = 3 }), nil, false},
		"old pods":                  {complete(func(d *appsv1.Deployment) { d.Status.Replicas = 3 }), nil, false},
		"the old pod was evicted, and the new one is not ready": {
			complete(func(d *appsv1.Deployment) { d.Status.Conditions[0].Reason = "ReplicaSetUpdated" }), nil, false},
		"no controller has looked at it": {complete(func(d *appsv1.Deployment) { d.Status = appsv1.DeploymentStatus{ObservedGeneration: 2} }), nil, false},
		"no Deployment":                  {nil, nil, true},
		"no Deployment, but its pods":    {nil, []corev1.Pod{pod(v1alpha1.ComponentService, false)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := RolledOut(&inputs.Inputs{Deployment: tc.deployment, Pods: tc.pods}); got != tc.want {
				t.Errorf("RolledOut is %t, want %t", got, tc.want)
			}
		})
	}
}

func TestStrategyAndDeadline(t *testing.T) {
	rolling := func(surge intstr.IntOrString, unavailable int32) appsv1.DeploymentStrategy {
		return appsv1.DeploymentStrategy{Type: appsv1.RollingUpdateDeploymentStrategyType, RollingUpdate: &appsv1.RollingUpdateDeployment{
			MaxSurge: &surge, MaxUnavailable: ptr.To(intstr.FromInt32(unavailable))}}
	}
	quarter := intstr.FromString("25%")
	probe := func(delay, period, failures int32) *corev1.Probe {
		return &corev1.Probe{InitialDelaySeconds: delay, PeriodSeconds: period, FailureThreshold: failures}
	}
	for name, tc := range map[string]struct {
		change   func(*v1alpha1.MicroserviceSpec)
		strategy appsv1.DeploymentStrategy
		deadline *int32
	}{
		"the default": {func(*v1alpha1.MicroserviceSpec) {}, rolling(quarter, 0), nil},
		"a scarce device": {func(s *v1alpha1.MicroserviceSpec) {
			s.Rollout = &v1alpha1.Rollout{Strategy: v1alpha1.RolloutRollingUpdate, MaxSurge: ptr.To(intstr.FromInt32(0)), MaxUnavailable: ptr.To(intstr.FromInt32(1))}
		}, rolling(intstr.FromInt32(0), 1), nil},
		"a deadline": {func(s *v1alpha1.MicroserviceSpec) {
			s.Rollout = &v1alpha1.Rollout{Strategy: v1alpha1.RolloutRollingUpdate, ProgressDeadlineSeconds: ptr.To[int32](60)}
		}, rolling(quarter, 0), ptr.To[int32](60)},
		"a path": {func(s *v1alpha1.MicroserviceSpec) { s.Probes = &v1alpha1.Probes{Path: "/"} }, rolling(quarter, 0), nil},
		"a path that takes twenty minutes to answer": {func(s *v1alpha1.MicroserviceSpec) {
			s.Probes = &v1alpha1.Probes{Path: "/", StartupSeconds: ptr.To[int32](1200)}
		}, rolling(quarter, 0), ptr.To[int32](1500)},
		"a startup probe of twenty minutes": {func(s *v1alpha1.MicroserviceSpec) {
			s.Probes = &v1alpha1.Probes{Startup: probe(0, 10, 120)}
		}, rolling(quarter, 0), ptr.To[int32](1500)},
		"a startup probe with the defaults of Kubernetes and a delay": {func(s *v1alpha1.MicroserviceSpec) {
			s.Probes = &v1alpha1.Probes{Startup: probe(400, 0, 0)}
		}, rolling(quarter, 0), ptr.To[int32](730)},
		"a readiness probe with a delay": {func(s *v1alpha1.MicroserviceSpec) {
			s.Probes = &v1alpha1.Probes{Readiness: probe(900, 0, 0)}
		}, rolling(quarter, 0), ptr.To[int32](1200)},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders()
			tc.change(&ms.Spec)
			objects, err := Deployments(database.Of(&inputs.Inputs{Microservice: ms}))
			if err != nil {
				t.Fatal(err)
			}
			spec := objects[0].(*appsv1.Deployment).Spec
			if diff := cmp.Diff(tc.strategy, spec.Strategy); diff != "" {
				t.Errorf("the strategy differs (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.deadline, spec.ProgressDeadlineSeconds); diff != "" {
				t.Errorf("progressDeadlineSeconds differs (-want +got):\n%s", diff)
			}
		})
	}
}
