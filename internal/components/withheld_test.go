// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package components

import (
	"path/filepath"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/names"
)

// TestWithheldServer builds the server of a database whose NetworkPolicy can't be applied.
func TestWithheldServer(t *testing.T) {
	selecting := func(selector map[string]string) *networkingv1.NetworkPolicy {
		return &networkingv1.NetworkPolicy{Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: selector}, PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}}}
	}
	own := names.Selector(inputstest.Orders(), v1alpha1.ComponentDatabase)
	for name, tc := range map[string]struct {
		// live is the number of pods of the live server; negative if there is none.
		live      int32
		suspended bool
		policy    *networkingv1.NetworkPolicy
		want      int32
	}{
		"a new server is not created":                          {live: -1, want: -1},
		"a new server is not created beside an earlier policy": {live: -1, policy: selecting(own), want: -1},
		"a running server runs on":                             {live: 1, want: 1},
		"a running server can stop":                            {live: 1, suspended: true, want: 0},
		"a stopped server does not start":                      {live: 0, want: 0},
		"an earlier policy isolates a server that starts":      {live: 0, policy: selecting(own), want: 1},
		"a policy of other pods does not":                      {live: 0, policy: selecting(map[string]string{"app": "other"}), want: 0},
	} {
		t.Run(name, func(t *testing.T) {
			in := inputstest.CaseInputs(t, filepath.Join("testdata", "database-postgresql-builtin-retain"), func(in *inputs.Inputs) {
				in.Microservice.Spec.Suspend = &tc.suspended
				if tc.live >= 0 {
					in.StatefulSet = &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "orders-db", Annotations: map[string]string{"atoll.dev/server-hash": "live"}}}
					in.StatefulSet.Spec.Replicas = &tc.live
					in.StatefulSet.Spec.UpdateStrategy.RollingUpdate = &appsv1.RollingUpdateStatefulSetStrategy{Partition: ptr.To[int32](0)}
					in.StatefulSet.Spec.Template = corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: own}, Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "live"}}}}
				}
				if tc.policy != nil {
					in.Policies = map[string]*networkingv1.NetworkPolicy{v1alpha1.ComponentDatabase: tc.policy}
				}
			}).WithPolicyFailure(v1alpha1.ComponentDatabase, &condition.Problem{Reason: v1alpha1.ReasonRefused})
			objects, problems := buildAll(t, in)
			got := int32(-1)
			for _, o := range objects {
				if set, ok := o.(*appsv1.StatefulSet); ok {
					got = ptr.Deref(set.Spec.Replicas, 1)
					if rolls := *set.Spec.UpdateStrategy.RollingUpdate.Partition == 0; rolls && tc.policy == nil {
						t.Error("a rollout of the live server goes on without a policy")
					}
					if c := set.Spec.Template.Spec.Containers; len(c) != 1 || c[0].Name != "live" || set.Annotations["atoll.dev/server-hash"] != "live" {
						t.Errorf("the pod template changes: %+v, %v", c, set.Annotations)
					}
				}
			}
			if got != tc.want {
				t.Errorf("the server has %d pods, want %d", got, tc.want)
			}
			if len(problems) == 0 {
				t.Error("no problem is reported")
			}
		})
	}
}

// TestWithheldTry holds a migration between two tries while its pod would have no policy.
func TestWithheldTry(t *testing.T) {
	in := inputstest.CaseInputs(t, filepath.Join("testdata", "migration-running"), func(in *inputs.Inputs) { in.Pods = nil })
	suspended := func(in *inputs.Inputs) *bool {
		objects, _ := buildAll(t, in)
		for _, o := range objects {
			if job, ok := o.(*batchv1.Job); ok && job.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentMigration {
				return job.Spec.Suspend
			}
		}
		t.Fatal("the Job of the migration is not kept")
		return nil
	}
	if got := suspended(in); ptr.Deref(got, false) {
		t.Error("the migration is held although nothing is wrong")
	}
	if got := suspended(in.WithPolicyFailure(v1alpha1.ComponentService, &condition.Problem{Reason: v1alpha1.ReasonRefused})); !ptr.Deref(got, false) {
		t.Error("the next try of the migration starts without a NetworkPolicy")
	}
}

// TestWithheldAutoscaler keeps an autoscaler from adding pods that would have no policy.
func TestWithheldAutoscaler(t *testing.T) {
	in := inputstest.CaseInputs(t, filepath.Join("testdata", "autoscale-running"))
	bounds := func(in *inputs.Inputs) [2]int32 {
		objects, _ := buildAll(t, in)
		for _, o := range objects {
			if scaler, ok := o.(*autoscalingv2.HorizontalPodAutoscaler); ok {
				return [2]int32{*scaler.Spec.MinReplicas, scaler.Spec.MaxReplicas}
			}
		}
		t.Fatal("there is no autoscaler")
		return [2]int32{}
	}
	live := *in.Deployment.Spec.Replicas
	if got := bounds(in); got[1] <= live {
		t.Fatalf("the autoscaler adds no pods: %v", got)
	}
	if got := bounds(in.WithPolicyFailure(v1alpha1.ComponentService, &condition.Problem{Reason: v1alpha1.ReasonRefused})); got[1] != live || got[0] > live {
		t.Errorf("the autoscaler has bounds %v, want a maximum of %d", got, live)
	}
}
