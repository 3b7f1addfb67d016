//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

const (
	// dialerContainer is the container from which a pod's connections are tried.
	dialerContainer = "dialer"
	// pollDials is the time between two attempts to reach everything.
	pollDials = 2 * time.Second
)

// dialer describes a pod that can try connections and that no Microservice made.
func dialer(ns, name string) *corev1.Pod {
	return &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: name}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{
			Name: dialerContainer, Image: images["notes"], Args: []string{"echo"}, SecurityContext: restricted(),
		}},
		TerminationGracePeriodSeconds: ptr.To(int64(0)),
	}}
}

func restricted() *corev1.SecurityContext {
	return &corev1.SecurityContext{
		RunAsNonRoot: ptr.To(true), RunAsUser: ptr.To(int64(65532)), AllowPrivilegeEscalation: ptr.To(false),
		Capabilities:   &corev1.Capabilities{Drop: []corev1.Capability{"ALL"}},
		SeccompProfile: &corev1.SeccompProfile{Type: corev1.SeccompProfileTypeRuntimeDefault},
	}
}

// addDialer gives a running pod a container that shares its network.
func addDialer(ctx context.Context, pod *corev1.Pod) {
	GinkgoHelper()
	if pod.Spec.Containers[0].Name == dialerContainer {
		return
	}
	// A patch, because the kubelet may have changed the pod's status since the pod was read.
	before := pod.DeepCopy()
	pod.Spec.EphemeralContainers = append(pod.Spec.EphemeralContainers, corev1.EphemeralContainer{EphemeralContainerCommon: corev1.EphemeralContainerCommon{
		Name: dialerContainer, Image: images["notes"], Args: []string{"echo"}, SecurityContext: restricted(),
	}})
	Expect(k8s.SubResource("ephemeralcontainers").Patch(ctx, pod, client.StrategicMergeFrom(before))).To(Succeed())
	Eventually(ctx, func(g Gomega) {
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(pod), pod)).To(Succeed())
		g.Expect(pod.Status.EphemeralContainerStatuses).To(ContainElement(HaveField("State.Running", Not(BeNil()))))
	}).Should(Succeed())
}
