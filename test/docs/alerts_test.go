// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"
)

// TestAlertsMatchTheRules compares the names and severities of the alerts in docs/metrics.md with
// config/prometheus/rules.yaml, in the same order.
func TestAlertsMatchTheRules(t *testing.T) {
	var object struct {
		Spec struct {
			Groups []struct {
				Rules []struct {
					Alert  string            `json:"alert"`
					Labels map[string]string `json:"labels"`
				} `json:"rules"`
			} `json:"groups"`
		} `json:"spec"`
	}
	if err := yaml.Unmarshal([]byte(read(t, "config/prometheus/rules.yaml")), &object); err != nil {
		t.Fatal(err)
	}
	var want, got [][]string
	for _, group := range object.Spec.Groups {
		for _, rule := range group.Rules {
			want = append(want, []string{rule.Alert, rule.Alert, rule.Labels["severity"]})
		}
	}
	row := regexp.MustCompile(`(?m)^\| \[(\w+)\]\(runbooks/(\w+)\.md\) \| (\w+) \|`)
	for _, match := range row.FindAllStringSubmatch(read(t, "docs/metrics.md"), -1) {
		got = append(got, match[1:])
	}
	if diff := cmp.Diff(want, got); diff != "" || len(want) == 0 {
		t.Errorf("the alerts in docs/metrics.md (-rules +document):\n%s", diff)
	}
}
