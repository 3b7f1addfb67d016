// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"

	batchv1 "k8s.io/api/batch/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// suspensionOwner is the field manager of a Job's suspension. It is the only field of an
// existing Job that Atoll changes; an apply by FieldOwner would need all other fields.
const suspensionOwner = client.FieldOwner("atoll-suspension")

// suspend suspends or resumes an existing Job as desired. A
// desired object that is no Job, or does not say, changes nothing.
func (a *Applier) suspend(ctx context.Context, o Object) (Result, []string, error) {
	desired, isJob := o.Desired.(*batchv1.Job)
	live, isLiveJob := o.Live.(*batchv1.Job)
	if !isJob || !isLiveJob || desired.Spec.Suspend == nil || *desired.Spec.Suspend == ptr.Deref(live.Spec.Suspend, false) {
		return unchanged, nil, nil
	}
	change := &unstructured.Unstructured{}
	change.SetGroupVersionKind(batchv1.SchemeGroupVersion.WithKind("Job"))
	change.SetName(live.Name)
	change.SetNamespace(live.Namespace)
	// The resourceVersion causes a conflict if a pod has begun since the read.
	change.SetUID(live.UID)
	change.SetResourceVersion(live.ResourceVersion)
	if err := unstructured.SetNestedField(change.Object, *desired.Spec.Suspend, "spec", "suspend"); err != nil {
		return unchanged, nil, err
	}
	if err := a.apply(ctx, change, suspensionOwner); err != nil {
		return unchanged, nil, err
	}
	return Updated, []string{"spec.suspend"}, nil
}
