// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/internal/kube"
)

// heldServer returns a StatefulSet that changes no pod; none if it does not exist yet. It can
// still stop the server. A server that is stopped does not start if it must not grow.
func heldServer(db *Database, desired *appsv1.StatefulSet, grows bool) []kube.Object {
	live := db.StatefulSet
	if live == nil {
		return nil
	}
	held := desired.DeepCopy()
	held.Spec.Template = *live.Spec.Template.DeepCopy()
	held.Spec.UpdateStrategy = *live.Spec.UpdateStrategy.DeepCopy()
	if !grows {
		held.Spec.UpdateStrategy = partitioned(1)
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

// KeptServers returns the StatefulSet that is applied while what its pod needs can't be: it
// changes no pod and starts none. It stops the server of a suspended Microservice.
func KeptServers(db *Database) ([]kube.Object, error) {
	servers, problem := StatefulSets(db)
	for _, server := range servers {
		if set, ok := server.(*appsv1.StatefulSet); ok {
			return heldServer(db, set, false), problem
		}
	}
	return nil, problem
}
