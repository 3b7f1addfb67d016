// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
)

// revisions gives the Deployment a revision, and a ReplicaSet to each of some revisions.
func (w world) revisions(current string, sets map[string]string) world {
	w.Deployments[0].Annotations = map[string]string{revisionAnnotation: current}
	w.ReplicaSets = nil
	for revision, name := range sets {
		w.ReplicaSets = append(w.ReplicaSets, appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{
			Namespace: "shop", Name: name, UID: types.UID(name), OwnerReferences: controlledBy("Deployment", "orders"),
			Annotations: map[string]string{revisionAnnotation: revision}}})
	}
	return w
}

// ofSet makes a ReplicaSet the owner of a pod of some age.
func ofSet(name string, age time.Duration) func(p *corev1.Pod) {
	return func(p *corev1.Pod) {
		p.CreationTimestamp, p.OwnerReferences = ago(age), controlledBy("ReplicaSet", name)
		p.Labels[appsv1.DefaultDeploymentUniqueLabelKey] = name
	}
}

// TestLeftoverPodsAreNoCause checks that only pods of the Deployment's template explain a
// fault.
func TestLeftoverPodsAreNoCause(t *testing.T) {
	unpullable := waits("ErrImagePull", "not found")
	sets := map[string]string{"2": "broken", "3": "fixed"}
	for name, tc := range map[string]struct {
		world world
		want  string
	}{
		"a rollback to older pods": {
			unavailable().revisions("3", sets).pods(pod("a", svc, ofSet("fixed", time.Hour), probed("/")), pod("b", svc, ofSet("broken", time.Minute), unpullable)),
			"FailingProbe"},
		"a fix whose pods are refused": {
			unavailable().revisions("3", sets).pods(pod("b", svc, ofSet("broken", time.Minute), unpullable)), Unrecognised},
		"a fix whose pods are ready": {
			newWorld().revisions("3", sets).pods(pod("a", svc, ofSet("fixed", time.Hour), ready), pod("b", svc, ofSet("broken", time.Minute), ready, crashed(7, "OOMKilled", 137))), ""},
		"the pods of the current template": {
			unavailable().revisions("2", map[string]string{"1": "fixed", "2": "broken"}).pods(pod("a", svc, ofSet("fixed", time.Minute), ready), pod("b", svc, ofSet("broken", time.Hour), unpullable)),
			"ImagePull"},
		"revisions that could not be read": {
			unavailable().pods(pod("b", svc, unpullable)).with(func(e *Evidence) { e.ReplicaSets = nil }), "ImagePull"},
		"a ReplicaSet of another Deployment with the same revision": {
			unavailable().revisions("3", sets).with(func(e *Evidence) {
				other := appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "other", UID: "other", OwnerReferences: controlledBy("Deployment", "copy"),
					Annotations: map[string]string{revisionAnnotation: "3"}}}
				e.ReplicaSets = append([]appsv1.ReplicaSet{other}, e.ReplicaSets...)
			}).pods(pod("a", svc, ofSet("fixed", time.Minute), unpullable)), "ImagePull"},
		"an evicted pod after the fix": {
			newWorld().revisions("3", sets).pods(pod("a", svc, ofSet("fixed", time.Hour), ready), pod("c", svc, ofSet("fixed", time.Minute), failed("The node was low on resource: memory"))), ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := tc.world
			w.event("a", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503")
			got := ""
			if root := Diagnose(w.Evidence).Root(); root != nil {
				got = root.Fault
			}
			if got != tc.want {
				t.Errorf("the fault is %q, want %q", got, tc.want)
			}
		})
	}
}
