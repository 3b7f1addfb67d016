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

// Package apply makes the objects of a cluster what they should be, by
// server-side apply, and sends nothing when they already are.
package apply

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sync"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"
)

const (
	// FieldOwner is the field manager of everything that Atoll applies.
	FieldOwner = client.FieldOwner("atoll")
	// replicasOwner keeps a Deployment's replicas while they pass from Atoll to an
	// autoscaler: a field that its only manager gives up is reset.
	replicasOwner = client.FieldOwner("atoll-replicas")

	// AnnotationApplied holds a hash of what was applied last. With it a field
	// that is no longer wanted is seen without reading managedFields.
	AnnotationApplied = "atoll.dev/applied-hash"

	// absentVersion is a resourceVersion that no object has: with it an apply
	// makes an object, and is refused with a conflict where one exists.
	absentVersion = "1"
)

// Applier applies objects. It is safe for concurrent use.
type Applier struct {
	// Writer sends the writes.
	Writer client.Writer
	// Live reads past the cache. It is asked only when an object exists that the
	// cache does not hold.
	Live client.Reader
	// Scheme knows the kinds.
	Scheme *runtime.Scheme

	// settled remembers, by uid, what an apply did not change, so that an object
	// which the comparison takes for different is not applied over and over.
	noops sync.Map
}

type noopApply struct{ hash, resourceVersion string }

// Object is an object to apply.
type Object struct {
	// Desired holds the fields that are wanted, and nothing else.
	Desired client.Object
	// Live is the object as the cache has it; nil when the cache has none.
	Live client.Object
	// Adopt lets an object be taken over that nothing controls and that does not
	// carry Atoll's labels. Without it such an object is foreign.
	Adopt bool
	// Once says that the object is made and never changed: one that exists stays as
	// it is, and one that the cache does not hold yet is a conflict, to be looked at
	// again.
	CreateOnly bool
}

// Apply makes the object what Desired says and reports whether it wrote. The
// error is a *NotOwnedError when an object of the name belongs to somebody else,
// which is left as it is.
func (a *Applier) Apply(ctx context.Context, owner client.Object, o Object) (changed bool, err error) {
	gvk, err := apiutil.GVKForObject(o.Desired, a.Scheme)
	if err != nil {
		return false, err
	}
	hash, err := hashDesired(o.Desired)
	if err != nil {
		return false, fmt.Errorf("hashing %s %q: %w", gvk.Kind, o.Desired.GetName(), err)
	}
	if o.Live != nil {
		if !Owns(owner, o.Live, o.Adopt) {
			return false, newNotOwnedError(owner, gvk.Kind, o.Live)
		}
		if o.CreateOnly || a.upToDate(o, hash) {
			return false, nil
		}
	}
	desired, err := a.toUnstructured(o.Desired, hash)
	if err != nil {
		return false, err
	}
	desired.SetGroupVersionKind(gvk)
	if o.Live == nil {
		return a.create(ctx, owner, o, desired)
	}
	return a.update(ctx, o.Live, desired, hash)
}

func (a *Applier) upToDate(o Object, hash string) bool {
	if at, ok := a.noops.Load(o.Live.GetUID()); ok && at == (noopApply{hash, o.Live.GetResourceVersion()}) {
		return true
	}
	return o.Live.GetAnnotations()[AnnotationApplied] == hash && matchesDesired(o.Desired, o.Live)
}

// create makes an object that the cache does not hold. Where one exists all
// the same, the cache is behind, or lacks it because it has lost its label.
func (a *Applier) create(ctx context.Context, owner client.Object, o Object, desired *unstructured.Unstructured) (bool, error) {
	made := desired.DeepCopy()
	made.SetResourceVersion(absentVersion)
	conflict := a.apply(ctx, made, FieldOwner)
	if !apierrors.IsConflict(conflict) {
		return conflict == nil, conflict
	}
	existing := &metav1.PartialObjectMetadata{}
	existing.SetGroupVersionKind(desired.GroupVersionKind())
	if err := a.Live.Get(ctx, client.ObjectKeyFromObject(desired), existing); err != nil {
		if apierrors.IsNotFound(err) {
			// It has just gone: the next try makes it.
			return false, conflict
		}
		return false, err
	}
	if !Owns(owner, existing, o.Adopt) {
		return false, newNotOwnedError(owner, desired.GetKind(), existing)
	}
	if o.CreateOnly || existing.DeletionTimestamp != nil {
		return false, conflict
	}
	return a.update(ctx, existing, desired, "")
}

