// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
)

// reconcileClaimOwner sets the owner of a claim, which deletes the claim with the
// StatefulSet, under deletionPolicy Delete, and removes it under Retain. The
// StatefulSet controller does this only while the pod runs: not while the database is
// suspended or broken.
func (r *MicroserviceReconciler) reconcileClaimOwner(ctx context.Context, g *gathered, out *outcome) {
	plan, claim, set := out.built.Database.Plan, g.DatabaseState.Claim, g.StatefulSet
	if plan == nil || !plan.Provider.RunsServer() || claim == nil || set == nil || retainsClaims(set) != plan.Retained() {
		return
	}
	var owners []metav1.OwnerReference
	switch {
	case plan.Retained() && len(claim.OwnerReferences) > 0:
	case !plan.Retained() && len(claim.OwnerReferences) == 0 && ptr.Deref(set.Spec.Replicas, 1) == 0:
		owners = []metav1.OwnerReference{*metav1.NewControllerRef(set, appsv1.SchemeGroupVersion.WithKind("StatefulSet"))}
	default:
		return
	}
	changed, err := r.Applier.SetOwners(ctx, claim, owners)
	out.changed = out.changed || changed
	out.err = errors.Join(out.err, err)
}

// retainsClaims reports whether a StatefulSet already keeps its claims, so that its
// controller does not set the owner again.
func retainsClaims(set *appsv1.StatefulSet) bool {
	return set.Spec.PersistentVolumeClaimRetentionPolicy != nil &&
		set.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted == appsv1.RetainPersistentVolumeClaimRetentionPolicyType
}
