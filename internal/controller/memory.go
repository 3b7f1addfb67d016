// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import "k8s.io/apimachinery/pkg/types"

// memory is what the reconciler remembers of one Microservice. One worker at a time reconciles
// a Microservice.
type memory struct {
	// converged is the fingerprint of the reads of the last reconcile, if it found nothing to
	// do, and else empty. Build is pure: from the same inputs it would find nothing to do again.
	converged string
	// numbered is the generation that Atoll's write of a default number of pods caused. It is
	// no change by a user.
	numbered int64
	// warned is the reason of the event that warned of a missing object, while Ready has it.
	warned string
}

// memoryOf returns what is remembered of a Microservice.
func (r *MicroserviceReconciler) memoryOf(key types.NamespacedName) *memory {
	known, found := r.memories.Load(key)
	if !found {
		known, _ = r.memories.LoadOrStore(key, &memory{})
	}
	return known.(*memory)
}
