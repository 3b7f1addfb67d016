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

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

func backup(schedule string, keep int32) *v1alpha1.DatabaseBackup {
	return &v1alpha1.DatabaseBackup{Schedule: schedule, Keep: ptr.To(keep), Destination: v1alpha1.BackupLocation{
		PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: "backups"}}}
}

// planOf returns the plan of a built-in database of an engine.
func planOf(t *testing.T, engine v1alpha1.DatabaseEngine, change func(*v1alpha1.Database)) *Plan {
	t.Helper()
	ms := service(&v1alpha1.Database{})
	ms.Spec.Database.Engine = engine
	if change != nil {
		change(ms.Spec.Database)
	}
	plan, err := Resolve(ms, nil, &inputs.State{})
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

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

func TestBudget(t *testing.T) {
	for name, tc := range map[string]struct {
		budget         Budget
		wantSufficient bool
		want           string
	}{
		"no pods":               {Budget{Pool: 10, Limit: 100, Reserved: 3}, true, "0 pods × 10 connections (database.pool) = 0, of 97 (the server's limit of 100 less 3 reserved)"},
		"as many as fit":        {Budget{Pods: 10, Pool: 10, Limit: 100}, true, "10 pods × 10 connections (database.pool) = 100, of 100 (the server's limit of 100)"},
		"one too many":          {Budget{Pods: 10, Pool: 10, Limit: 100, Reserved: 1}, false, "10 pods × 10 connections (database.pool) = 100, of 99 (the server's limit of 100 less 1 reserved)"},
		"too many in a rollout": {Budget{Pods: 9, Surge: 3, Pool: 10, Limit: 100}, false, "(9 pods + 3 during a rollout) × 10 connections (database.pool) = 120, of 100 (the server's limit of 100)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := tc.budget.Sufficient(); got != tc.wantSufficient {
				t.Errorf("sufficient is %t, want %t", got, tc.wantSufficient)
			}
			if diff := cmp.Diff(tc.want, tc.budget.String()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
