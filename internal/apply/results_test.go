// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"errors"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TestResults checks after which changes Atoll applies an object again that an admission policy
// has changed.
func TestResults(t *testing.T) {
	deployment := func(image string, change func(*appsv1.Deployment)) *appsv1.Deployment {
		d := &appsv1.Deployment{}
		d.UID, d.Generation, d.Labels = "1", 3, map[string]string{"app": "users"}
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "users", Image: image}}
		change(d)
		return d
	}
	nothing := func(*appsv1.Deployment) {}
	desired, rewritten := deployment("users:1", nothing), deployment("mirror/users:1", nothing)
	for name, tc := range map[string]struct {
		applied, live *appsv1.Deployment
		hash          string
		age           time.Duration
		want          bool
	}{
		"the result":                {applied: rewritten, live: rewritten, want: true},
		"another status":            {applied: rewritten, live: deployment("mirror/users:1", func(d *appsv1.Deployment) { d.ResourceVersion, d.Status.Replicas = "9", 4 }), want: true},
		"a cache that is behind":    {applied: rewritten, live: deployment("users:0", func(d *appsv1.Deployment) { d.Generation = 2 }), want: true},
		"a change of the spec":      {applied: rewritten, live: deployment("users:0", func(d *appsv1.Deployment) { d.Generation = 4 })},
		"a change of a label":       {applied: rewritten, live: deployment("mirror/users:1", func(d *appsv1.Deployment) { d.Labels["app"] = "x" })},
		"another annotation":        {applied: rewritten, live: deployment("mirror/users:1", func(d *appsv1.Deployment) { d.Annotations = map[string]string{"revision": "2"} }), want: true},
		"another desired object":    {applied: rewritten, live: rewritten, hash: "other"},
		"a result of long ago":      {applied: rewritten, live: rewritten, age: resultExpiry},
		"a result that is desired":  {applied: desired, live: desired},
		"another object of a name":  {applied: rewritten, live: deployment("mirror/users:1", func(d *appsv1.Deployment) { d.UID = "2" })},
		"a kind without generation": {applied: deployment("mirror/users:1", func(d *appsv1.Deployment) { d.Generation, d.ResourceVersion = 0, "7" }), live: deployment("mirror/users:1", func(d *appsv1.Deployment) { d.Generation, d.ResourceVersion = 0, "8" })},
	} {
		t.Run(name, func(t *testing.T) {
			fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(tc.applied)
			if err != nil {
				t.Fatal(err)
			}
			a := &Applier{}
			a.remember(desired, &unstructured.Unstructured{Object: fields}, "")
			if known, found := a.results.Load(tc.applied.UID); found {
				last := known.(result)
				last.at = last.at.Add(-tc.age)
				a.results.Store(tc.applied.UID, last)
			}
			if got := a.isResult(desired, tc.live, tc.hash); got != tc.want {
				t.Errorf("isResult is %t, want %t", got, tc.want)
			}
		})
	}
}

// TestStalePolicy checks that a NetworkPolicy of an earlier spec, which the cache still has, is
// not taken for one that an admission policy altered.
func TestStalePolicy(t *testing.T) {
	policy := func(app string, generation int64, types ...networkingv1.PolicyType) *networkingv1.NetworkPolicy {
		return &networkingv1.NetworkPolicy{
			ObjectMeta: metav1.ObjectMeta{Name: "users", Namespace: "shop", UID: "1", Generation: generation,
				OwnerReferences: []metav1.OwnerReference{{UID: "2", Controller: ptr.To(true)}},
				Labels:          map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll}},
			Spec: networkingv1.NetworkPolicySpec{PodSelector: metav1.LabelSelector{MatchLabels: map[string]string{"app": app}}, PolicyTypes: types},
		}
	}
	desired := policy("users", 0, networkingv1.PolicyTypeIngress)
	desired.UID = ""
	hash, err := Hash(desired)
	if err != nil {
		t.Fatal(err)
	}
	// A webhook adds a direction, which leaves the pods isolated.
	altered := policy("users", 3, networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(altered)
	if err != nil {
		t.Fatal(err)
	}
	a := &Applier{Scheme: scheme.Scheme}
	a.remember(desired, &unstructured.Unstructured{Object: fields}, hash)
	owner := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "users", Namespace: "shop", UID: "2"}}
	for name, live := range map[string]*networkingv1.NetworkPolicy{
		"the result": altered, "an earlier policy": policy("earlier", 2, networkingv1.PolicyTypeIngress),
	} {
		if changed, err := a.Apply(t.Context(), owner, Object{Desired: desired, Live: live}); changed || err != nil {
			t.Errorf("%s: changed is %t, the error %v", name, changed, err)
		}
	}

	// A webhook makes the policy select other pods. The cache still has the earlier one.
	fields, err = runtime.DefaultUnstructuredConverter.ToUnstructured(policy("other", 3, networkingv1.PolicyTypeIngress))
	if err != nil {
		t.Fatal(err)
	}
	a.remember(desired, &unstructured.Unstructured{Object: fields}, hash)
	earlier := policy("users", 2, networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress)
	var lost *AlteredError
	if _, err := a.Apply(t.Context(), owner, Object{Desired: desired, Live: earlier}); !errors.As(err, &lost) {
		t.Errorf("the error is %v, want that the policy does not isolate the pods", err)
	}
}