// update applies to an object that exists. Its uid is sent along, so that what
// somebody else has made in its place meanwhile is not touched.
func (a *Applier) update(ctx context.Context, live client.Object, desired *unstructured.Unstructured, hash string) (bool, error) {
	if err := a.yieldReplicas(ctx, live, desired); err != nil {
		return false, err
	}
	applied := desired.DeepCopy()
	applied.SetUID(live.GetUID())
	if err := a.apply(ctx, applied, FieldOwner); err != nil {
		return false, err
	}
	trimmed := removeForeignItems(desired, applied)
	if restoreAtomicField(desired, applied) || trimmed {
		if err := a.Writer.Update(ctx, applied, FieldOwner); err != nil {
			return false, err
		}
	}
	if hash != "" && applied.GetResourceVersion() == live.GetResourceVersion() {
		a.noops.Store(live.GetUID(), noopApply{hash, applied.GetResourceVersion()})
		return false, nil
	}
	return true, nil
}

// yieldReplicas keeps the number of pods of a Deployment whose replicas Atoll
// no longer applies: given up by its only manager, the field would fall back
// to 1, and the pods with it, until the autoscaler raised it again.
func (a *Applier) yieldReplicas(ctx context.Context, live client.Object, desired *unstructured.Unstructured) error {
	deployment, ok := live.(*appsv1.Deployment)
	if !ok || deployment.Spec.Replicas == nil {
		return nil
	}
	if _, wanted, _ := unstructured.NestedFieldNoCopy(desired.Object, "spec", "replicas"); wanted {
		return nil
	}
	keep := &unstructured.Unstructured{}
	keep.SetGroupVersionKind(desired.GroupVersionKind())
	keep.SetName(live.GetName())
	keep.SetNamespace(live.GetNamespace())
	// The version guards against a number that was changed since it was read.
	keep.SetResourceVersion(live.GetResourceVersion())
	if err := unstructured.SetNestedField(keep.Object, int64(*deployment.Spec.Replicas), "spec", "replicas"); err != nil {
		return err
	}
	return a.apply(ctx, keep, replicasOwner)
}

func (a *Applier) apply(ctx context.Context, o *unstructured.Unstructured, owner client.FieldOwner) error {
	return a.Writer.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), owner, client.ForceOwnership)
}

// toUnstructured leaves out what no apply may hold: status, and the empty
// values that Go writes for fields that are not set.
func (a *Applier) toUnstructured(o client.Object, hash string) (*unstructured.Unstructured, error) {
	fields, err := runtime.DefaultUnstructuredConverter.ToUnstructured(o)
	if err != nil {
		return nil, err
	}
	delete(fields, "status")
	u := &unstructured.Unstructured{Object: dropNulls(fields).(map[string]any)}
	annotations := u.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[AnnotationApplied] = hash
	u.SetAnnotations(annotations)
	return u, nil
}

func dropNulls(value any) any {
	switch v := value.(type) {
	case map[string]any:
		for key, field := range v {
			if field == nil {
				delete(v, key)
				continue
			}
			v[key] = dropNulls(field)
		}
	case []any:
		for i := range v {
			v[i] = dropNulls(v[i])
		}
	}
	return value
}

// hashOf is a short hash of all wanted fields. It stands where everybody reads
// it, so that it leaves out what a Secret holds.
func hashDesired(o client.Object) (string, error) {
	if secret, ok := o.(*corev1.Secret); ok {
		open := *secret
		open.Data = nil
		o = &open
	}
	text, err := json.Marshal(o)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:12]), nil
}

// Forget drops what is remembered of an object that is gone.
func (a *Applier) Forget(uid types.UID) { a.noops.Delete(uid) }
