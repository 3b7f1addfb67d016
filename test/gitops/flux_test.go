// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops

import (
	"path/filepath"
	"testing"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/google/cel-go/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

const (
	// noStatus is an object that no cluster with Atoll's CRDs has: their default for status has
	// observedGeneration. Flux can't evaluate an expression about status without one.
	noStatus = "testdata/no_status.yaml"
	// noConditions is an object that no cluster has: Atoll writes the generation and the
	// conditions together. Without expressions, Flux takes it for current.
	noConditions = "testdata/no_conditions.yaml"
)

// fluxStatus is the status of Flux for each health of Argo CD.
var fluxStatus = map[string]status.Status{
	"Healthy": status.CurrentStatus, "Suspended": status.CurrentStatus, "Degraded": status.FailedStatus, "Progressing": status.InProgressStatus,
}

// healthCheckExpr is an entry of healthCheckExprs of a Kustomization of Flux.
type healthCheckExpr struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	InProgress string `json:"inProgress"`
	Failed     string `json:"failed"`
	Current    string `json:"current"`
}

// TestToolsAgree checks that Flux, with the expressions of the samples and without, says the same
// of each object of testdata as Argo CD.
func TestToolsAgree(t *testing.T) {
	compared := 0
	for _, path := range glob(t, filepath.Join(samples, "gitops", "flux", "shop-*.yaml")) {
		var kustomization struct {
			Spec struct {
				HealthCheckExprs []healthCheckExpr `json:"healthCheckExprs"`
			} `json:"spec"`
		}
		readObjectInto(t, path, &kustomization)
		expressions := map[string]healthCheckExpr{}
		for _, expr := range kustomization.Spec.HealthCheckExprs {
			if expr.APIVersion != "atoll.dev/v1alpha1" {
				t.Errorf("%s: healthCheckExprs have apiVersion %q", path, expr.APIVersion)
			}
			expressions[expr.Kind] = expr
		}
		for _, kind := range kinds {
			expr, found := expressions[kind]
			if !found {
				t.Fatalf("%s has no healthCheckExprs for %s", path, kind)
			}
			for _, test := range healthTests(t, kind) {
				if test.InputPath == noStatus {
					continue
				}
				compared++
				t.Run(filepath.Base(path)+"/"+kind+"/"+test.InputPath, func(t *testing.T) {
					want := fluxStatus[test.HealthStatus.Status]
					object := readObject(t, filepath.Join(customizations, kind, test.InputPath))
					if got := evaluate(t, expr, object); got != want {
						t.Errorf("healthCheckExprs say %s, want %s", got, want)
					}
					if got := withoutExpressions(t, object); got != want && test.InputPath != noConditions {
						t.Errorf("kstatus says %s, want %s", got, want)
					}
				})
			}
		}
	}
	if compared < 20 {
		t.Errorf("compared %d objects, want at least 20", compared)
	}
}

// TestNewObjectsHaveAStatus checks that the CRDs give each new object a status, which expressions
// of Flux and kstatus need.
func TestNewObjectsHaveAStatus(t *testing.T) {
	for _, path := range glob(t, root+"/config/crd/bases/*.yaml") {
		versions, _, err := unstructured.NestedSlice(readObject(t, path), "spec", "versions")
		if err != nil || len(versions) != 1 {
			t.Fatalf("%s has %d versions, want 1: %v", path, len(versions), err)
		}
		observed, _, err := unstructured.NestedInt64(versions[0].(map[string]any), "schema", "openAPIV3Schema", "properties", "status", "default", "observedGeneration")
		if err != nil || observed != -1 {
			t.Errorf("%s: the default of status.observedGeneration is %d (%v), want -1", path, observed, err)
		}
	}
}

// evaluate evaluates expressions as Flux does: it compares the generations, and the first
// expression that is true decides.
func evaluate(t *testing.T, expr healthCheckExpr, object map[string]any) status.Status {
	t.Helper()
	observed, found, err := unstructured.NestedInt64(object, "status", "observedGeneration")
	if err != nil {
		t.Fatal(err)
	}
	if found {
		generation, known, err := unstructured.NestedInt64(object, "metadata", "generation")
		if err != nil {
			t.Fatal(err)
		}
		if known && observed != generation {
			return status.InProgressStatus
		}
	}
	for _, step := range []struct {
		expression string
		status     status.Status
	}{{expr.InProgress, status.InProgressStatus}, {expr.Failed, status.FailedStatus}, {expr.Current, status.CurrentStatus}} {
		if step.expression != "" && isTrue(t, step.expression, object) {
			return step.status
		}
	}
	return status.InProgressStatus
}

// isTrue evaluates a CEL expression whose variables are the fields of an object.
func isTrue(t *testing.T, expression string, object map[string]any) bool {
	t.Helper()
	environment, err := cel.NewEnv()
	if err != nil {
		t.Fatal(err)
	}
	parsed, issues := environment.Parse(expression)
	if issues.Err() != nil {
		t.Fatal(issues.Err())
	}
	program, err := environment.Program(parsed)
	if err != nil {
		t.Fatal(err)
	}
	value, _, err := program.ContextEval(t.Context(), object)
	if err != nil {
		t.Fatalf("evaluating %q: %v", expression, err)
	}
	result, isBool := value.Value().(bool)
	if !isBool {
		t.Fatalf("%q is no condition: %v", expression, value)
	}
	return result
}

// withoutExpressions returns what Flux says of a kind without expressions. The deletion of an
// object counts as progress.
func withoutExpressions(t *testing.T, object map[string]any) status.Status {
	t.Helper()
	result, err := status.Compute(&unstructured.Unstructured{Object: object})
	if err != nil {
		t.Fatal(err)
	}
	if result.Status == status.TerminatingStatus {
		return status.InProgressStatus
	}
	return result.Status
}
