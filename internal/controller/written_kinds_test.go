// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/util/yaml"
)

// TestWrittenKinds compares the kinds whose writes Atoll counts with those that it may create. The
// claim of a database is created by its StatefulSet; Atoll only changes it.
func TestWrittenKinds(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "rbac", "role.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"persistentvolumeclaims"}
	documents := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(text), 4096)
	for {
		var role rbacv1.ClusterRole
		if err := documents.Decode(&role); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		for _, rule := range role.Rules {
			if slices.Contains(rule.Verbs, "create") && !slices.Contains(rule.APIGroups, "events.k8s.io") {
				want = append(want, rule.Resources...)
			}
		}
	}
	slices.Sort(want)
	var got []string
	for _, kind := range writtenKinds() {
		got = append(got, strings.Replace(strings.ToLower(kind)+"s", "policys", "policies", 1))
	}
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
