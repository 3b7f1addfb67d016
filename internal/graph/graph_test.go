// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os" //nolint:depguard // Tests read and write golden files.
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var update = flag.Bool("update", false, "write what is drawn into testdata, instead of comparing with it")

// golden compares with a file of testdata, or writes it.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s differs (-want +got); if it should, run this test with -update and read the diff:\n%s", file, diff)
	}
}

// made puts a service together for tests.
type testService struct{ *v1alpha1.Microservice }

func service(name string, callees ...string) testService {
	m := testService{calling(name, callees...)}
	m.Namespace = "shop"
	return m.is(metav1.ConditionTrue, v1alpha1.ReasonReady, "")
}

// is sets Ready, and beside it Reconciling or Stalled.
func (m testService) is(ready metav1.ConditionStatus, reason, beside string) testService {
	m.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: ready, Reason: reason, Message: reason + " it is"}}
	if beside != "" {
		m.Status.Conditions = append(m.Status.Conditions, metav1.Condition{Type: beside, Status: metav1.ConditionTrue, Reason: reason})
	}
	return m
}

func (m testService) at(path string) testService {
	m.Spec.Routes = []v1alpha1.Route{{Path: path}}
	m.Status.URLs = []string{"https://shop.example.com" + path}
	return m
}

func (m testService) with(engine v1alpha1.DatabaseEngine, version string, ready metav1.ConditionStatus, reason string) testService {
	m.Spec.Database = &v1alpha1.Database{Engine: engine}
	m.Status.Database = &v1alpha1.DatabaseStatus{Engine: engine, Version: version}
	m.Status.Conditions = append(m.Status.Conditions, metav1.Condition{Type: v1alpha1.ConditionDatabaseReady, Status: ready, Reason: reason})
	return m
}

func all(services ...testService) []*v1alpha1.Microservice {
	list := make([]*v1alpha1.Microservice, len(services))
	for i := range services {
		list[i] = services[i].Microservice
	}
	return list
}

// twelve is a shop in all states at once.
func twelve() []*v1alpha1.Microservice {
	const yes, no = metav1.ConditionTrue, metav1.ConditionFalse
	return all(
		service("web", "orders", "catalog", "accounts").at("/"),
		service("api", "orders", "payments", "catalog").at("/api"),
		service("nightly-reports", "orders", "warehouse"),
		service("orders", "payments", "stock", "accounts").with(v1alpha1.EnginePostgreSQL, "17", yes, "Ready"),
		service("payments", "fraud", "ledger").is(no, v1alpha1.ReasonDependencyNotFound, v1alpha1.ConditionReconciling).with(v1alpha1.EnginePostgreSQL, "17", yes, "Ready"),
		service("fraud", "payments").with(v1alpha1.EngineValkey, "8.1", yes, "Ready"),
		service("catalog", "search", "stock").with(v1alpha1.EngineMariaDB, "11.8", yes, "Ready"),
		service("search").is(no, v1alpha1.ReasonCrashLooping, v1alpha1.ConditionStalled),
		service("stock").is(no, v1alpha1.ReasonStoragePending, v1alpha1.ConditionReconciling).with(v1alpha1.EnginePostgreSQL, "17", no, v1alpha1.ReasonStoragePending),
		service("accounts", "mail").with(v1alpha1.EnginePostgreSQL, "17", yes, "Ready"),
		service("mail").is(no, v1alpha1.ReasonSuspended, ""),
		service("warehouse", "stock").is(metav1.ConditionUnknown, "", ""),
	)
}

func TestDrawings(t *testing.T) {
	g := Build("shop", twelve(), TopologyOf, nil)
	backwards := twelve()
	slices.Reverse(backwards)
	if diff := cmp.Diff(Tree(g, TreeOptions{}), Tree(Build("shop", backwards, TopologyOf, nil), TreeOptions{})); diff != "" {
		t.Errorf("the drawing depends on the order of services:\n%s", diff)
	}
	text, err := json.MarshalIndent(g, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "twelve.txt", Tree(g, TreeOptions{Width: 80}))
	golden(t, "twelve-40.txt", Tree(g, TreeOptions{Width: 40, Paint: func(s State, text string) string { return "<" + string(s) + ":" + text + ">" }}))
	golden(t, "twelve.mermaid", Mermaid(g))
	golden(t, "twelve.dot", DOT(g))
	golden(t, "twelve.json", string(text)+"\n")
	golden(t, "dependents-of-stock.txt", CallersTree(g.Node("stock"), TreeOptions{Width: 80}))
	golden(t, "dependents-of-payments.txt", CallersTree(g.Node("payments"), TreeOptions{Width: 80}))
}

