// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package inputstest has services, Topologies and a world of objects for the
// tests of the packages that build components.
package inputstest

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Orders is a Microservice with changes.
func Orders(changes ...func(*v1alpha1.Microservice)) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: "shop"}}
	ms.Spec.Image = "orders:1"
	for _, change := range changes {
		change(ms)
	}
	return ms
}

// Suspended suspends a Microservice.
func Suspended(ms *v1alpha1.Microservice) { ms.Spec.Suspend = ptr.To(true) }

// Autoscaled lets a Microservice autoscale between two numbers of pods.
func Autoscaled(lowest, highest int32) func(*v1alpha1.Microservice) {
	return func(ms *v1alpha1.Microservice) {
		ms.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Min: &lowest, Max: highest}}
	}
}

// Pulling is a pod of a component whose image can't be pulled.
func Pulling(component string) corev1.Pod {
	return WaitingPod(component, "ImagePullBackOff", "Back-off pulling image: not found")
}

// WaitingPod returns a pod of a component whose container waits for a reason.
func WaitingPod(component, reason, message string) corev1.Pod {
	return corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders-1", Labels: map[string]string{
			v1alpha1.LabelComponent: component, v1alpha1.LabelMicroservice: "orders"}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "orders", Image: "orders:1"}}},
		Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{{
			Name:  "orders",
			State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason, Message: message}},
		}}},
	}
}

// Crashing is a pod of the service whose container ended and waits for its
// next try.
func Crashing(reason string, exitCode int32) corev1.Pod {
	pod := WaitingPod(v1alpha1.ComponentService, "CrashLoopBackOff", "back-off 40s restarting failed container")
	pod.Status.ContainerStatuses[0].RestartCount = 3
	pod.Status.ContainerStatuses[0].LastTerminationState.Terminated = &corev1.ContainerStateTerminated{
		Reason: reason, ExitCode: exitCode, Message: `exec: "/nope": no such file or directory`}
	return pod
}

// Unschedulable returns a pod that no node accepts.
func Unschedulable(message string) corev1.Pod {
	pod := WaitingPod(v1alpha1.ComponentService, "", "")
	pod.Status.ContainerStatuses = nil
	pod.Status.Conditions = []corev1.PodCondition{
		{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: corev1.PodReasonUnschedulable, Message: message}}
	return pod
}

// Changed returns a pod with a change.
func Changed(pod corev1.Pod, change func(*corev1.Pod)) corev1.Pod {
	change(&pod)
	return pod
}

// At is an hour of a day.
func At(hour int) metav1.Time {
	return metav1.NewTime(time.Date(2026, time.March, 1, hour, 0, 0, 0, time.UTC))
}
