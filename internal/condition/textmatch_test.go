// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package condition_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/atoll-dev/atoll/"

// messageTexts are the types that hold the text of a message, and the fields and
// methods that return it.
var messageTexts = map[string][]string{
	"k8s.io/apimachinery/pkg/apis/meta/v1.Condition": {"Message"},
	module + "internal/condition.Message":            {"Cause", "Remedy", "String"},
	module + "internal/condition.Problem":            {"Error"},
}

// textOnly are the functions of package strings that take no decision.
var textOnly = []string{"Join", "Map", "Repeat", "ToLower", "ToUpper", "ToValidUTF8", "TrimSpace"}

// TestNothingDecidesFromMessages fails where code takes the text of a condition's
// message apart, or compares it with a constant. A caller that needs a part of a
// message reads it from the fields of condition.Message; ParseMessage returns them.
func TestNothingDecidesFromMessages(t *testing.T) {
	found := map[string]bool{}
	for _, pkg := range load(t) {
		if pkg.path == module+"internal/condition" {
			continue
		}
		for _, use := range pkg.decisions() {
			found[use] = true
		}
	}
	for _, use := range slices.Sorted(maps.Keys(found)) {
		t.Errorf("%s: decides from the text of a condition's message: read the fields of condition.Message instead", use)
	}
}

// TestDecisionsAreFound checks the check.
func TestDecisionsAreFound(t *testing.T) {
	const source = `package p

import (
	"regexp"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/internal/condition"
)

var words = regexp.MustCompile("x")

func decide(c *metav1.Condition, h condition.Health, p *condition.Problem) bool {
	text := strings.ToLower(c.Message)
	cause, _, _ := strings.Cut(h.Message.String(), ";") // line 16
	switch text {
	case "gone": // line 18
		return true
	}
	return cause != "" ||
		strings.HasPrefix(text, "Topology ") || // line 22
		words.MatchString("a "+c.Message) || // line 23
		c.Message == "gone" || // line 24
		"gone" != p.Error() || // line 25
		strings.Contains(h.Message.Cause, "x") // line 26
}

func report(c, before *metav1.Condition) (string, bool) {
	m := condition.ParseMessage(c.Message)
	return strings.TrimSpace(c.Message) + strings.Join([]string{c.Message}, ""), m.Remedy == "" && c.Message != before.Message && m.Object.Kind == "Secret"
}
`
	dir := t.TempDir()
	file := filepath.Join(dir, "p.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		t.Fatal(err)
	}
	_, exports := list(t)
	pkg := check(t, "p", []string{file}, exports)
	var lines []string
	for _, use := range pkg.decisions() {
		lines = append(lines, strings.Split(use, ":")[1])
	}
	if want := []string{"16", "18", "22", "23", "24", "25", "26"}; !slices.Equal(lines, want) {
		t.Errorf("decisions are found in lines %q, want %q", lines, want)
	}
}

// checked is a package with the types of its expressions.
type checked struct {
	path  string
	fset  *token.FileSet
	files []*ast.File
	info  *types.Info
}

type listedPackage struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	DepOnly                 bool
}

// listOnce runs the go command, which builds the exported types of the packages.
var listOnce = sync.OnceValues(func() ([]byte, error) {
	command := exec.Command("go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,DepOnly", "./api/...", "./cmd/...", "./internal/...")
	command.Dir, command.Stderr = "../..", os.Stderr
	return command.Output()
})

// list returns the packages of the module, and the files of the exported types of
// these and of their dependencies.
func list(t *testing.T) (own []listedPackage, exports map[string]string) {
	t.Helper()
	output, err := listOnce()
	if err != nil {
		t.Fatal(err)
	}
	exports = map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var one listedPackage
		if err := decoder.Decode(&one); errors.Is(err, io.EOF) {
			return own, exports
		} else if err != nil {
			t.Fatal(err)
		}
		if exports[one.ImportPath] = one.Export; !one.DepOnly {
			own = append(own, one)
		}
	}
}

// load checks the types of all packages of the module, without their tests.
func load(t *testing.T) []*checked {
	t.Helper()
	own, exports := list(t)
	var all []*checked
	for _, one := range own {
		var files []string
		for _, file := range one.GoFiles {
			files = append(files, filepath.Join(one.Dir, file))
		}
		all = append(all, check(t, one.ImportPath, files, exports))
	}
	return all
}

