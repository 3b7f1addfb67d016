// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/util/teststorage"
)

const dashboard = root + "/config/prometheus/dashboard.json"

// panel is a panel of the dashboard.
type panel struct {
	Title   string `json:"title"`
	Type    string `json:"type"`
	GridPos struct{ X, Y, W, H int }
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

type board struct {
	Panels     []panel `json:"panels"`
	Templating struct {
		List []struct {
			Name  string          `json:"name"`
			Query json.RawMessage `json:"query"`
		} `json:"list"`
	} `json:"templating"`
}

func readDashboard(t *testing.T) board {
	t.Helper()
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var b board
	if err := json.Unmarshal(text, &b); err != nil {
		t.Fatal(err)
	}
	return b
}

// filled replaces the variables of a query, as Grafana does.
var filled = strings.NewReplacer("$namespace", ".*", "$__rate_interval", "5m")

// TestQueriesReturnData runs the query of each panel on what a manager reports, and on what Prometheus
// records about a service.
func TestQueriesReturnData(t *testing.T) {
	known, queryable := gatherMetrics(t), scraped(t)
	for _, series := range recorded(t) {
		names := labelNames{}
		series.Range(func(l labels.Label) { names[l.Name] = true })
		known[series.Get(model.MetricNameLabel)] = names
	}
	engine := promqltest.NewTestEngine(t, false, 0, 1_000_000)
	queries := 0
	for _, p := range readDashboard(t).Panels {
		if p.Type == "row" {
			continue
		}
		if len(p.Targets) == 0 {
			t.Errorf("%s: the panel has no query", p.Title)
		}
		for _, target := range p.Targets {
			queries++
			expr := filled.Replace(target.Expr)
			checkExpression(t, p.Title, expr, known)
			query, err := engine.NewInstantQuery(context.Background(), queryable, nil, expr, end)
			if err != nil {
				t.Errorf("%s: %v", p.Title, err)
				continue
			}
			result := query.Exec(context.Background())
			if vector, err := result.Vector(); err != nil || len(vector) == 0 {
				t.Errorf("%s: %s returns no data: %v", p.Title, expr, err)
			}
			query.Close()
		}
	}
	if queries == 0 {
		t.Error("the dashboard has no query")
	}
}

// TestVariablesExist checks that the query of the variable namespace names a label that exists, and
// that no query uses a variable that does not.
func TestVariablesExist(t *testing.T) {
	b, known := readDashboard(t), gatherMetrics(t)
	names, query := map[string]bool{"__rate_interval": true}, ""
	for _, variable := range b.Templating.List {
		names[variable.Name] = true
		if variable.Name == "namespace" {
			query = string(variable.Query)
		}
	}
	match := regexp.MustCompile(`label_values\((\w+)\{[^}]*\}, (\w+)\)`).FindStringSubmatch(query)
	if match == nil || !known[match[1]][match[2]] {
		t.Errorf("the variable namespace has the query %s", query)
	}
	for _, p := range b.Panels {
		for _, target := range p.Targets {
			for _, used := range regexp.MustCompile(`\$(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if !names[used[1]] {
					t.Errorf("%s: the query uses $%s, which is no variable", p.Title, used[1])
				}
			}
		}
	}
}

// TestPanelsDoNotOverlap checks the layout on Grafana's grid of 24 columns.
func TestPanelsDoNotOverlap(t *testing.T) {
	taken := map[[2]int]string{}
	for _, p := range readDashboard(t).Panels {
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other, found := taken[[2]int{x, y}]; found || x >= 24 {
					t.Fatalf("%q overlaps %q, or the edge, at column %d and line %d", p.Title, other, x, y)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}

// end is the time of the last scrape.
var end = time.Now()

// scraped returns a store with what a manager reports, scraped each minute for an hour, and with the
// recorded series of a service. Counters grow with each scrape.
func scraped(t *testing.T) storage.Queryable {
	t.Helper()
	store := teststorage.New(t)
	t.Cleanup(func() { _ = store.Close() })
	appender := store.Appender(context.Background())
	reported := families(t)
	for scrape := range 61 {
		at := end.Add(time.Duration(scrape-60) * time.Minute)
		add := func(series labels.Labels, value float64) {
			if _, err := appender.Append(0, series, at.UnixMilli(), value); err != nil {
				t.Fatal(err)
			}
		}
		add(labels.FromStrings(model.MetricNameLabel, "up", "job", "atoll", "pod", "manager-0"), 1)
		for _, series := range recorded(t) {
			add(series, 1)
		}
		for _, family := range reported {
			for _, sample := range samplesOf(t, family, at) {
				value := float64(sample.Value)
				if family.GetType() != dto.MetricType_GAUGE {
					value *= float64(scrape)
				}
				builder := labels.NewBuilder(labels.FromStrings("job", "atoll", "pod", "manager-0"))
				for name, of := range sample.Metric {
					builder.Set(string(name), string(of))
				}
				add(builder.Labels(), value)
			}
		}
	}
	if err := appender.Commit(); err != nil {
		t.Fatal(err)
	}
	return store
}

func samplesOf(t *testing.T, family *dto.MetricFamily, at time.Time) model.Vector {
	t.Helper()
	samples, err := expfmt.ExtractSamples(&expfmt.DecodeOptions{Timestamp: model.TimeFromUnixNano(at.UnixNano())}, family)
	if err != nil {
		t.Fatal(fmt.Errorf("reading %s: %w", family.GetName(), err))
	}
	return samples
}
