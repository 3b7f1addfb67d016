// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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
