// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/internal/components/monitoring"
)

const (
	root     = "../.."
	rules    = root + "/config/prometheus/rules.yaml"
	cases    = "testdata/alerts.yaml"
	runbooks = root + "/docs/runbooks"
	// runbookURL is where the pages are on the web.
	runbookURL = "https://github.com/atoll-dev/atoll/blob/main/docs/runbooks/"
)

// alert is a rule of the PrometheusRule.
type alert struct {
	Name        string            `json:"alert"`
	Expr        string            `json:"expr"`
	For         string            `json:"for"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

type ruleFile struct {
	Groups []struct {
		Name  string  `json:"name"`
		Rules []alert `json:"rules"`
	} `json:"groups"`
}

func readYAML(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("reading %s: %v", path, err)
	}
}

func readRules(t *testing.T) ruleFile {
	t.Helper()
	var object struct {
		Spec ruleFile `json:"spec"`
	}
	readYAML(t, rules, &object)
	return object.Spec
}

func readAlerts(t *testing.T) []alert {
	t.Helper()
	var all []alert
	for _, group := range readRules(t).Groups {
		all = append(all, group.Rules...)
	}
	if len(all) == 0 {
		t.Fatalf("%s has no alerts", rules)
	}
	return all
}

// TestRules runs promtool on the rules and their cases.
func TestRules(t *testing.T) {
	text, err := yaml.Marshal(readRules(t))
	if err != nil {
		t.Fatal(err)
	}
	tests, err := os.ReadFile(cases)
	if err != nil {
		t.Fatal(err)
	}
	runPromtool(t, text, tests)
}

// runPromtool checks rules and runs their tests, which name them as rules.yaml.
func runPromtool(t *testing.T, rules, tests []byte) {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string][]byte{"rules.yaml": rules, "tests.yaml": tests} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	promtool := buildPromtool(t, dir)
	for _, arguments := range [][]string{
		{"check", "rules", "--lint=all", "--lint-fatal", filepath.Join(dir, "rules.yaml")},
		{"test", "rules", filepath.Join(dir, "tests.yaml")},
	} {
		if output, err := exec.Command(promtool, arguments...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(arguments[:2], " "), err, output)
		}
	}
}

// buildPromtool builds promtool without service discovery, which is most of it and which no rule
// needs. go tool has no flag for that.
func buildPromtool(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "promtool")
	if output, err := exec.Command("go", "build", "-tags", "remove_all_sd", "-o", path, "github.com/prometheus/prometheus/cmd/promtool").CombinedOutput(); err != nil {
		t.Fatalf("building promtool: %v\n%s", err, output)
	}
	return path
}

// TestEachAlertHasCases checks that promtool tries each alert in a case in which it fires, and in
// one in which it does not.
func TestEachAlertHasCases(t *testing.T) {
	var file struct {
		Tests []struct {
			Name  string `json:"name"`
			Exprs []struct {
				Expr    string           `json:"expr"`
				Samples []map[string]any `json:"exp_samples"`
			} `json:"promql_expr_test"`
		} `json:"tests"`
	}
	readYAML(t, cases, &file)
	firing := regexp.MustCompile(`^ALERTS\{alertname="(\w+)",alertstate="firing"\}$`)
	type tried struct{ fires, silent bool }
	found, want := map[string]tried{}, map[string]tried{}
	for _, test := range file.Tests {
		for _, expr := range test.Exprs {
			match := firing.FindStringSubmatch(expr.Expr)
			if match == nil {
				t.Errorf("%s: the expression is %s, want an alert that fires", test.Name, expr.Expr)
				continue
			}
			of := found[match[1]]
			of.fires, of.silent = of.fires || len(expr.Samples) > 0, of.silent || len(expr.Samples) == 0
			found[match[1]] = of
		}
	}
	for _, a := range readAlerts(t) {
		want[a.Name] = tried{fires: true, silent: true}
	}
	if diff := cmp.Diff(want, found, cmp.AllowUnexported(tried{})); diff != "" {
		t.Errorf("the cases of alerts (-want +got):\n%s", diff)
	}
}

// TestEachAlertHasAPage checks that an alert says what a reader of it needs, and that each page
// is of an alert.
func TestEachAlertHasAPage(t *testing.T) {
	var want, got []string
	for _, a := range readAlerts(t) {
		want = append(want, a.Name+".md")
		if a.For == "" || !slices.Contains([]string{"critical", "warning"}, a.Labels["severity"]) {
			t.Errorf("%s: for is %q and severity %q", a.Name, a.For, a.Labels["severity"])
		}
		if a.Annotations["summary"] == "" || a.Annotations["description"] == "" || a.Annotations["runbook_url"] != runbookURL+a.Name+".md" {
			t.Errorf("%s: the annotations are %v", a.Name, a.Annotations)
		}
	}
	// Those of services' objectives are in no file: see TestObjectives.
	want = append(want, monitoring.AlertErrorBudget+".md", monitoring.AlertLatencyBudget+".md")
	pages, err := os.ReadDir(runbooks)
	if err != nil {
		t.Fatal(err)
	}
	heading := regexp.MustCompile(`(?m)^##? (.*)$`)
	for _, page := range pages {
		got = append(got, page.Name())
		text, err := os.ReadFile(filepath.Join(runbooks, page.Name()))
		if err != nil {
			t.Fatal(err)
		}
		var headings []string
		for _, match := range heading.FindAllStringSubmatch(string(text), -1) {
			headings = append(headings, match[1])
		}
		if diff := cmp.Diff([]string{strings.TrimSuffix(page.Name(), ".md"), "Meaning", "Impact", "Diagnosis", "What to do"}, headings); diff != "" {
			t.Errorf("%s: the headings (-want +got):\n%s", page.Name(), diff)
		}
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the pages (-alerts +pages):\n%s", diff)
	}
}
