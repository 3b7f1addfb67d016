// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"testing"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/config/crd"
)

// TestPathOnPortWithoutHTTP checks that a path is refused on a first port of another protocol,
// and that an object that was stored with one can still be changed.
func TestPathOnPortWithoutHTTP(t *testing.T) {
	schemas, err := NewSchemas(crd.Bases)
	if err != nil {
		t.Fatal(err)
	}
	const (
		head = "apiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: users, namespace: shop}\nspec: "
		grpc = head + "{image: users, probes: {path: /healthz}, ports: [{name: grpc, port: 80, protocol: GRPC}]}"
		tcp  = head + "{image: users, probes: {path: /healthz}, ports: [{name: tcp, port: 80, protocol: TCP}, {name: http, port: 81}]}"
		http = head + "{image: users, probes: {path: /healthz}, ports: [{name: http, port: 80}, {name: grpc, port: 81, protocol: GRPC}]}"
		none = head + "{image: users, probes: {path: /healthz}}"
		bare = head + "{image: users, ports: [{name: grpc, port: 80, protocol: GRPC}]}"
	)
	of := schemas[schema.GroupVersionKind{Group: v1alpha1.GroupVersion.Group, Version: v1alpha1.GroupVersion.Version, Kind: "Microservice"}]
	for name, tc := range map[string]struct {
		object, old string
		refused     bool
	}{
		"a GRPC port":                          {object: grpc, refused: true},
		"a TCP port":                           {object: tcp, refused: true},
		"an HTTP port":                         {object: http},
		"no ports":                             {object: none},
		"a GRPC port without a path":           {object: bare},
		"a GRPC port that had the path before": {object: grpc, old: grpc},
		"a path that is added":                 {object: grpc, old: bare, refused: true},
		"an HTTP port that becomes another":    {object: tcp, old: http, refused: true},
	} {
		t.Run(name, func(t *testing.T) {
			read := func(document string) any {
				if document == "" {
					return nil
				}
				text, err := yaml.YAMLToJSON([]byte(document))
				if err != nil {
					t.Fatal(err)
				}
				o := map[string]any{}
				if err := json.Unmarshal(text, &o); err != nil {
					t.Fatal(err)
				}
				return o
			}
			errs, _ := of.rules.Validate(t.Context(), nil, of.structural, read(tc.object), read(tc.old), celconfig.RuntimeCELCostBudget)
			if refused := len(errs) > 0; refused != tc.refused {
				t.Errorf("refused is %v, want %v: %v", refused, tc.refused, errs)
			}
			for _, err := range errs {
				if err.Field != "spec.probes" {
					t.Errorf("the field is %q", err.Field)
				}
			}
		})
	}
}
