// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/internal/metrics"
)

// TestMetricsMatchTheTable compares the table in docs/metrics.md with metrics.Table, which a
// test of that package compares with what is registered.
func TestMetricsMatchTheTable(t *testing.T) {
	_, section, _ := strings.Cut(read(t, "docs/metrics.md"), "## Metrics of Atoll\n\n")
	table, _, found := strings.Cut(section, "\n\n")
	if !found {
		t.Fatal(`docs/metrics.md has no table in the section "Metrics of Atoll"`)
	}
	want := []string{"| metric | type | labels | series | meaning |", "|---|---|---|---|---|"}
	for _, m := range metrics.Table {
		want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s | %s |", m.Name, m.Type, strings.Join(m.Labels, ", "), m.Series, m.Help))
	}
	if diff := cmp.Diff(want, strings.Split(table, "\n")); diff != "" {
		t.Errorf("docs/metrics.md differs from metrics.Table (-table +document):\n%s\nThe table is:\n%s", diff, strings.Join(want, "\n"))
	}
}
