// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestPoliciesAreThoseOfConfig checks that the values name each admission policy, so that
// none is missing for users of the chart.
func TestPoliciesAreThoseOfConfig(t *testing.T) {
	var want []string
	for _, o := range kustomization(t, "policy", nil) {
		if o["kind"] == "ValidatingAdmissionPolicy" {
			want = append(want, o["metadata"].(object)["name"].(string))
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(defaults(t)["policies"].(object)))); diff != "" {
		t.Errorf("policies (-config +values.yaml):\n%s", diff)
	}
}

// TestEveryObjectHasTheLabels checks the labels of the release and those of the user.
func TestEveryObjectHasTheLabels(t *testing.T) {
	for _, o := range defaultRelease(everything).objects(t) {
		metadata := o["metadata"].(object)
		labels, _ := metadata["labels"].(object)
		if labels["app.kubernetes.io/instance"] != "atoll" || labels["app.kubernetes.io/managed-by"] != "Helm" || labels["team"] != "platform" {
			t.Errorf("%s %s has the labels %v", o["kind"], metadata["name"], labels)
		}
	}
}
