// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package apply writes desired objects by server-side apply. It sends no request for
// an object that is already as desired.
package apply

import (
	"context"
	"fmt"
	"maps"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

const (
	// FieldOwner is the field manager of everything that Atoll applies.
	FieldOwner = client.FieldOwner("atoll")
	// replicasOwner is the field manager of a Deployment's replicas while their
	// ownership passes to an autoscaler. Without it, the API server would reset the
	// field when Atoll stops applying it.
	replicasOwner = client.FieldOwner("atoll-replicas")

	// AnnotationApplied holds a hash of the last applied object. It shows that Atoll
	// no longer sets a field, without a look at managedFields.
	AnnotationApplied = "atoll.dev/applied-hash"

	// absentVersion is a resourceVersion that no object has. An apply with it creates
	// the object, or fails with a conflict if the object exists.
	absentVersion = "1"

	// maxExactTries limits how often an apply and its update are repeated at once.
	maxExactTries = 3
)

// Applier applies objects. It is safe for concurrent use.
type Applier struct {
	// Writer writes to the API server.
	Writer client.Writer
	// Live reads from the API server instead of the cache. It is used only for an
	// object that exists and is not in the cache.
	Live client.Reader
	// Scheme has the kinds of all objects to apply.
	Scheme *runtime.Scheme
	// Recorder counts what is written. Nil means that nothing counts.
	Recorder Recorder

	// results holds the results of applies by UID.
	results sync.Map
	// settled holds objects whose Reverted is set, by UID.
	settled sync.Map
}

// Object is an object to apply.
type Object struct {
	// Desired has the desired fields, and no others.
	Desired client.Object
	// Live is the cached object. Nil means that the cache has none.
	Live client.Object
	// Adopt permits the adoption of an object without a controller and without
	// Atoll's labels. If false, Apply returns a NotOwnedError for it.
	Adopt bool
	// CreateOnly means that an existing object is not changed, except whether a Job is
	// suspended. An object that exists
	// but is not in the cache yet causes a conflict, and the caller retries.
	CreateOnly bool
	// Reverted is called if the apply undoes a change of the spec that another client made.
	// Nil means that nothing is remembered of the object for this.
	Reverted func()
}

// Apply writes the desired object if the live one differs, and reports whether it
// wrote. It returns a *NotOwnedError, and writes nothing, if another owner has an
// object of this name, and an *AlteredError if a NetworkPolicy does not isolate the pods.
func (a *Applier) Apply(ctx context.Context, owner client.Object, o Object) (changed bool, err error) {
	gvk, err := apiutil.GVKForObject(o.Desired, a.Scheme)
	if err != nil {
		return false, err
	}
	result, fields, err := a.write(ctx, owner, o, gvk)
	return a.record(ctx, gvk.Kind, o.Desired.GetName(), result, err, fields...), err
}

// write writes the desired object if the live one differs, and returns the paths of the fields
// that changed.
func (a *Applier) write(ctx context.Context, owner client.Object, o Object, gvk schema.GroupVersionKind) (result Result, fields []string, err error) {
	hash, err := Hash(o.Desired)
	if err != nil {
		return unchanged, nil, fmt.Errorf("hashing %s %q: %w", gvk.Kind, o.Desired.GetName(), err)
	}
	if o.Live != nil {
		if !Owns(owner, o.Live, o.Adopt) {
			return unchanged, nil, newNotOwnedError(owner, gvk.Kind, o.Live)
		}
		if o.CreateOnly {
			return a.suspend(ctx, o)
		}
		if a.upToDate(o, hash) {
			if last, behind := a.resultAfter(o.Live); behind {
				return unchanged, nil, last.err
			}
			a.settle(o, o.Live, hash)
			return unchanged, nil, checkIsolates(o.Desired, o.Live)
		}
	}
	desired, err := a.toUnstructured(o.Desired, hash)
	if err != nil {
		return unchanged, nil, err
	}
	desired.SetGroupVersionKind(gvk)
	if o.Live == nil {
		return a.create(ctx, owner, o, desired, hash)
	}
	return a.update(ctx, o, o.Live, desired, hash)
}

func (a *Applier) upToDate(o Object, hash string) bool {
	return a.isResult(o.Desired, o.Live, hash) ||
		o.Live.GetAnnotations()[AnnotationApplied] == hash && matchesDesired(o.Desired, o.Live)
}

// Applied reports whether a desired object is the one that Atoll applied last. The live object
// can still differ, because of drift or of an admission policy.
func Applied(desired, live client.Object) bool {
	hash, err := Hash(desired)
	return err == nil && live.GetAnnotations()[AnnotationApplied] == hash
}

// create creates an object that is not in the cache. The object may exist
// nevertheless: the cache is stale, or the object has lost the label that the cache
// selects by.
func (a *Applier) create(ctx context.Context, owner client.Object, o Object, desired *unstructured.Unstructured, hash string) (Result, []string, error) {
	made := desired.DeepCopy()
	made.SetResourceVersion(absentVersion)
	conflict := a.apply(ctx, made, FieldOwner)
	if conflict == nil {
		a.remember(o.Desired, made, hash)
		a.settle(o, made, hash)
		return Created, nil, checkApplied(o.Desired, made)
	}
	if !apierrors.IsConflict(conflict) {
		return unchanged, nil, conflict
	}
	existing := &metav1.PartialObjectMetadata{}
	existing.SetGroupVersionKind(desired.GroupVersionKind())
	if err := a.Live.Get(ctx, client.ObjectKeyFromObject(desired), existing); err != nil {
		if apierrors.IsNotFound(err) {
			// It was deleted in the meantime. The retry creates it.
			return unchanged, nil, conflict
		}
		return unchanged, nil, err
	}
	if !Owns(owner, existing, o.Adopt) {
		return unchanged, nil, newNotOwnedError(owner, desired.GetKind(), existing)
	}
	if o.CreateOnly || existing.DeletionTimestamp != nil {
		return unchanged, nil, conflict
	}
	if existing.Labels[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByAtoll && metav1.IsControlledBy(existing, owner) {
		if err := a.relabel(ctx, existing, desired.GetLabels()); err != nil {
			return unchanged, nil, err
		}
		return Repaired, []string{"metadata.labels"}, nil
	}
	return a.update(ctx, o, existing, desired, hash)
}

// relabel gives an object of the owner the labels back that the cache selects by. Nothing else changes:
// what is to be made may depend on the live object, which the cache does not have yet.
func (a *Applier) relabel(ctx context.Context, existing *metav1.PartialObjectMetadata, labels map[string]string) error {
	before := existing.DeepCopy()
	existing.Labels = maps.Clone(existing.Labels)
	if existing.Labels == nil {
		existing.Labels = map[string]string{}
	}
	maps.Copy(existing.Labels, labels)
	return a.Writer.Patch(ctx, existing, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), FieldOwner)
}

// update applies to an existing object. It sends the UID, so that the API server
// rejects the apply if the object was deleted and recreated.
func (a *Applier) update(ctx context.Context, o Object, live client.Object, desired *unstructured.Unstructured, hash string) (Result, []string, error) {
	if err := a.yieldReplicas(ctx, live, desired); err != nil {
		return unchanged, nil, err
	}
	applied, err := a.applyExactly(ctx, live.GetUID(), desired)
	if err != nil {
		return unchanged, nil, err
	}
	a.remember(o.Desired, applied, hash)
	reverted := a.noteReverted(o, live, applied, hash)
	if applied.GetResourceVersion() == live.GetResourceVersion() {
		return unchanged, nil, checkApplied(o.Desired, applied)
	}
	result := Updated
	if reverted || live.GetAnnotations()[AnnotationApplied] == hash {
		result = Repaired
	}
	return result, changedFields(live, applied), checkApplied(o.Desired, applied)
}

// applyExactly applies an object, and then updates it if it has items that an apply keeps. A
// controller that writes the status between the two causes a conflict, and both are repeated.
func (a *Applier) applyExactly(ctx context.Context, uid types.UID, desired *unstructured.Unstructured) (*unstructured.Unstructured, error) {
	for tries := 1; ; tries++ {
		applied := desired.DeepCopy()
		applied.SetUID(uid)
		if err := a.apply(ctx, applied, FieldOwner); err != nil {
			return nil, err
		}
		removed := removeForeignItems(desired, applied)
		if !restoreAtomicField(desired, applied) && !removed {
			return applied, nil
		}
		err := a.Writer.Update(ctx, applied, FieldOwner)
		if err == nil {
			return applied, nil
		}
		if !apierrors.IsConflict(err) || tries == maxExactTries {
			return nil, err
		}
	}
}

func (a *Applier) apply(ctx context.Context, o *unstructured.Unstructured, owner client.FieldOwner) error {
	return a.Writer.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), owner, client.ForceOwnership)
}
