// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// SetOwners replaces the owner references of a live object and reports whether it
// wrote. It fails with a conflict if the object has changed, and does nothing if it is
// gone.
func (a *Applier) SetOwners(ctx context.Context, live client.Object, owners []metav1.OwnerReference) (changed bool, err error) {
	updated := live.DeepCopyObject().(client.Object)
	updated.SetOwnerReferences(owners)
	err = a.Writer.Patch(ctx, updated, client.MergeFromWithOptions(live, client.MergeFromWithOptimisticLock{}), FieldOwner)
	if client.IgnoreNotFound(err) != nil {
		return false, fmt.Errorf("changing the owners of %q: %w", live.GetName(), err)
	}
	return err == nil, nil
}
