// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// yieldReplicas keeps spec.replicas of a Deployment when Atoll stops applying it.
// Without a second field manager, the API server would reset the field to 1 until
// the autoscaler scales up again.
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
	// The resourceVersion causes a conflict if the number has changed since the read.
	keep.SetResourceVersion(live.GetResourceVersion())
	if err := unstructured.SetNestedField(keep.Object, int64(*deployment.Spec.Replicas), "spec", "replicas"); err != nil {
		return err
	}
	return a.apply(ctx, keep, replicasOwner)
}
