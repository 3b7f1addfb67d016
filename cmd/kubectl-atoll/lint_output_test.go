// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/atoll-dev/atoll/config/crd"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

const lintFolder = "testdata/lint/shop"

// TestLintFormats compares the formats of lint with golden files.
func TestLintFormats(t *testing.T) {
	for format, file := range map[string]string{"": "lint.txt", "text": "lint.txt", "json": "lint.json", "sarif": "lint.sarif", "junit": "lint.xml"} {
		got := runPlugin(t, nil, "", "lint", "-f", lintFolder, "-o", format)
		if got.code != 1 || got.err != "" {
			t.Errorf("-o %q: exit code %d and error output %q, want 1 and none", format, got.code, got.err)
		}
		golden(t, filepath.Join("lint", file), got.out)
	}
}

// TestLintExitCodes checks the exit code of lint, and that a report is written in each format
// even if there is nothing to report.
func TestLintExitCodes(t *testing.T) {
	const good = "apiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: a}\nspec: {image: x:1"
	for name, tc := range map[string]struct {
		input    string
		args     []string
		wantCode int
		wantErr  string
	}{
		"no finding":        {input: good + "}\n", args: []string{"-f", "-"}},
		"only a warning":    {input: good + ", dependencies: [{name: b}]}\n", args: []string{"-f", "-"}},
		"an error":          {input: good + ", replicas: 2}\n", args: []string{"-f", "-"}, wantCode: 1},
		"no object":         {input: "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n", args: []string{"-f", "-"}, wantCode: 2, wantErr: "error: no Microservice and no Topology among 1 object\n"},
		"no YAML":           {input: "a: b: c\n", args: []string{"-f", "-"}, wantCode: 2, wantErr: "error: "},
		"no such file":      {args: []string{"-f", "testdata/absent.yaml"}, wantCode: 2, wantErr: "error: "},
		"no input":          {wantCode: 2, wantErr: "error: no input: name a file with -f, or a kustomization with -k\n"},
		"an unknown format": {input: good, args: []string{"-f", "-", "-o", "xml"}, wantCode: 2, wantErr: "error: invalid value \"xml\" for -o; the formats are json, junit, sarif, text\n"},
	} {
		for format := range lintFormats {
			got := runPlugin(t, nil, tc.input, append([]string{"lint", "-o", format}, tc.args...)...)
			if got.code != tc.wantCode || !strings.HasPrefix(got.err, tc.wantErr) {
				t.Errorf("%s, -o %s: exit code %d and %q, want %d and %q", name, format, got.code, got.err, tc.wantCode, tc.wantErr)
			}
			if reported := got.out != ""; reported != (tc.wantCode < 2) {
				t.Errorf("%s, -o %s: the output is %q", name, format, got.out)
			}
		}
	}
}

// TestLintOfStandardInput checks that findings in standard input have their lines.
func TestLintOfStandardInput(t *testing.T) {
	got := runPlugin(t, nil, "---\napiVersion: atoll.dev/v1alpha1\nkind: Microservice\nmetadata: {name: a}\nspec:\n  imag: x:1\n", "lint", "-f", "-", "-o", "json")
	var report struct{ Findings []offline.Finding }
	if err := json.Unmarshal([]byte(got.out), &report); err != nil {
		t.Fatal(err)
	}
	if at := report.Findings[0].Position; at != (offline.Position{Line: 6, Column: 3}) {
		t.Errorf("the first finding is at %v, want line 6, column 3", at)
	}
}

// TestLintPlaces shows for each bad input where the findings of lint are, with the text there.
func TestLintPlaces(t *testing.T) {
	schemas, err := offline.NewSchemas(crd.Bases)
	if err != nil {
		t.Fatal(err)
	}
	var places strings.Builder
	for _, c := range readBadInputs(t) {
		o := &lintOptions{plugin: offlinePlugin(c, genericiooptions.NewTestIOStreamsDiscard())}
		o.Filenames = []string{c.file("input.yaml")}
		sources, err := o.readSources(o.plugin)
		if err != nil {
			continue
		}
		offline.SetPositions(sources, o.textOf)
		report, err := offline.Lint(t.Context(), schemas, sources)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(string(o.textOf(c.file("input.yaml"))), "\n")
		for i := range report.Findings {
			f := &report.Findings[i]
			if f.Line == 0 {
				t.Errorf("%s: the finding has no line: %s", c.name, f.String())
				continue
			}
			fmt.Fprintf(&places, "%s: %s %s %d:%d %s\n", c.name, c.field, f.Code, f.Line, f.Column, lines[f.Line-1][f.Column-1:])
		}
	}
	golden(t, "lint/places.txt", places.String())
}

// TestSARIFArtifacts checks the URIs of sources.
func TestSARIFArtifacts(t *testing.T) {
	directory, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for source, want := range map[string]sarifArtifact{
		"shop/orders.yaml":                     {"shop/orders.yaml", "%SRCROOT%"},
		"./shop/my orders.yaml":                {"shop/my%20orders.yaml", "%SRCROOT%"},
		filepath.Join(directory, "a/b.yaml"):   {"a/b.yaml", "%SRCROOT%"},
		"../../config/samples":                 {"../../config/samples/kustomization.yaml", "%SRCROOT%"},
		"/elsewhere/b.yaml":                    {"file:///elsewhere/b.yaml", ""},
		"https://example.com/shop/orders.yaml": {"https://example.com/shop/orders.yaml", ""},
	} {
		if got := sarifArtifactOf(source); got != want {
			t.Errorf("%q is %v, want %v", source, got, want)
		}
	}
}
