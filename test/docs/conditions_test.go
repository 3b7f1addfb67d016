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
	want := []string{"| condition | about | present | decides Ready |", "|---|---|---|---|"}
	for i := range condition.Types {
		c := &condition.Types[i]
		want = append(want, fmt.Sprintf("| %s | %s | %s | %s |", c.Name, c.About, c.Present, decidesReady(c)))
	}
	compareTable(t, "docs/status.md", "Conditions", want)
}

// compareTable compares the table below a heading of a document with the lines that it is to have.
func compareTable(t *testing.T, document, heading string, want []string) {
	t.Helper()
	_, section, _ := strings.Cut(read(t, document), "## "+heading+"\n\n")
	table, _, found := strings.Cut(section, "\n\n")
	if !found {
		t.Fatalf("%s has no table in the section %q", document, heading)
	}
	if diff := cmp.Diff(want, strings.Split(table, "\n")); diff != "" {
		t.Errorf("the table in the section %q of %s (-wanted +document):\n%s\nThe table is:\n%s", heading, document, diff, strings.Join(want, "\n"))
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
