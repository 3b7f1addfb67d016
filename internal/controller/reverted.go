// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
)

// eventReverted is the reason of an event that is no condition.
const eventReverted = "Reverted"

// deployed is a Deployment that is as Atoll applied it.
type deployed struct {
	// hash is that of the desired object.
	hash       string
	generation int64
}

// noteDeployment records an event if Atoll has undone a change of a Deployment that another
// client made, as kubectl rollout undo does. The live object's own hash goes back with it, so
// the hash is compared that the Deployment had when it needed no change.
func (r *MicroserviceReconciler) noteDeployment(ms *v1alpha1.Microservice, desired, live client.Object, changed bool) {
	key := client.ObjectKeyFromObject(ms)
	if !changed {
		r.deployed.Store(key, deployed{live.GetAnnotations()[apply.AnnotationApplied], live.GetGeneration()})
		return
	}
	known, found := r.deployed.LoadAndDelete(key)
	if !found || live == nil || live.GetGeneration() <= known.(deployed).generation {
		return
	}
	if hash, err := apply.Hash(desired); err != nil || hash != known.(deployed).hash {
		return
	}
	r.Recorder.Eventf(ms, live, corev1.EventTypeNormal, eventReverted, "Reconcile",
		"Another client changed Deployment %q, as kubectl rollout undo does, and Atoll restored it; to go back to an earlier release, change the Microservice", live.GetName())
}
