// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	promapi "github.com/prometheus/client_golang/api"
	promv1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"k8s.io/client-go/rest"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/monitoring"
	"github.com/atoll-dev/atoll/internal/graph"
)

// prometheusVariable is the environment variable that names the Prometheus of --prometheus.
const prometheusVariable = "ATOLL_PROMETHEUS"

// queryTimeout limits a query, so that an unreachable Prometheus does not hide the status.
const queryTimeout = 10 * time.Second

// traffic is what Prometheus knows about the requests to a service. A nil field is not known.
type traffic struct {
	RequestsPerSecond *float64 `json:"requestsPerSecond,omitempty"`
	// ErrorRatio is the part of the requests that failed, from 0 to 1.
	ErrorRatio *float64 `json:"errorRatio,omitempty"`
	// LatencyP99Seconds is the time in which 99 of 100 requests were answered.
	LatencyP99Seconds *float64 `json:"latencyP99Seconds,omitempty"`
	// Availability and LatencyTargetSeconds are the objectives.
	Availability         *float64 `json:"availabilityObjective,omitempty"`
	LatencyTargetSeconds *float64 `json:"latencyP99ObjectiveSeconds,omitempty"`
	// ErrorBudgetRemaining is the part of the permitted failures that is left; below 0 once the
	// objective is missed.
	ErrorBudgetRemaining *float64 `json:"errorBudgetRemaining,omitempty"`
}

// serviceKey identifies a service.
type serviceKey struct{ namespace, name string }

// fields returns the field for each recorded series.
func (t *traffic) fields() map[string]**float64 {
	return map[string]**float64{
		monitoring.RequestRate: &t.RequestsPerSecond, monitoring.ErrorRatio: &t.ErrorRatio, monitoring.Latency: &t.LatencyP99Seconds,
		monitoring.Availability: &t.Availability, monitoring.LatencyTarget: &t.LatencyTargetSeconds, monitoring.ErrorBudgetRemaining: &t.ErrorBudgetRemaining,
	}
}

// readTraffic reads the recorded series of the services in a namespace; empty means all.
func readTraffic(ctx context.Context, client promapi.Client, namespace string, now time.Time) (map[serviceKey]*traffic, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	names := make([]string, 0, 6)
	for name := range (&traffic{}).fields() {
		names = append(names, name)
	}
	query := fmt.Sprintf("{__name__=~%q", strings.Join(names, "|"))
	if namespace != "" {
		query += fmt.Sprintf(", namespace=%q", namespace)
	}
	value, _, err := promv1.NewAPI(client).Query(ctx, query+"}", now)
	if err != nil {
		return nil, fmt.Errorf("reading from Prometheus: %w", err)
	}
	vector, ok := value.(model.Vector)
	if !ok {
		return nil, fmt.Errorf("reading from Prometheus: it returned a %s instead of a vector", value.Type())
	}
	found := map[serviceKey]*traffic{}
	for _, sample := range vector {
		key := serviceKey{string(sample.Metric["namespace"]), string(sample.Metric["service"])}
		number := float64(sample.Value)
		if key.name == "" || math.IsNaN(number) {
			continue
		}
		if found[key] == nil {
			found[key] = &traffic{}
		}
		if field := found[key].fields()[string(sample.Metric[model.MetricNameLabel])]; field != nil {
			*field = &number
		}
	}
	return found, nil
}

// prometheusClient returns a client for the value of --prometheus: a URL, or a Service as
// namespace/name:port, which is reached through the API server.
func (p *plugin) prometheusClient(target string) (promapi.Client, error) {
	if strings.Contains(target, "://") {
		// The error does not repeat the URL, which can have a password.
		if u, err := url.Parse(target); err != nil || u.Host == "" {
			return nil, errors.New("--prometheus: the value is not a URL such as http://127.0.0.1:9090")
		}
		return promapi.NewClient(promapi.Config{Address: target})
	}
	namespace, service, ok := strings.Cut(target, "/")
	if !ok || namespace == "" || service == "" || strings.Contains(service, "/") {
		return nil, fmt.Errorf("--prometheus: %q is neither a URL such as http://127.0.0.1:9090 nor a Service such as monitoring/prometheus:9090", target)
	}
	config, err := p.flags.ToRESTConfig()
	if err != nil {
		return nil, err
	}
	transport, err := rest.TransportFor(config)
	if err != nil {
		return nil, err
	}
	base, _, err := rest.DefaultServerUrlFor(config)
	if err != nil {
		return nil, err
	}
	base = base.JoinPath("api", "v1", "namespaces", namespace, "services", service, "proxy")
	return promapi.NewClient(promapi.Config{Address: base.String(), Client: &http.Client{Transport: transport}})
}

// lines returns the traffic of a service as text.
func (t *traffic) lines(ms *v1alpha1.Microservice) []string {
	switch {
	case t == nil && ms.Spec.SLO == nil:
		return []string{"not measured: the Microservice has no slo"}
	case t == nil:
		return []string{fmt.Sprintf("no series in Prometheus: it has not evaluated PrometheusRule %q yet, or does not", ms.Name),
			"  select it: see monitoring.labels of the Topology"}
	}
	lines := []string{fmt.Sprintf("%s requests/s, %s failed, p99 %s", t.rate(), t.failed(), t.latency())}
	var objectives []string
	if t.Availability != nil {
		objectives = append(objectives, percent(*t.Availability)+" available")
	}
	if t.LatencyTargetSeconds != nil {
		objectives = append(objectives, "p99 "+seconds(*t.LatencyTargetSeconds))
	}
	if len(objectives) > 0 {
		line := "objective: " + strings.Join(objectives, ", ")
		switch left := t.ErrorBudgetRemaining; {
		case left != nil && *left < 0:
			line += fmt.Sprintf("; the error budget is exceeded by %.0f%%", -100**left)
		case left != nil:
			line += "; " + t.budget() + " of the error budget left"
		}
		lines = append(lines, line)
	}
	return lines
}

func (t *traffic) rate() string {
	if t == nil || t.RequestsPerSecond == nil {
		return "-"
	}
	return strconv.FormatFloat(*t.RequestsPerSecond, 'f', precision(*t.RequestsPerSecond), 64)
}

func (t *traffic) failed() string {
	if t == nil || t.ErrorRatio == nil {
		return "-"
	}
	return percent(*t.ErrorRatio)
}

func (t *traffic) latency() string {
	if t == nil || t.LatencyP99Seconds == nil {
		return "-"
	}
	return seconds(*t.LatencyP99Seconds)
}

func (t *traffic) budget() string {
	if t == nil || t.ErrorBudgetRemaining == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f%%", 100**t.ErrorBudgetRemaining)
}

// budgetCell marks a budget that is used up.
func (t *traffic) budgetCell() cell {
	if t != nil && t.ErrorBudgetRemaining != nil && *t.ErrorBudgetRemaining <= 0 {
		return cell{graph.StateStalled, t.budget()}
	}
	return cell{text: t.budget()}
}

// precision returns the digits after the point that a reader needs.
func precision(f float64) int {
	if f < 10 {
		return 1
	}
	return 0
}

// percent writes a ratio with at most four digits after the point.
func percent(ratio float64) string {
	return strconv.FormatFloat(math.Round(ratio*1e6)/1e4, 'f', -1, 64) + "%"
}

func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	if d >= time.Second {
		return d.Round(10 * time.Millisecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}
