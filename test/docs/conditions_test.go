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
// condition.Conditions, row by row and in the same order.
func TestConditionsMatchTheTable(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "docs/status.md"), "## Conditions\n\n")
	table, _, found := strings.Cut(section, "\n\n")
	if !found {
		t.Fatal(`docs/status.md has no table in the section "Conditions"`)
	}
	want := []string{"| condition | about | present | decides Ready |", "|---|---|---|---|"}
	for i := range condition.Conditions {
		c := &condition.Conditions[i]
		want = append(want, fmt.Sprintf("| %s | %s | %s | %s |", c.Name, c.About, c.Present, decidesReady(c)))
	}
	if diff := cmp.Diff(want, strings.Split(table, "\n")); diff != "" {
		t.Errorf("docs/status.md differs from condition.Conditions (-table +document):\n%s\nThe table is:\n%s", diff, strings.Join(want, "\n"))
	}
}

// decidesReady returns the last cell of a condition's row.
func decidesReady(c *condition.ConditionType) string {
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
