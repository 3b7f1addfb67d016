/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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

// TestReasonsAreExpected looks for a test that expects each reason. That a test
// only hands a reason to what it tests does not count.
func TestReasonsAreExpected(t *testing.T) {
	declared := regexp.MustCompile(`(?m)^\t(Reason\w+) = "`).FindAllStringSubmatch(read(t, "api/v1alpha1/condition_types.go"), -1)
	if len(declared) < 30 {
		t.Fatalf("found %d reasons, want those of condition_types.go", len(declared))
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
			expectedReasons(file, expected)
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

// expectedReasons adds the reasons that a file names where it says what it
// expects.
func expectedReasons(file *ast.File, found map[string]bool) {
	var around []ast.Node
	ast.Inspect(file, func(n ast.Node) bool {
		if n == nil {
			around = around[:len(around)-1]
			return true
		}
		if name := nameOf(n); strings.HasPrefix(name, "Reason") && slices.ContainsFunc(around, expects) {
			found[name] = true
		}
		around = append(around, n)
		return true
	})
}

// expects says whether what stands inside a node is something that a test
// expects: it is compared, it is an argument of a function that compares, or it
// is in a field of a table that says what is wanted.
func expects(n ast.Node) bool {
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

// nameOf is an identifier's name, or that of what is selected.
func nameOf(n ast.Node) string {
	switch n := n.(type) {
	case *ast.Ident:
		return n.Name
	case *ast.SelectorExpr:
		return n.Sel.Name
	}
	return ""
}
