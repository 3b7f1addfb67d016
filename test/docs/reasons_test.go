// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package docs

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestReasonsAreExpected checks that a test expects each reason. A test that only passes
// a reason as input does not count.
func TestReasonsAreExpected(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^\t(Reason\w+) = "`).FindAllStringSubmatch(read(t, "api/v1alpha1/condition_types.go"), -1)
	if len(declared) < 30 {
		t.Fatalf("found %d reasons in condition_types.go, want at least 30", len(declared))
	}
	expected := map[string]bool{}
	for _, folder := range []string{"internal", "test"} {
		err := filepath.WalkDir(filepath.Join(root, folder), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			collectExpectedReasons(file, expected)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, reason := range declared {
		if !expected[reason[1]] {
			t.Errorf("no test expects v1alpha1.%s", reason[1])
		}
	}
}

// collectExpectedReasons adds the reasons that a file uses in expectations.
func collectExpectedReasons(file *ast.File, found map[string]bool) {
	var parents []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			parents = parents[:len(parents)-1]
			return true
		}
		if name := nameOf(n); strings.HasPrefix(name, "Reason") && slices.ContainsFunc(parents, isExpectation) {
			found[name] = true
		}
		parents = append(parents, n)
		return true
	})
}

// isExpectation reports whether a test expects the values inside a node: the node is a
// comparison, a call of a comparing function, or a want field of a test table.
func isExpectation(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.BinaryExpr:
		return n.Op == token.EQL || n.Op == token.NEQ
	case *ast.CallExpr:
		return slices.Contains([]string{"Equal", "eventuallyHas"}, nameOf(n.Fun))
	case *ast.CompositeLit:
		return n.Type != nil && slices.Contains([]string{"Health", "wantCondition"}, nameOf(n.Type))
	case *ast.KeyValueExpr:
		return strings.HasPrefix(nameOf(n.Key), "want")
	}
	return false
}

// nameOf returns the name of an identifier, or of the selected field or method.
func nameOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Ident:
		return n.Name
	case *ast.SelectorExpr:
		return n.Sel.Name
	}
	return ""
}
