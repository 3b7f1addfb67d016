// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// missingReferenceGrace is how long a Microservice waits for another object before an event
// warns of it. kubectl and GitOps tools apply Microservices before Topologies.
const missingReferenceGrace = 10 * time.Second

// lostEventWindow is how long after the time of grace an event is recorded that another manager
// may have left out, because it stopped.
const lostEventWindow = time.Minute

// missingReferenceReasons are reasons that another object removes by its creation.
var missingReferenceReasons = []string{
	v1alpha1.ReasonTopologyNotFound, v1alpha1.ReasonReferenceNotFound, v1alpha1.ReasonDependencyNotFound, v1alpha1.ReasonNotPermitted, v1alpha1.ReasonNoGateway,
}

// recordReadiness records a change of Ready in the log and as an event. The event of a
// Microservice that lacks another object is recorded only if the object still does not exist
// some time after Ready became False. requeueAfter is how soon that is; zero means never.
func (r *MicroserviceReconciler) recordReadiness(ctx context.Context, ms *v1alpha1.Microservice, old []metav1.Condition) (requeueAfter time.Duration) {
	ready := meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return 0
	}
	memory := r.memoryOf(client.ObjectKeyFromObject(ms))
	if !slices.Contains(missingReferenceReasons, ready.Reason) {
		memory.warned = ""
		recordTransition(ctx, r.Recorder, ms, old, ms.Status.Conditions)
		return 0
	}
	late := r.Now().Sub(ready.LastTransitionTime.Add(missingReferenceGrace))
	if late < 0 {
		return -late
	}
	if memory.warned != ready.Reason && late < lostEventWindow {
		old = nil
	}
	memory.warned = ready.Reason
	recordTransition(ctx, r.Recorder, ms, old, ms.Status.Conditions)
	return 0
}
