// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"

	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/condition"
	operator "github.com/atoll-dev/atoll/internal/controller"
)

// TestExpressionsNameWhatExists checks that each alert selects metrics, labels, conditions and
// reasons that exist.
func TestExpressionsNameWhatExists(t *testing.T) {
	known := gatherMetrics(t)
	for _, a := range readAlerts(t) {
		checkExpression(t, a.Name, a.Expr, known)
	}
}

// checkExpression reports what an expression selects and does not exist.
func checkExpression(t *testing.T, name, expr string, known map[string]labelNames) {
	t.Helper()
	parsed, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	for _, selector := range parser.ExtractSelectors(parsed) {
		metric := ""
		for _, m := range selector {
			if m.Name == model.MetricNameLabel {
				metric = m.Value
			}
		}
		of, found := known[metric]
		if !found {
			t.Errorf("%s: the metric %s does not exist", name, metric)
			continue
		}
		for _, m := range selector {
			switch {
			case m.Name == model.MetricNameLabel:
			case !of[m.Name]:
				t.Errorf("%s: the metric %s has no label %s", name, metric, m.Name)
			case m.Name == "condition":
				checkValues(t, name, m, conditionTypes())
			case m.Name == "reason":
				checkValues(t, name, m, reasons(t))
			case m.Name == "result":
				checkValues(t, name, m, results())
			case metric == "leader_election_master_status" && m.Name == "name":
				checkValues(t, name, m, []string{operator.LeaderElectionID})
			}
		}
	}
}

// checkValues reports alternatives of a matcher that are not among the known values.
func checkValues(t *testing.T, name string, m *labels.Matcher, known []string) {
	t.Helper()
	for value := range strings.SplitSeq(m.Value, "|") {
		if !slices.Contains(known, value) && !strings.HasPrefix(value, "$") {
			t.Errorf("%s: no %s is %q", name, m.Name, value)
		}
	}
}

func results() []string {
	var all []string
	for _, result := range apply.Results {
		all = append(all, string(result))
	}
	return all
}

func conditionTypes() []string {
	var types []string
	for i := range condition.Types {
		types = append(types, condition.Types[i].Name)
	}
	return types
}

// reasons returns the reasons that the API declares.
func reasons(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile(root + "/api/v1alpha1/condition_types.go")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, declared := range regexp.MustCompile(`(?m)^\tReason\w+ = "(\w+)"`).FindAllStringSubmatch(string(text), -1) {
		all = append(all, declared[1])
	}
	return all
}
