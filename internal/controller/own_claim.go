/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package controller

import (
	"context"
	"errors"

	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// reconcileClaimOwner sets the owner of a claim, which deletes the claim with the
// StatefulSet, under deletionPolicy Delete, and removes it under Retain. The
// StatefulSet controller does this only while the pod runs: not while the database is
// suspended or broken.
func (r *MicroserviceReconciler) reconcileClaimOwner(ctx context.Context, g *gathered, out *outcome) {
	plan, claim, set := out.built.Database.Plan, g.DatabaseState.Claim, g.StatefulSet
	if plan == nil || plan.Provider != v1alpha1.ProviderBuiltIn || claim == nil || set == nil || retainsClaims(set) != plan.Retained() {
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
