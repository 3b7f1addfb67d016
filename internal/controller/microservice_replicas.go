// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/structured-merge-diff/v6/fieldpath"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// defaultReplicasOwner is the field manager of a default number of pods, only until the
// number is written.
const defaultReplicasOwner = client.FieldOwner("atoll-default-replicas")

var replicasPath = fieldpath.MakePathOrDie("spec", "scaling", "replicas")

// recordReplicas writes the default number of pods to the spec, and brings it in line with a
// changed default: the API server serves the subresource scale of a custom resource only while
// the number is there (scaleFromCustomResource in k8s.io/apiextensions-apiserver). g was
// gathered from ms. again means that the number turned out to be somebody's own, so g is
// wrong, and the event of the write starts another reconcile.
func (r *MicroserviceReconciler) recordReplicas(ctx context.Context, ms *v1alpha1.Microservice, g *gathered) (again bool, err error) {
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
		if err != nil {
			return false, err
		}
		if declared {
			return true, r.writeReplicas(ctx, ms, g, ms.Spec.Scaling.Replicas, "")
		}
	}
	mark := ""
	if want != nil {
		mark = strconv.Itoa(int(*want))
	}
	return false, r.writeReplicas(ctx, ms, g, want, mark)
}

// declaresReplicas reports whether somebody else owns the number that Atoll recorded: they
// declare the same number. The cache has no managedFields.
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
	return false, nil
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

// writeReplicas writes scaling.replicas and the mark of a default together. An empty mark
// removes it. The field manager is dropped after it, so that whoever applies a number of
// their own gets no conflict.
func (r *MicroserviceReconciler) writeReplicas(ctx context.Context, ms *v1alpha1.Microservice, g *gathered, replicas *int32, mark string) error {
	written := *ms
	written.Annotations = maps.Clone(ms.Annotations)
	if mark == "" {
		delete(written.Annotations, v1alpha1.AnnotationDefaultReplicas)
	} else {
		metav1.SetMetaDataAnnotation(&written.ObjectMeta, v1alpha1.AnnotationDefaultReplicas, mark)
	}
	written.Spec.Scaling = ms.Spec.Scaling.DeepCopy()
	if written.Spec.Scaling == nil {
		written.Spec.Scaling = &v1alpha1.Scaling{}
	}
	written.Spec.Scaling.Replicas = replicas
	if *written.Spec.Scaling == (v1alpha1.Scaling{}) {
		written.Spec.Scaling = nil
	}
	if err := r.Patch(ctx, &written, client.MergeFromWithOptions(ms, client.MergeFromWithOptimisticLock{}), defaultReplicasOwner); err != nil {
		return fmt.Errorf("recording the number of pods: %w", err)
	}
	// What the number stands for has not changed, so the status is one of the new generation.
	current := *g.Microservice
	current.Generation = written.Generation
	g.Microservice = &current

	disowned := written
	disowned.ManagedFields = slices.DeleteFunc(slices.Clone(written.ManagedFields), func(entry metav1.ManagedFieldsEntry) bool {
		return entry.Manager == string(defaultReplicasOwner)
	})
	// After a conflict, the number is somebody else's already.
	if err := r.Patch(ctx, &disowned, client.MergeFromWithOptions(&written, client.MergeFromWithOptimisticLock{})); err != nil && !apierrors.IsConflict(err) {
		return fmt.Errorf("recording the number of pods: %w", err)
	}
	return nil
}