func TestTreeKeepsToItsWidth(t *testing.T) {
	// A chain so deep that its indent alone fills the lines.
	var chain []*v1alpha1.Microservice
	for i := range 40 {
		chain = append(chain, inShop(calling(fmt.Sprintf("a-service-with-a-rather-long-name-%02d", i), fmt.Sprintf("a-service-with-a-rather-long-name-%02d", i+1))))
	}
	for name, services := range map[string][]*v1alpha1.Microservice{"twelve": twelve(), "a deep chain": chain} {
		for _, width := range []int{20, 40, 80} {
			drawn := Tree(Build("shop", services, TopologyOf, nil), TreeOptions{Width: width})
			for line := range strings.Lines(drawn) {
				if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > width {
					t.Errorf("%s: %d columns, want at most %d: %s", name, n, width, line)
				}
			}
		}
	}
}

func TestOf(t *testing.T) {
	other := service("users", "mail")
	other.Namespace = "people"
	reporting := service("reports")
	reporting.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users", Namespace: "people"}}
	stale := service("web")
	stale.Generation = 2
	port := service("web")
	port.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users", Port: "grpc"}}
	for name, tc := range map[string]struct {
		services   []*v1alpha1.Microservice
		members    func(*v1alpha1.Microservice) bool
		wantNodes  []string
		wantCalls  []string
		wantCycles [][]string
		wantRoots  []string
	}{
		"nothing": {},
		"one":     {services: all(service("web")), wantNodes: []string{"web Ready"}, wantRoots: []string{"web"}},
		"what members call is shown, and what calls them is not": {
			services:  all(service("web", "users"), service("users", "mail"), service("mail"), service("admin", "users")),
			members:   func(ms *v1alpha1.Microservice) bool { return ms.Name == "web" },
			wantNodes: []string{"mail Ready", "users Ready", "web Ready"}, wantCalls: []string{"users -> mail :8080", "web -> users :8080"},
			wantRoots: []string{"web"}},
		"a missing service is one node however many call it": {
			services:  all(service("a", "gone"), service("b", "gone")),
			wantNodes: []string{"a Ready", "b Ready", "gone Missing"}, wantCalls: []string{"a -> gone DependencyNotFound", "b -> gone DependencyNotFound"},
			wantRoots: []string{"a", "b"}},
		"a port that is not there": {
			services: all(port, service("users")), wantNodes: []string{"users Ready", "web Ready"}, wantCalls: []string{"web -> users PortNotFound"},
			wantRoots: []string{"web"}},
		"a service of another namespace that does not permit the caller": {
			services: all(reporting, other, service("users")), wantNodes: []string{"people/mail Missing", "people/users Ready", "reports Ready", "users Ready"},
			wantCalls: []string{"people/users -> people/mail DependencyNotFound", "reports -> people/users NotPermitted"}, wantRoots: []string{"reports", "users"}},
		"services of two namespaces are distinguished": {
			services:  all(service("users"), other),
			wantNodes: []string{"people/mail Missing", "people/users Ready", "users Ready"}, wantCalls: []string{"people/users -> people/mail DependencyNotFound"},
			wantRoots: []string{"people/users", "users"}},
		"a change that was not seen yet is not ready": {services: all(stale), wantNodes: []string{"web Reconciling"}, wantRoots: []string{"web"}},
		"routed roots come first": {
			services: all(service("a"), service("z").at("/z")), wantNodes: []string{"a Ready", "z Ready"}, wantRoots: []string{"z", "a"}},
		"a cycle without callers has a root": {
			services: all(service("c", "b"), service("b", "a"), service("a", "c")), wantNodes: []string{"a Ready", "b Ready", "c Ready"},
			wantCalls: []string{"a -> c :8080 cycle", "b -> a :8080 cycle", "c -> b :8080 cycle"}, wantCycles: [][]string{{"a", "c", "b", "a"}}, wantRoots: []string{"a"}},
		"a cycle that a cycle calls has none": {
			services:   all(service("x", "y", "a"), service("y", "x"), service("a", "b"), service("b", "a")),
			wantNodes:  []string{"a Ready", "b Ready", "x Ready", "y Ready"},
			wantCalls:  []string{"a -> b :8080 cycle", "b -> a :8080 cycle", "x -> y :8080 cycle", "x -> a :8080", "y -> x :8080 cycle"},
			wantCycles: [][]string{{"a", "b", "a"}, {"x", "y", "x"}}, wantRoots: []string{"x"}},
	} {
		t.Run(name, func(t *testing.T) {
			g := Build("shop", tc.services, TopologyOf, tc.members)
			var nodes, calls, roots []string
			for _, n := range g.Nodes {
				nodes = append(nodes, n.ID+" "+string(n.Health))
			}
			for _, c := range g.Calls {
				text := c.From + " -> " + c.To + " " + c.Reason
				if c.Resolved {
					text = fmt.Sprintf("%s -> %s :%d", c.From, c.To, c.Port)
				}
				if c.Cycle {
					text += " cycle"
				}
				calls = append(calls, text)
			}
			for _, n := range g.Roots() {
				roots = append(roots, n.ID)
			}
			if tc.wantCycles == nil {
				tc.wantCycles = [][]string{}
			}
			for what, diff := range map[string]string{
				"nodes": cmp.Diff(tc.wantNodes, nodes), "calls": cmp.Diff(tc.wantCalls, calls),
				"cycles": cmp.Diff(tc.wantCycles, g.Cycles), "roots": cmp.Diff(tc.wantRoots, roots),
			} {
				if diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
			}
		})
	}
}

