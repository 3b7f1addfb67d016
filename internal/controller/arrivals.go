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

// arrivalGrace is how long a new Microservice may wait for other objects of the same apply
// before an event warns of it. kubectl and GitOps tools apply Microservices before Topologies.
const arrivalGrace = 10 * time.Second

// arrivingReasons are reasons that another object removes by its creation.
var arrivingReasons = []string{
	v1alpha1.ReasonTopologyNotFound, v1alpha1.ReasonReferenceNotFound, v1alpha1.ReasonDependencyNotFound, v1alpha1.ReasonNoGateway,
}

// recordReadiness records a change of Ready in the log and as an event. The event of a new
// Microservice that lacks another object is withheld, and recorded if the object has not
// arrived in time. The result is how soon that is; zero means never.
func (r *MicroserviceReconciler) recordReadiness(ctx context.Context, ms *v1alpha1.Microservice, old []metav1.Condition) (again time.Duration) {
	ready := meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionReady)
	if ready == nil {
		return 0
	}
	arriving := slices.Contains(arrivingReasons, ready.Reason)
	if wait := ms.CreationTimestamp.Add(arrivalGrace).Sub(r.Now()); arriving && wait > 0 {
		r.withheld.Store(client.ObjectKeyFromObject(ms), ready.Reason)
		return wait
	}
	if reason, withheld := r.withheld.LoadAndDelete(client.ObjectKeyFromObject(ms)); withheld && reason == ready.Reason {
		old = nil
	}
	recordTransition(ctx, r.Recorder, ms, old, ms.Status.Conditions)
	return 0
}
