// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import "github.com/atoll-dev/atoll/internal/inputs"

// marks returns what the holder of the data remembers of it: the earlier marks, and
// the present state.
func marks(db *Database) inputs.Marks {
	holder := db.DatabaseState.Holder()
	if holder == nil {
		return inputs.Marks{}
	}
	m := holder.Marks
	m.Restored = restoredBy(db)
	// The service, or its migration, may write from now on.
	m.InUse = m.InUse || AwaitingRestore(db) == nil
	if Usable(db) && !AwaitsImage(db) {
		m.Ran(db.Plan.Version)
	}
	if binding := db.DatabaseState.Binding; binding != nil && db.Plan.Provider.ownsBinding(binding, holder) {
		m.User = binding.Username
	}
	return m
}
