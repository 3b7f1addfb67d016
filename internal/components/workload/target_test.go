// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

// TestTargets renames and moves the only port of a service, whose pods have earlier ones.
func TestTargets(t *testing.T) {
	named := func(name string, number int32) []corev1.Container {
		return []corev1.Container{{Name: "orders", Ports: []corev1.ContainerPort{{Name: name, ContainerPort: number}}}}
	}
	pod := func(name string, number int32, ready corev1.ConditionStatus) corev1.Pod {
		return corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{v1alpha1.LabelComponent: v1alpha1.ComponentService}},
			Spec:       corev1.PodSpec{Containers: named(name, number)},
			Status:     corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: ready}}},
		}
	}
	failed := pod("old", 1, corev1.ConditionFalse)
	failed.Status.Phase = corev1.PodFailed
	migration := pod("none", 1, corev1.ConditionTrue)
	migration.Labels[v1alpha1.LabelComponent] = v1alpha1.ComponentMigration
	const yes, no = corev1.ConditionTrue, corev1.ConditionFalse
	for name, tc := range map[string]struct {
		port    v1alpha1.Port
		pods    []corev1.Pod
		want    intstr.IntOrString
		serving []int32
	}{
		"no pods":                     {v1alpha1.Port{Name: "web", Port: 80, TargetPort: 8080}, nil, intstr.FromString("web"), []int32{8080}},
		"pods of the spec":            {v1alpha1.Port{Name: "http", Port: 80, TargetPort: 8080}, []corev1.Pod{pod("http", 8080, yes)}, intstr.FromString("http"), []int32{8080}},
		"another number":              {v1alpha1.Port{Name: "http", Port: 80, TargetPort: 9090}, []corev1.Pod{pod("http", 8080, yes)}, intstr.FromString("http"), []int32{8080, 9090}},
		"another name":                {v1alpha1.Port{Name: "web", Port: 80, TargetPort: 8080}, []corev1.Pod{pod("http", 8080, yes)}, intstr.FromInt32(8080), []int32{8080}},
		"another name, both running":  {v1alpha1.Port{Name: "web", Port: 80, TargetPort: 8080}, []corev1.Pod{pod("http", 8080, yes), pod("web", 8080, yes)}, intstr.FromInt32(8080), []int32{8080}},
		"another name, rolled out":    {v1alpha1.Port{Name: "web", Port: 80, TargetPort: 8080}, []corev1.Pod{pod("web", 8080, yes)}, intstr.FromString("web"), []int32{8080}},
		"another name and number":     {v1alpha1.Port{Name: "web", Port: 80, TargetPort: 9090}, []corev1.Pod{pod("http", 8080, yes)}, intstr.FromString("http"), []int32{8080, 9090}},
		"both, and new pods starting": {v1alpha1.Port{Name: "web", Port: 80, TargetPort: 9090}, []corev1.Pod{pod("http", 8080, yes), pod("web", 9090, no)}, intstr.FromString("http"), []int32{8080, 9090}},
		"both, and new pods ready":    {v1alpha1.Port{Name: "web", Port: 80, TargetPort: 9090}, []corev1.Pod{pod("http", 8080, yes), pod("web", 9090, yes)}, intstr.FromString("web"), []int32{9090}},
		"a pod that failed":           {v1alpha1.Port{Name: "web", Port: 80, TargetPort: 8080}, []corev1.Pod{failed, pod("web", 8080, yes)}, intstr.FromString("web"), []int32{8080}},
		"a pod of the migration":      {v1alpha1.Port{Name: "web", Port: 80, TargetPort: 8080}, []corev1.Pod{migration, pod("web", 8080, yes)}, intstr.FromString("web"), []int32{8080}},
	} {
		t.Run(name, func(t *testing.T) {
			ms := inputstest.Orders(func(ms *v1alpha1.Microservice) { ms.Spec.Ports = []v1alpha1.Port{tc.port} })
			in := &inputs.Inputs{Microservice: ms, Pods: tc.pods, Service: &corev1.Service{Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{
				{Name: "other", Port: 1, TargetPort: intstr.FromInt32(1)}, {Name: "http", Port: 80, TargetPort: intstr.FromString("http")}}}}}
			if got := targetOf(in, &tc.port); got != tc.want {
				t.Errorf("the target is %s, want %s", got.String(), tc.want.String())
			}
			if got := ServingPortsOf(in, &tc.port); !slices.Equal(got, tc.serving) {
				t.Errorf("the pods serve on %v, want %v", got, tc.serving)
			}
		})
	}
	t.Run("the live template alone", func(t *testing.T) {
		port := v1alpha1.Port{Name: "web", Port: 80, TargetPort: 8080}
		ms := inputstest.Orders(func(ms *v1alpha1.Microservice) { ms.Spec.Ports = []v1alpha1.Port{port} })
		d := &appsv1.Deployment{}
		d.Spec.Template.Spec.Containers = named("http", 8080)
		if got := targetOf(&inputs.Inputs{Microservice: ms, Deployment: d}, &port); got != intstr.FromInt32(8080) {
			t.Errorf("the target is %s, want 8080", got.String())
		}
	})
}
