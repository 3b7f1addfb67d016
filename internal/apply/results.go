// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// result is a live object that differs from the desired one although Atoll has just applied
// it: an admission policy or webhook changed what Atoll sets, or the comparison is wrong.
// Another apply would have the same result.
type result struct {
	// hash is that of the desired object.
	hash string
	// state and generation are those of the live object.
	state      string
	generation int64
	at         time.Time
	// err says that the live object does not isolate the pods; nil if it does.
	err error
}

// resultExpiry is how long a result counts. An administrator can have changed the policy since.
const resultExpiry = 10 * time.Minute

// isResult reports whether a live object is the result of the last apply, or is older than it
// because the cache is behind.
func (a *Applier) isResult(desired, live client.Object, hash string) bool {
	known, found := a.results.Load(live.GetUID())
	if !found {
		return false
	}
	last := known.(result)
	_, behind := a.resultAfter(live)
	return last.hash == hash && time.Since(last.at) < resultExpiry && (behind || last.state == stateOf(desired, live))
}

// resultAfter returns the result of the last apply if a live object is older than it, because the
// cache is behind.
func (a *Applier) resultAfter(live client.Object) (last result, behind bool) {
	if known, found := a.results.Load(live.GetUID()); found {
		last = known.(result)
	}
	return last, live.GetGeneration() < last.generation
}

// remember keeps the result of an apply if it differs from the desired object.
func (a *Applier) remember(desired client.Object, applied *unstructured.Unstructured, hash string) {
	live := client.Object(applied)
	if _, untyped := desired.(*unstructured.Unstructured); !untyped {
		live = reflect.New(reflect.TypeOf(desired).Elem()).Interface().(client.Object)
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(applied.Object, live); err != nil {
			return
		}
	}
	if matchesDesired(desired, live) {
		a.results.Delete(live.GetUID())
		return
	}
	a.results.Store(live.GetUID(), result{hash: hash, state: stateOf(desired, live), generation: live.GetGeneration(), at: time.Now(), err: checkIsolates(desired, live)})
}

// Forget removes what is remembered of an object that no longer exists.
func (a *Applier) Forget(uid types.UID) {
	a.results.Delete(uid)
	a.settled.Delete(uid)
}

// stateOf identifies the parts of a live object that the desired object sets. The generation
// counts changes of the spec. An object of a kind without a generation is identified by its
// resourceVersion.
func stateOf(desired, live client.Object) string {
	if live.GetGeneration() == 0 {
		return live.GetResourceVersion()
	}
	state := fmt.Appendf(nil, "%d %s", live.GetGeneration(), live.GetAnnotations()[AnnotationApplied])
	for _, entries := range []struct{ desired, live map[string]string }{
		{desired.GetLabels(), live.GetLabels()}, {desired.GetAnnotations(), live.GetAnnotations()},
	} {
		for _, key := range slices.Sorted(maps.Keys(entries.desired)) {
			value, found := entries.live[key]
			state = fmt.Appendf(state, " %s %t %q", key, found, value)
		}
	}
	if controller := metav1.GetControllerOfNoCopy(live); controller != nil {
		state = append(append(state, ' '), controller.UID...)
	}
	return string(state)
}
