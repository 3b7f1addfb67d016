// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/retry"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// defaultReplicasOwner is the field manager of a default number of pods, only until the
// number is written.
const defaultReplicasOwner = client.FieldOwner("atoll-default-replicas")

var replicasPath = fieldpath.MakePathOrDie("spec", "scaling", "replicas")

// recordReplicas writes the default number of pods to the spec, and follows a changed default.
// The API server serves the subresource scale of a custom resource only while the number is
// there (scaleFromCustomResource in k8s.io/apiextensions-apiserver). g was gathered from ms.
//
// again means that g must not be built, because a user may declare the number that g takes for
// a default. Another reconcile follows. retryAfter is set after a conflict.
func (r *MicroserviceReconciler) recordReplicas(ctx context.Context, ms *v1alpha1.Microservice, g *gathered) (again bool, retryAfter time.Duration, err error) {
	again, err = r.tryRecordReplicas(ctx, ms, g)
	if apierrors.IsConflict(err) {
		return again, time.Second, nil
	}
	return again, 0, client.IgnoreNotFound(err)
}

func (r *MicroserviceReconciler) tryRecordReplicas(ctx context.Context, ms *v1alpha1.Microservice, g *gathered) (again bool, err error) {
	// Only a member knows the default of its Topology.
	known := g.MembershipProblem() == nil
	want, recorded := g.FixedReplicas(), inputs.IsDefaultReplicas(ms)
	switch own := inputs.OwnScaling(ms); {
	case !known:
		return false, nil
	case own != nil && (own.Autoscale == nil || !recorded):
		return false, nil
	case recorded && ptr.Equal(want, ms.Spec.Scaling.Replicas), !recorded && want == nil:
		return false, nil
	}
	if recorded {
		declared, err := r.declaresReplicas(ctx, ms)
		switch {
		case err != nil:
			return true, err
		case declared:
			return true, r.writeReplicas(ctx, ms, g, ms.Spec.Scaling.Replicas, "")
		}
	}
	mark := ""
	if want != nil {
		mark = strconv.Itoa(int(*want))
	}
	return false, r.writeReplicas(ctx, ms, g, want, mark)
}

// declaresReplicas reports whether a user declares the number that Atoll recorded: another
// client owns the field, or kubectl apply noted it in its annotation. The cache has no
// managedFields.
func (r *MicroserviceReconciler) declaresReplicas(ctx context.Context, ms *v1alpha1.Microservice) (bool, error) {
	live := &v1alpha1.Microservice{}
	if err := r.Live.Get(ctx, client.ObjectKeyFromObject(ms), live); err != nil {
		return false, fmt.Errorf("reading who declares scaling.replicas: %w", err)
	}
	for i := range live.ManagedFields {
		entry := &live.ManagedFields[i]
		if entry.Manager != string(defaultReplicasOwner) && owns(entry, replicasPath) {
			return true, nil
		}
	}
	noted := &v1alpha1.Microservice{}
	// What can't be read declares nothing.
	_ = json.Unmarshal([]byte(live.Annotations[corev1.LastAppliedConfigAnnotation]), noted)
	return noted.Spec.Scaling != nil && noted.Spec.Scaling.Replicas != nil, nil
}

// owns reports whether an entry of managedFields has a field.
func owns(entry *metav1.ManagedFieldsEntry, path fieldpath.Path) bool {
	if entry.FieldsV1 == nil {
		return false
	}
	fields := &fieldpath.Set{}
	// The API server writes only entries that it can read.
	return fields.FromJSON(entry.FieldsV1.GetRawReader()) == nil && fields.Has(path)
}

// writeReplicas writes scaling.replicas together with the mark of a default. An empty mark
// removes the annotation.
func (r *MicroserviceReconciler) writeReplicas(ctx context.Context, ms *v1alpha1.Microservice, g *gathered, replicas *int32, mark string) error {
	// The answer is decoded into the copy; the cache shares the original.
	written := ms.DeepCopy()
	if mark == "" {
		delete(written.Annotations, v1alpha1.AnnotationDefaultReplicas)
	} else {
		metav1.SetMetaDataAnnotation(&written.ObjectMeta, v1alpha1.AnnotationDefaultReplicas, mark)
	}
	if written.Spec.Scaling == nil {
		written.Spec.Scaling = &v1alpha1.Scaling{}
	}
	written.Spec.Scaling.Replicas = replicas
	if *written.Spec.Scaling == (v1alpha1.Scaling{}) {
		written.Spec.Scaling = nil
	}
	if err := r.Patch(ctx, written, client.MergeFromWithOptions(ms, client.MergeFromWithOptimisticLock{}), defaultReplicasOwner); err != nil {
		return fmt.Errorf("recording the number of pods: %w", err)
	}
	if mark == "" {
		logf.FromContext(ctx).Info("Removed the default number of pods")
	} else {
		logf.FromContext(ctx).Info("Recorded the default number of pods", "replicas", replicas)
	}
	// The number of pods is the same as before, so the status holds for the new generation.
	current := *g.Microservice
	current.Generation = written.Generation
	g.Microservice = &current
	r.memoryOf(client.ObjectKeyFromObject(ms)).numbered = written.Generation
	return r.disownReplicas(ctx, written)
}

// disownReplicas removes Atoll's entry from the managedFields after a write, so that a user can
// apply another number without a conflict. If Atoll stops before this, the entry stays until
// the number changes.
func (r *MicroserviceReconciler) disownReplicas(ctx context.Context, written *v1alpha1.Microservice) error {
	return retry.RetryOnConflict(retry.DefaultRetry, func() error {
		disowned := written.DeepCopy()
		disowned.ManagedFields = slices.DeleteFunc(disowned.ManagedFields, func(entry metav1.ManagedFieldsEntry) bool {
			return entry.Manager == string(defaultReplicasOwner)
		})
		err := r.Patch(ctx, disowned, client.MergeFromWithOptions(written, client.MergeFromWithOptimisticLock{}))
		if apierrors.IsConflict(err) {
			written = &v1alpha1.Microservice{}
			if err := r.Live.Get(ctx, client.ObjectKeyFromObject(disowned), written); err != nil {
				return err
			}
		}
		return err
	})
}
