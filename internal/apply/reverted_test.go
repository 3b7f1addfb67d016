// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"testing"

	appsv1 "k8s.io/api/apps/v1"
)

// TestNoteRestored checks which applies undo a change that another client made.
func TestNoteRestored(t *testing.T) {
	at := func(generation int64) *appsv1.Deployment {
		d := &appsv1.Deployment{}
		d.UID, d.Generation = "1", generation
		return d
	}
	for name, tc := range map[string]struct {
		// settled is the generation at which Atoll left the object; 0 means that it does not
		// know it.
		settled             int64
		hash                string
		live, applied, next int64
		want                bool
	}{
		"a change of the spec":                     {settled: 3, hash: "a", live: 4, applied: 5, next: 5, want: true},
		"another desired object":                   {settled: 3, hash: "b", live: 4, applied: 5, next: 5},
		"an apply that changes no spec":            {settled: 3, hash: "a", live: 4, applied: 4, next: 4},
		"a change of the spec by the apply itself": {settled: 3, hash: "a", live: 3, applied: 4, next: 4},
		"a cache that is behind":                   {settled: 3, hash: "a", live: 2, applied: 3, next: 3},
		"an object that is not known":              {hash: "a", live: 4, applied: 5, next: 5},
	} {
		t.Run(name, func(t *testing.T) {
			a, restored := &Applier{}, false
			o := Object{Reverted: func() { restored = true }}
			if tc.settled > 0 {
				a.settle(o, at(tc.settled), "a")
			}
			a.noteReverted(o, at(tc.live), at(tc.applied), tc.hash)
			if restored != tc.want {
				t.Errorf("restored is %t, want %t", restored, tc.want)
			}
			if known, _ := a.settled.Load(at(0).UID); known != (settled{tc.hash, tc.next}) {
				t.Errorf("settled is %v, want generation %d", known, tc.next)
			}
			a.settle(o, at(1), tc.hash)
			if known, _ := a.settled.Load(at(0).UID); known.(settled).generation != tc.next {
				t.Errorf("a cache that is behind has replaced the generation: %v", known)
			}
			a.Forget(at(0).UID)
			if _, found := a.settled.Load(at(0).UID); found {
				t.Error("an object that is gone is still known")
			}
		})
	}
	a := &Applier{}
	a.noteReverted(Object{}, at(4), at(5), "a")
	if _, found := a.settled.Load(at(0).UID); found {
		t.Error("an object is known whose changes are not noted")
	}
}
