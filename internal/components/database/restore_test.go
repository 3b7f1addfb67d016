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
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

func TestRestoreID(t *testing.T) {
	restore := func(file string) *v1alpha1.DatabaseRestore {
		return &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{Service: "users", Backup: file}}
	}
	id := RestoreID(restore("a.dump"), "1")
	if again := RestoreID(restore("a.dump"), "1"); again != id {
		t.Errorf("the same restore is %q and %q", id, again)
	}
	for what, other := range map[string]string{
		"another volume": RestoreID(restore("a.dump"), types.UID("2")), "another backup": RestoreID(restore("b.dump"), "1"),
	} {
		if other == id {
			t.Errorf("%s has the same ID %q", what, id)
		}
	}
	// It is the name of a schema and of a user.
	if identifier := strings.Trim(id, "abcdefghijklmnopqrstuvwxyz_0123456789"); identifier != "" || len(id) > 32 {
		t.Errorf("ID %q would need quotes in SQL", id)
	}
}
