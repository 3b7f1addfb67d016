// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/kube"
)

// heldServer returns a StatefulSet that changes no pod, for a database whose NetworkPolicy
// can't be applied; none if it does not exist yet. It can still stop the server. A server that is
// stopped starts only if an earlier policy isolates it.
func heldServer(db *Database, desired *appsv1.StatefulSet) []kube.Object {
	live := db.StatefulSet
	if live == nil {
		return nil
	}
	held := desired.DeepCopy()
	held.Spec.Template = *live.Spec.Template.DeepCopy()
	held.Spec.UpdateStrategy = *live.Spec.UpdateStrategy.DeepCopy()
	if db.Unisolated(v1alpha1.ComponentDatabase, held.Spec.Template.Labels) {
		held.Spec.Replicas = ptr.To(min(ptr.Deref(desired.Spec.Replicas, 1), ptr.Deref(live.Spec.Replicas, 1)))
	}
	// What is recorded of the server is about the pod template.
	for _, key := range []string{annotationServerHash, annotationServerImage} {
		delete(held.Annotations, key)
		if value := live.Annotations[key]; value != "" {
			held.Annotations[key] = value
		}
	}
	return []kube.Object{held}
}