func check(t *testing.T, path string, files []string, exports map[string]string) *checked {
	t.Helper()
	pkg := &checked{path: path, fset: token.NewFileSet(), info: &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}, Selections: map[*ast.SelectorExpr]*types.Selection{}}}
	for _, file := range files {
		parsed, err := parser.ParseFile(pkg.fset, file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		pkg.files = append(pkg.files, parsed)
	}
	config := types.Config{Importer: importer.ForCompiler(pkg.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })}
	if _, err := config.Check(path, pkg.fset, pkg.files, pkg.info); err != nil {
		t.Fatal(err)
	}
	return pkg
}

// decisions returns the places where the package decides from the text of a message.
func (p *checked) decisions() []string {
	var found []string
	for _, file := range p.files {
		holds := p.variables(file)
		add := func(node ast.Node) { found = append(found, p.fset.Position(node.Pos()).String()) }
		ast.Inspect(file, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CallExpr:
				if p.matches(node) && slices.ContainsFunc(node.Args, func(arg ast.Expr) bool { return p.isText(arg, holds) }) {
					add(node)
				}
			case *ast.BinaryExpr:
				if (node.Op == token.EQL || node.Op == token.NEQ) && (p.isText(node.X, holds) && p.isWord(node.Y) || p.isText(node.Y, holds) && p.isWord(node.X)) {
					add(node)
				}
			case *ast.SwitchStmt:
				if node.Tag == nil || !p.isText(node.Tag, holds) {
					return true
				}
				for _, clause := range node.Body.List {
					if slices.ContainsFunc(clause.(*ast.CaseClause).List, p.isWord) {
						add(clause)
					}
				}
			}
			return true
		})
	}
	return found
}

// variables returns the variables of a file to which the text of a message is
// assigned.
func (p *checked) variables(file *ast.File) map[types.Object]bool {
	holds := map[types.Object]bool{}
	for before := -1; before != len(holds); {
		before = len(holds)
		ast.Inspect(file, func(node ast.Node) bool {
			assign, ok := node.(*ast.AssignStmt)
			if !ok || len(assign.Lhs) != len(assign.Rhs) {
				return true
			}
			for i := range assign.Lhs {
				name, ok := assign.Lhs[i].(*ast.Ident)
				if ok && p.isText(assign.Rhs[i], holds) {
					if o := p.info.ObjectOf(name); o != nil {
						holds[o] = true
					}
				}
			}
			return true
		})
	}
	return holds
}

// isText reports whether an expression is the text of a message, or made of it.
func (p *checked) isText(e ast.Expr, holds map[types.Object]bool) bool {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return p.isText(e.X, holds)
	case *ast.BinaryExpr:
		return e.Op == token.ADD && (p.isText(e.X, holds) || p.isText(e.Y, holds))
	case *ast.Ident:
		return holds[p.info.ObjectOf(e)]
	case *ast.CallExpr:
		if selector, ok := e.Fun.(*ast.SelectorExpr); ok && p.isSource(selector) {
			return true
		}
		return p.packageOf(e.Fun) == "strings" && slices.ContainsFunc(e.Args, func(arg ast.Expr) bool { return p.isText(arg, holds) })
	case *ast.SelectorExpr:
		return p.isSource(e)
	}
	return false
}

// isSource reports whether a selector reads the text of a message.
func (p *checked) isSource(selector *ast.SelectorExpr) bool {
	selection := p.info.Selections[selector]
	if selection == nil {
		return false
	}
	base := selection.Recv()
	if pointer, ok := base.(*types.Pointer); ok {
		base = pointer.Elem()
	}
	return slices.Contains(messageTexts[base.String()], selector.Sel.Name)
}

// isWord reports whether an expression is a constant text that is not empty.
func (p *checked) isWord(e ast.Expr) bool {
	value := p.info.Types[e].Value
	return value != nil && value.ExactString() != `""`
}

// matches reports whether a call looks into a text.
func (p *checked) matches(call *ast.CallExpr) bool {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	if p.packageOf(selector) == "strings" {
		return !slices.Contains(textOnly, selector.Sel.Name)
	}
	selection := p.info.Selections[selector]
	return selection != nil && selection.Recv().String() == "*regexp.Regexp"
}

// packageOf returns the package of a function; empty for a method.
func (p *checked) packageOf(fun ast.Expr) string {
	selector, ok := fun.(*ast.SelectorExpr)
	if !ok || p.info.Selections[selector] != nil {
		return ""
	}
	if o := p.info.Uses[selector.Sel]; o != nil && o.Pkg() != nil {
		return o.Pkg().Path()
	}
	return ""
}
