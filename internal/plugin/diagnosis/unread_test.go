// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// TestUnreadKindsAreNotMissing checks that a finding does not claim that an object is missing
// which the user may not read.
func TestUnreadKindsAreNotMissing(t *testing.T) {
	unread := func(kind string, w world) world {
		return w.with(func(e *Evidence) { e.Unread = []string{kind} })
	}
	migration := func() world {
		return newWorld().database().job(PartMigration, batchv1.JobFailed).unready(v1alpha1.ConditionDatabaseMigrated, v1alpha1.ReasonMigrationFailed, "").
			pods(pod("m", v1alpha1.ComponentMigration, failed("no such column: price")))
	}
	for name, tc := range map[string]struct {
		world        world
		fault, wrong string
	}{
		"the Deployment during a failed migration": {
			unread("Deployments", migration().undeployed()), "MigrationFailed", "no pod serves"},
		"the pods of a database": {
			unread("Pods", newWorld().database().unready(databaseOf, v1alpha1.ReasonUnavailable, "")), Unrecognised, "has no pod"},
		"the StatefulSet of a database": {
			unread("StatefulSets", newWorld().unready(databaseOf, v1alpha1.ReasonUnavailable, `StatefulSet "orders-db" has no ready pod`)), "DatabaseDown", "operator"},
	} {
		t.Run(name, func(t *testing.T) {
			root := Diagnose(tc.world.Evidence).Root()
			if root == nil || root.Fault != tc.fault || strings.Contains(root.Cause+root.Remedy, tc.wrong) {
				t.Errorf("the fault is %+v, want %s without %q", root, tc.fault, tc.wrong)
			}
		})
	}
}
