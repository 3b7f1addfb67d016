// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

// Prune deletes the live objects that owner controls and that are no longer desired,
// and reports whether it deleted any. It keeps objects that owner does not control,
// such as retained data.
func (a *Applier) Prune(ctx context.Context, owner client.Object, live []client.Object, wanted func(client.Object) bool) (changed bool, err error) {
	var unwanted []client.Object
	for _, o := range live {
		if !wanted(o) && metav1.IsControlledBy(o, owner) {
			unwanted = append(unwanted, o)
		}
	}
	return a.Delete(ctx, unwanted)
}

// Delete deletes live objects, and reports whether it deleted any.
func (a *Applier) Delete(ctx context.Context, live []client.Object) (changed bool, err error) {
	for _, o := range live {
		if o.GetDeletionTimestamp() != nil {
			continue
		}
		if err := a.delete(ctx, o); err != nil {
			return changed, err
		}
		changed = true
	}
	return changed, nil
}

func (a *Applier) delete(ctx context.Context, o client.Object) error {
	gvk, err := apiutil.GVKForObject(o, a.Scheme)
	if err != nil {
		return err
	}
	err = a.Writer.Delete(ctx, o,
		// An object that was recreated since the read is kept.
		client.Preconditions{UID: ptr.To(o.GetUID())},
		client.PropagationPolicy(metav1.DeletePropagationBackground))
	switch {
	case apierrors.IsNotFound(err):
		// The cache is behind.
	case err != nil:
		a.record(ctx, gvk.Kind, o.GetName(), unchanged, err)
		return err
	default:
		a.record(ctx, gvk.Kind, o.GetName(), Deleted, nil)
	}
	a.Forget(o.GetUID())
	return nil
}
