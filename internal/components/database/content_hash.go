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

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"slices"
	"strings"

	"github.com/atoll-dev/atoll/internal/inputs"
)

// ContentHash is over all that the pods read from ConfigMaps and Secrets, their
// database's among them.
func ContentHash(db *Database) string { return contentHashOf(db, db.binding()) }

func contentHashOf(db *Database, binding *inputs.Credentials) string {
	p := db.managed()
	if p == nil || binding == nil {
		return db.References.Hash
	}
	var all strings.Builder
	all.WriteString(db.References.Hash)
	data := p.Data(*binding)
	for _, key := range slices.Sorted(maps.Keys(data)) {
		all.WriteString("\n" + key + "=" + string(data[key]))
	}
	sum := sha256.Sum256([]byte(all.String()))
	return hex.EncodeToString(sum[:8])
}
