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
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/internal/apply"
)

// releaseClaim takes from a claim the owner that would take it along. Under
// deletionPolicy Delete a StatefulSet owns its claims; when the policy becomes
// Retain, it lets go of those only whose pod runs, which is none while the
// database is suspended or broken.
func (r *MicroserviceReconciler) releaseClaim(ctx context.Context, g *gathered, out *outcome) {
	plan, claim := g.Database(), g.DatabaseState.Claim
	if plan == nil || !plan.Retained() || claim == nil || len(claim.OwnerReferences) == 0 || !retains(g.StatefulSet) {
		return
	}
	released := claim.DeepCopy()
	released.OwnerReferences = nil
	err := r.Patch(ctx, released, client.MergeFromWithOptions(claim, client.MergeFromWithOptimisticLock{}), apply.FieldOwner)
	if client.IgnoreNotFound(err) != nil {
		out.err = errors.Join(out.err, fmt.Errorf("releasing PersistentVolumeClaim %q: %w", claim.Name, err))
		return
	}
	out.changed = true
}

// retains says that a StatefulSet was told already to keep its claims, so that
// it does not take them back.
func retains(set *appsv1.StatefulSet) bool {
	return set != nil && set.Spec.PersistentVolumeClaimRetentionPolicy != nil &&
		set.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted == appsv1.RetainPersistentVolumeClaimRetentionPolicyType
}
