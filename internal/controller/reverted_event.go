// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// eventReverted is the reason of an event that is no condition.
const eventReverted = "Reverted"

// recordReverted records that Atoll has undone a change of a Deployment that another client
// made, as kubectl rollout undo does. The recorder combines equal events into one with a count:
// so neither object has a resourceVersion, which differs each time.
func recordReverted(recorder events.EventRecorder, ms *v1alpha1.Microservice) {
	about := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: ms.Name, Namespace: ms.Namespace, UID: ms.UID}}
	deployment := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: ms.Name, Namespace: ms.Namespace}}
	recorder.Eventf(about, deployment, corev1.EventTypeNormal, eventReverted, "Reconcile",
		"Another client changed Deployment %q, as kubectl rollout undo does, and Atoll reverted it; to go back to an earlier release, change the Microservice", deployment.Name)
}
