/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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
	if Usable(db) {
		m.Ran(db.Plan.Version)
	}
	if binding := db.DatabaseState.Binding; binding != nil && db.Plan.Provider.ownsBinding(binding, holder) {
		m.User = binding.Username
	}
	return m
}
