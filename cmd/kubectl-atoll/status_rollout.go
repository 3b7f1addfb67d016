// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// rollout is the progress of a service's rollout.
type rollout struct {
	Strategy v1alpha1.RolloutStrategy `json:"strategy"`
	State    graph.State              `json:"state"`
	// Wanted is the desired number of pods. Updated pods have the current template,
	// Available pods serve requests, and Old pods are to be replaced.
	Wanted    int32 `json:"wanted"`
	Updated   int32 `json:"updated"`
	Available int32 `json:"available"`
	Old       int32 `json:"old"`
	// WaitsFor is the condition that the rollout waits for, and its reason. Empty means
	// that it waits for nothing.
	WaitsFor string `json:"waitsFor,omitempty"`
	// Missing means that there is no Deployment. Unread means that the user may not read
	// it.
	Missing bool `json:"missing,omitempty"`
	Unread  bool `json:"unread,omitempty"`
}

// readRollout reads the Deployment of a service.
func readRollout(ctx context.Context, c client.Reader, ms *v1alpha1.Microservice) (*rollout, error) {
	r := &rollout{Strategy: v1alpha1.RolloutRollingUpdate}
	if ms.Spec.Rollout != nil && ms.Spec.Rollout.Strategy != "" {
		r.Strategy = ms.Spec.Rollout.Strategy
	}
	d := &appsv1.Deployment{}
	err := c.Get(ctx, client.ObjectKeyFromObject(ms), d)
	switch {
	case apierrors.IsForbidden(err):
		r.Unread, r.State = true, graph.StateUnknown
	case apierrors.IsNotFound(err):
		r.Missing = true
	case err != nil:
		return nil, explainError(fmt.Sprintf("reading Deployment %q", ms.Name), err)
	}
	done := false
	if err == nil {
		r.Wanted, r.Updated, r.Available = ptr.Deref(d.Spec.Replicas, 1), d.Status.UpdatedReplicas, d.Status.AvailableReplicas
		r.Old = max(0, d.Status.Replicas-d.Status.UpdatedReplicas)
		done = d.Status.ObservedGeneration >= d.Generation && r.Updated >= r.Wanted && r.Available >= r.Wanted && r.Old == 0
	}
	r.WaitsFor = waitsFor(ms, r, done)
	if r.Unread {
		return r, nil
	}
	r.State = graph.StateReady
	stalled := meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionStalled)
	workload := meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionWorkloadReady)
	switch {
	case r.WaitsFor == "" && done:
	case stalled != nil && workload != nil && workload.Status == metav1.ConditionFalse && workload.Reason == stalled.Reason:
		r.State = graph.StateStalled
	default:
		r.State = graph.StateReconciling
	}
	return r, nil
}

// waitsFor returns what the rollout waits for. A database that fails after the first
// rollout does not block later ones.
func waitsFor(ms *v1alpha1.Microservice, r *rollout, done bool) string {
	if ms.Status.ObservedGeneration < ms.Generation {
		return "Atoll to observe the latest change"
	}
	before := []string{v1alpha1.ConditionDatabaseRestored, v1alpha1.ConditionDatabaseMigrated}
	if r.Missing {
		before = append([]string{v1alpha1.ConditionDatabaseReady}, before...)
	}
	for _, name := range append(before, v1alpha1.ConditionWorkloadReady) {
		c := meta.FindStatusCondition(ms.Status.Conditions, name)
		if c != nil && c.Status != metav1.ConditionTrue && c.Reason != v1alpha1.ReasonSuspended && c.Reason != v1alpha1.ReasonRestoreRefused {
			return c.Type + ": " + c.Reason
		}
	}
	if !done && !r.Missing && !r.Unread && r.Wanted > 0 {
		return "its pods to become available"
	}
	return ""
}

// lines returns the rollout as text.
func (r *rollout) lines(t terminal) []string {
	var text string
	switch {
	case r.Unread:
		text = fmt.Sprintf("%s (you are not allowed to read its Deployment)", r.Strategy)
	case r.Missing:
		text = fmt.Sprintf("%s: there is no Deployment yet", r.Strategy)
	case r.Wanted == 0 && r.Updated == 0 && r.Old == 0:
		text = fmt.Sprintf("%s: scaled to 0 pods", r.Strategy)
	default:
		text = fmt.Sprintf("%s: %d of %d updated, %d available", r.Strategy, r.Updated, r.Wanted, r.Available)
		if r.Old > 0 {
			text += fmt.Sprintf(", %d old", r.Old)
		}
	}
	lines := []string{t.marked(r.State, text)}
	if r.WaitsFor != "" {
		lines = append(lines, "  waits for "+r.WaitsFor)
	}
	return lines
}
