// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// settled is an object as Atoll last applied it, or found it to be as desired.
type settled struct {
	// hash is that of the desired object.
	hash       string
	generation int64
}

// settle keeps the state of a live object that is as Atoll applied it. A cache that is behind
// does not replace a later state.
func (a *Applier) settle(o Object, live client.Object, hash string) {
	if o.Reverted == nil {
		return
	}
	if known, found := a.settled.Load(live.GetUID()); found && known.(settled).hash == hash && known.(settled).generation > live.GetGeneration() {
		return
	}
	a.settled.Store(live.GetUID(), settled{hash, live.GetGeneration()})
}

// noteReverted calls o.Reverted, and returns true, if an apply undid a change of the spec that
// another client made. live is the object before the apply, and applied the one after it.
//
// Its annotation does not tell: kubectl rollout undo brings the earlier hash back. Nor does a
// difference: an admission policy can make one, and then the apply changes no spec.
func (a *Applier) noteReverted(o Object, live, applied client.Object, hash string) (reverted bool) {
	if o.Reverted == nil {
		return false
	}
	known, found := a.settled.Load(live.GetUID())
	reverted = found && known.(settled).hash == hash && known.(settled).generation < live.GetGeneration() && live.GetGeneration() < applied.GetGeneration()
	if reverted {
		o.Reverted()
	}
	a.settle(o, applied, hash)
	return reverted
}
