// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// TestConditionsMatchTheTable compares the table of conditions in docs/status.md with
// condition.Types, row by row and in the same order.
func TestConditionsMatchTheTable(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "docs/status.md"), "## Conditions\n\n")
	table, _, found := strings.Cut(section, "\n\n")
	if !found {
		t.Fatal(`docs/status.md has no table in the section "Conditions"`)
	}
	want := []string{"| condition | about | present | decides Ready |", "|---|---|---|---|"}
	for i := range condition.Types {
		c := &condition.Types[i]
		want = append(want, fmt.Sprintf("| %s | %s | %s | %s |", c.Name, c.About, c.Present, decidesReady(c)))
	}
	if diff := cmp.Diff(want, strings.Split(table, "\n")); diff != "" {
		t.Errorf("docs/status.md differs from condition.Types (-table +document):\n%s\nThe table is:\n%s", diff, strings.Join(want, "\n"))
	}
}

// decidesReady returns the last cell of a condition's row.
func decidesReady(c *condition.Type) string {
	switch {
	case c.Name == v1alpha1.ConditionReady, c.Name == v1alpha1.ConditionReconciling, c.Name == v1alpha1.ConditionStalled:
		return "summary"
	case !c.DecidesReady:
		return "no"
	case len(c.Unless) > 0:
		return "yes, except with " + strings.Join(c.Unless, " or ")
	}
	return "yes"
}
