// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/inputs/inputstest"
	"github.com/atoll-dev/atoll/internal/kube"
)

func TestDatabaseHealth(t *testing.T) {
	live := func(status appsv1.StatefulSetStatus) *appsv1.StatefulSet {
		status.ObservedGeneration = 2
		return &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Name: "orders-db", Generation: 2}, Status: status}
	}
	updating := condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true, Message: condition.ParseMessage(`StatefulSet "orders-db" is being updated`)}
	claim := func(phase corev1.PersistentVolumeClaimPhase) *corev1.PersistentVolumeClaim {
		return &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-orders-db-0"}, Status: corev1.PersistentVolumeClaimStatus{Phase: phase}}
	}
	ofDatabase := func(p *corev1.Pod) { p.Labels[v1alpha1.LabelComponent] = v1alpha1.ComponentDatabase }
	ofStorageClass := func(c *corev1.PersistentVolumeClaim, class string) *corev1.PersistentVolumeClaim {
		c.Spec.StorageClassName = &class
		return c
	}
	refused := condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true,
		Message: condition.ParseMessage(`StatefulSet "orders-db" has no pod; the namespace's quota, limits or policies may refuse the pod or its volume claim; to fix: see its events (kubectl describe statefulset -n shop orders-db); if they refuse the pod's user, as on OpenShift, set database.podUser: Platform`)}
	notYet := condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true, Message: condition.ParseMessage(`StatefulSet "orders-db" has a pod that does not accept connections yet`)}
	for name, tc := range map[string]struct {
		ms         *v1alpha1.Microservice
		pods       []corev1.Pod
		claim      *corev1.PersistentVolumeClaim
		live       kube.Object
		wantHealth condition.Health
	}{
		"a missing StatefulSet is progress": {ms: inputstest.Orders(), wantHealth: updating},
		"a status of an older generation does not count": {
			ms: inputstest.Orders(), live: &appsv1.StatefulSet{ObjectMeta: metav1.ObjectMeta{Generation: 3}, Status: appsv1.StatefulSetStatus{ObservedGeneration: 2, ReadyReplicas: 1}},
			wantHealth: updating,
		},
		"a ready pod accepts connections": {
			ms: inputstest.Orders(), live: live(appsv1.StatefulSetStatus{ReadyReplicas: 1, CurrentRevision: "a", UpdateRevision: "a"}),
			wantHealth: condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage("The database accepts connections")},
		},
		"the old pod does not make a change ready": {
			ms: inputstest.Orders(), live: live(appsv1.StatefulSetStatus{ReadyReplicas: 1, CurrentRevision: "a", UpdateRevision: "b"}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonProgressing, Progressing: true, Message: condition.ParseMessage(`StatefulSet "orders-db" is rolling out a change`)},
		},
		"suspended is neither ready nor progressing": {
			ms: inputstest.Orders(inputstest.Suspended), live: live(appsv1.StatefulSetStatus{}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The database is suspended; to fix: set suspend to false to start it")},
		},
		"the pod's fault comes first": {
			ms: inputstest.Orders(), claim: claim(corev1.ClaimPending), pods: []corev1.Pod{inputstest.Pulling(v1alpha1.ComponentDatabase)}, live: live(appsv1.StatefulSetStatus{}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonImagePullFailed, Stalled: true,
				Message: condition.ParseMessage(`Image "orders:1" of container "orders" cannot be pulled: the registry does not have it; to fix: correct database.version or database.image, or push the image`)},
		},
		"a pod of the service is not the database's": {
			ms: inputstest.Orders(), pods: []corev1.Pod{inputstest.Pulling(v1alpha1.ComponentService)}, live: live(appsv1.StatefulSetStatus{Replicas: 1}), wantHealth: notYet,
		},
		"a refused pod is a fault of its StatefulSet": {
			ms: inputstest.Orders(), claim: claim(corev1.ClaimPending), live: live(appsv1.StatefulSetStatus{}), wantHealth: refused,
		},
		"a refused claim is a fault of its StatefulSet": {ms: inputstest.Orders(), live: live(appsv1.StatefulSetStatus{}), wantHealth: refused},
		"a pod that waits for its claim reports the claim": {
			ms: inputstest.Orders(), pods: []corev1.Pod{inputstest.Changed(inputstest.Unschedulable("0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims."), ofDatabase)},
			claim: ofStorageClass(claim(corev1.ClaimPending), "nope"), live: live(appsv1.StatefulSetStatus{Replicas: 1}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonStoragePending, Progressing: true,
				Message: condition.ParseMessage(`PersistentVolumeClaim "data-orders-db-0" of storage class "nope" is not bound yet; to fix: see its events (kubectl describe pvc -n shop data-orders-db-0)`)},
		},
		"a claim that waits for the pod's node reports the pod": {
			ms: inputstest.Orders(), pods: []corev1.Pod{inputstest.Changed(inputstest.Unschedulable("0/1 nodes are available: 1 Insufficient memory."), ofDatabase)},
			claim: claim(corev1.ClaimPending), live: live(appsv1.StatefulSetStatus{Replicas: 1}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonUnschedulable, Progressing: true,
				Message: condition.ParseMessage("No node fits the pod: 0/1 nodes are available: 1 Insufficient memory.")},
		},
		"a claim that waits for its volume is reported": {
			ms: inputstest.Orders(), claim: claim(corev1.ClaimPending), live: live(appsv1.StatefulSetStatus{Replicas: 1}),
			wantHealth: condition.Health{Reason: v1alpha1.ReasonStoragePending, Progressing: true,
				Message: condition.ParseMessage(`PersistentVolumeClaim "data-orders-db-0" is not bound yet; to fix: see its events (kubectl describe pvc -n shop data-orders-db-0)`)},
		},
		"a pod with a bound claim is not ready yet": {ms: inputstest.Orders(), claim: claim(corev1.ClaimBound), live: live(appsv1.StatefulSetStatus{Replicas: 1}), wantHealth: notYet},
	} {
		t.Run(name, func(t *testing.T) {
			in := &inputs.Inputs{Microservice: tc.ms, Pods: tc.pods}
			in.Microservice.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
			in.DatabaseState.Claim = tc.claim
			if diff := cmp.Diff(tc.wantHealth, ServerHealth(Of(in), tc.live)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
