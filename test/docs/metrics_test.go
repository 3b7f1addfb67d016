// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"fmt"
	"strings"
	"testing"

	"github.com/atoll-dev/atoll/internal/metrics"
)

// TestMetricsMatchTheTable compares the table in docs/metrics.md with metrics.Table, which a
// test of that package compares with what is registered.
func TestMetricsMatchTheTable(t *testing.T) {
	want := []string{"| metric | type | labels | series | meaning |", "|---|---|---|---|---|"}
	for _, m := range metrics.Table {
		want = append(want, fmt.Sprintf("| `%s` | %s | %s | %s | %s |", m.Name, m.Type, strings.Join(m.Labels, ", "), m.Series, m.Help))
	}
	compareTable(t, "docs/metrics.md", "Metrics of Atoll", want)
}
