// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/internal/inputs"
)

// TestCachedPodShowsWhatRuns checks that a pod from the cache still shows whether its Job
// has done its work, and which of its containers are sidecars.
func TestCachedPodShowsWhatRuns(t *testing.T) {
	job := &batchv1.Job{ObjectMeta: metav1.ObjectMeta{Name: "migrate", UID: "uid"}}
	job.Spec.Template.Spec.Containers = []corev1.Container{{Name: "orders"}}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	cached := func(own corev1.ContainerState) *inputs.Inputs {
		stripped, err := stripPod(&corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Annotations: map[string]string{"notes": strings.Repeat("x", 1<<18)}, Labels: map[string]string{batchv1.JobNameLabel: "migrate"}, OwnerReferences: []metav1.OwnerReference{{UID: "uid", Controller: ptr.To(true)}}},
			Spec: corev1.PodSpec{
				InitContainers: []corev1.Container{{Name: "sidecar", RestartPolicy: ptr.To(corev1.ContainerRestartPolicyAlways)}},
				Containers:     []corev1.Container{{Name: "orders"}, {Name: "proxy"}},
			},
			Status: corev1.PodStatus{
				Phase: corev1.PodRunning, Reason: "Evicted", Message: "low on disk",
				InitContainerStatuses: []corev1.ContainerStatus{{Name: "sidecar", State: running}},
				ContainerStatuses:     []corev1.ContainerStatus{{Name: "orders", State: own}},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		return &inputs.Inputs{Jobs: []*batchv1.Job{job}, Pods: []corev1.Pod{*stripped.(*corev1.Pod)}}
	}
	waiting := cached(corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}})
	if waiting.PodWorks(&waiting.Pods[0]) {
		t.Error("a sidecar alone counts as the Job's work")
	}
	if done := cached(corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{}}); !done.JobWorkDone(job) {
		t.Error("a Job whose own container ended with 0 has not done its work")
	}
	if size := waiting.Pods[0].Size(); size > 1<<10 {
		t.Errorf("a pod takes %d bytes of the cache", size)
	}
	if pod := &waiting.Pods[0]; pod.Status.Reason != "Evicted" || pod.Status.Message != "low on disk" {
		t.Errorf("the cause of an eviction is dropped: %q, %q", pod.Status.Reason, pod.Status.Message)
	}
}

// TestCacheHoldsNoBallast checks that users can't fill the cache with what nothing reads.
func TestCacheHoldsNoBallast(t *testing.T) {
	meta := metav1.ObjectMeta{Name: "orders-db", Annotations: map[string]string{
		corev1.LastAppliedConfigAnnotation: strings.Repeat("x", 1<<17), "atoll.dev/applied-hash": "1"}}
	for name, tc := range map[string]struct {
		data map[string][]byte
		want int
	}{
		"a database's Secret":   {map[string][]byte{"password": []byte("secret")}, 1},
		"one with a user's key": {map[string][]byte{"password": []byte("secret"), "blob": make([]byte, 1<<19)}, 1},
		"a Secret of a user's":  {map[string][]byte{"blob": []byte("x"), "password": make([]byte, 1<<19)}, 0},
	} {
		stripped, err := stripSecret(&corev1.Secret{ObjectMeta: *meta.DeepCopy(), Data: tc.data})
		if err != nil {
			t.Fatal(err)
		}
		secret := stripped.(*corev1.Secret)
		if len(secret.Data) != tc.want {
			t.Errorf("%s has %d keys in the cache, want %d", name, len(secret.Data), tc.want)
		}
		if secret.Annotations["atoll.dev/applied-hash"] != "1" || len(secret.Annotations) != 1 {
			t.Errorf("%s has the annotations %v", name, len(secret.Annotations))
		}
	}
}
