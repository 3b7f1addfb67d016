// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package ci

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// TestSARIFIsValid validates the reports of good and bad files with the schema of SARIF 2.1.0, and
// checks what GitHub demands beyond it.
func TestSARIFIsValid(t *testing.T) {
	schema := sarifSchema(t)
	for file, wantResults := range map[string]int{root + "/cmd/kubectl-atoll/testdata/lint/shop": 7, root + "/config/samples/users.yaml": 1} {
		text, err := exec.Command(plugin, "lint", "-f", file, "-o", "sarif").Output()
		if failed := (*exec.ExitError)(nil); err != nil && (!errors.As(err, &failed) || failed.ExitCode() != 1) {
			t.Fatal(err)
		}
		validateSARIF(t, schema, text)
		report, err := sarif.FromBytes(text)
		if err != nil {
			t.Fatal(err)
		}
		results := report.Runs[0].Results
		if len(results) != wantResults {
			t.Errorf("%s has %d results, want %d", file, len(results), wantResults)
		}
		for _, result := range results {
			checkSARIFResult(t, report.Runs[0], result)
		}
	}
}

// TestSARIFSchemaRefuses checks that the validation can fail.
func TestSARIFSchemaRefuses(t *testing.T) {
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(`{"version": "2.1.0", "runs": [{"tool": {"driver": {"name": "a"}}, "results": [{"level": "fatal", "message": {"text": "b"}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if err := sarifSchema(t).Validate(document); err == nil {
		t.Error("the schema accepts an unknown level")
	}
}

func validateSARIF(t *testing.T, schema *jsonschema.Schema, text []byte) {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	if err := schema.Validate(document); err != nil {
		t.Errorf("%v in\n%s", err, text)
	}
}

// checkSARIFResult checks that a result has a message, its own rule, and a line.
func checkSARIFResult(t *testing.T, run *sarif.Run, result *sarif.Result) {
	t.Helper()
	rule := run.Tool.Driver.Rules[result.RuleIndex]
	if *rule.ID != *result.RuleID || *rule.HelpURI == "" || *rule.Help.Text == "" || *result.Message.Text == "" {
		t.Errorf("the result %s has the rule %s with help %q", *result.RuleID, *rule.ID, *rule.HelpURI)
	}
	place := result.Locations[0].PhysicalLocation
	if *place.ArtifactLocation.URI == "" || *place.Region.StartLine < 1 || *place.Region.StartColumn < 1 {
		t.Errorf("the result %s has the place %v", *result.RuleID, place)
	}
}

// sarifSchema returns the published schema of SARIF 2.1.0, which the library has as a constant. The
// library itself validates only reports that it has written.
func sarifSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	folder, err := exec.Command("go", "list", "-f", "{{.Dir}}", "github.com/owenrumney/go-sarif/v3/pkg/report/v210/sarif").Output()
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), filepath.Join(strings.TrimSpace(string(folder)), "schema.go"), nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	ast.Inspect(file, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING && len(literal.Value) > len(text) {
			text = literal.Value
		}
		return true
	})
	if text, err = strconv.Unquote(text); err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("sarif.json", document); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("sarif.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
