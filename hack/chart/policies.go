// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// checkPolicies returns an error unless the chart has a value for each admission policy, and none
// for another one. A template whose value is missing would leave the policy out.
func checkPolicies(chart string, objects []object) error {
	var want []string
	for _, o := range objects {
		if o.kind() == "ValidatingAdmissionPolicy" {
			want = append(want, strings.TrimPrefix(o.name(), namePrefix))
		}
	}
	slices.Sort(want)
	var values struct {
		Policies map[string]any `json:"policies"`
	}
	var schema struct {
		Properties struct {
			Policies struct {
				Properties map[string]any `json:"properties"`
			} `json:"policies"`
		} `json:"properties"`
	}
	for file, into := range map[string]any{"values.yaml": &values, "values.schema.json": &schema} {
		text, err := os.ReadFile(filepath.Join(chart, file))
		if err != nil {
			return err
		}
		if err := yaml.Unmarshal(text, into); err != nil {
			return fmt.Errorf("reading %s of the chart: %w", file, err)
		}
	}
	for file, has := range map[string]map[string]any{"values.yaml": values.Policies, "values.schema.json": schema.Properties.Policies.Properties} {
		if got := slices.Sorted(maps.Keys(has)); !slices.Equal(got, want) {
			return fmt.Errorf("policies in %s of the chart are %v, and config/policy has %v", file, got, want)
		}
	}
	return nil
}
