// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Evicted is the class of pods that the kubelet ended, because the node lacks a resource or
// the pod exceeds a limit of its storage.
const Evicted Class = "Evicted"

// evictedReason is the reason in the status of such a pod
// (https://kubernetes.io/docs/concepts/scheduling-eviction/node-pressure-eviction/).
const evictedReason = "Evicted"

func isEvicted(pod *corev1.Pod) bool {
	return pod.Status.Phase == corev1.PodFailed && pod.Status.Reason == evictedReason
}

func (f *Failure) evictionRemedy() string {
	switch f.component() {
	case v1alpha1.ComponentBackup:
		return "set staging of the bucket in database.backup.destination, or free space on the node"
	case v1alpha1.ComponentRestore:
		return "set staging of the bucket that database.restore reads, or free space on the node"
	case v1alpha1.ComponentRotation, v1alpha1.ComponentCollation, v1alpha1.ComponentImage, v1alpha1.ComponentExtensions:
		return "free the resource on the node"
	}
	return "free the resource on the node, or raise " + f.field("resources") + ".requests"
}