// fiveHundred is a graph of 500 services, ten of them routed, with 1500 calls.
// All of those lead to a service of a higher number, and so in no cycle, but for
// one in each of the cycles that are returned.
func fiveHundredServices() (services []*v1alpha1.Microservice, cycles [][]string) {
	name := func(i int) string { return fmt.Sprintf("service-%03d", i) }
	for i := range 500 {
		callees := map[string]bool{}
		for _, step := range []int{1 + i%5, 7 + i%11, 40 + i%3} {
			// Calls stay within blocks of 25, so that cycles stay apart.
			if to := i + step; to < 500 && to/25 == i/25 || step >= 40 && to < 500 {
				callees[name(to)] = true
			}
		}
		var list []string
		for callee := range callees {
			list = append(list, callee)
		}
		slices.Sort(list)
		services = append(services, service(name(i), list...).with(v1alpha1.EnginePostgreSQL, "17", metav1.ConditionTrue, "Ready").Microservice)
		if i < 10 {
			services[i].Spec.Routes = []v1alpha1.Route{{}}
		}
	}
	// In every other block a service calls back one that leads to it.
	for block := 0; block < 20; block += 2 {
		from, to := services[block*25+20], services[block*25]
		for services[block*25].Spec.Dependencies[0].Name != from.Name {
			from = serviceNamed(services, services[block*25].Spec.Dependencies[0].Name)
		}
		from.Spec.Dependencies = append(from.Spec.Dependencies, v1alpha1.Dependency{Name: to.Name})
		cycles = append(cycles, []string{to.Name, from.Name, to.Name})
	}
	return services, cycles
}

func serviceNamed(services []*v1alpha1.Microservice, name string) *v1alpha1.Microservice {
	return services[slices.IndexFunc(services, func(ms *v1alpha1.Microservice) bool { return ms.Name == name })]
}

func TestAllCyclesOfFiveHundredServices(t *testing.T) {
	services, want := fiveHundredServices()
	g := Build("shop", services, TopologyOf, nil)
	if len(g.Nodes) != 500 || len(g.Calls) < 1000 {
		t.Fatalf("%d services and %d calls, want 500 and over 1000", len(g.Nodes), len(g.Calls))
	}
	if diff := cmp.Diff(want, g.Cycles); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func BenchmarkOf500(b *testing.B) {
	services, _ := fiveHundredServices()
	for b.Loop() {
		Build("shop", services, TopologyOf, nil)
	}
}

func BenchmarkTree500(b *testing.B) {
	services, _ := fiveHundredServices()
	for b.Loop() {
		Tree(Build("shop", services, TopologyOf, nil), TreeOptions{Width: 80})
	}
}
