// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
)

func TestEvictedPods(t *testing.T) {
	for component, wantRemedy := range map[string]string{
		v1alpha1.ComponentBackup:    "set staging of the bucket in database.backup.destination, or free space on the node",
		v1alpha1.ComponentRestore:   "set staging of the bucket that database.restore reads, or free space on the node",
		v1alpha1.ComponentMigration: "free the resource on the node, or raise resources.requests",
		v1alpha1.ComponentDatabase:  "free the resource on the node, or raise database.resources.requests",
	} {
		t.Run(component, func(t *testing.T) {
			pod := inputstest.WaitingPod(component, "", "")
			pod.Status = corev1.PodStatus{Phase: corev1.PodFailed, Reason: "Evicted", Message: "The node was low on resource: ephemeral-storage."}
			want := &condition.Health{Reason: v1alpha1.ReasonEvicted, Progressing: true, Message: condition.Message{
				Cause: "The kubelet evicted the pod: The node was low on resource: ephemeral-storage.", Remedy: wantRemedy}}
			if diff := cmp.Diff(want, Worst([]corev1.Pod{pod}, component)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
