// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// SetOwners replaces the owner references of a live object and reports whether it
// wrote. It fails with a conflict if the object has changed, and does nothing if it is
// gone.
func (a *Applier) SetOwners(ctx context.Context, live client.Object, owners []metav1.OwnerReference) (changed bool, err error) {
	updated := live.DeepCopyObject().(client.Object)
	updated.SetOwnerReferences(owners)
	gvk, err := apiutil.GVKForObject(live, a.Scheme)
	if err != nil {
		return false, err
	}
	err = a.Writer.Patch(ctx, updated, client.MergeFromWithOptions(live, client.MergeFromWithOptimisticLock{}), FieldOwner)
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		a.record(ctx, gvk.Kind, live.GetName(), unchanged, err)
		return false, fmt.Errorf("changing the owners of %q: %w", live.GetName(), err)
	}
	return a.record(ctx, gvk.Kind, live.GetName(), Updated, nil, "metadata.ownerReferences"), nil
}
