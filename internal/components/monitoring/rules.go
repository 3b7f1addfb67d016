// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// The names of the recorded series. All have the labels namespace and service.
// `kubectl atoll status` reads them.
const (
	// RequestRate is the number of requests per second.
	RequestRate = "atoll:service_requests:rate5m"
	// FailureRate is the number of failed requests per second.
	FailureRate = "atoll:service_request_failures:rate5m"
	// ErrorRatio is the part of the requests of five minutes that failed, from 0 to 1.
	ErrorRatio = "atoll:service_request_errors:ratio_rate5m"
	// Latency is the time in seconds in which 99 of 100 requests of five minutes were answered.
	Latency = "atoll:service_request_duration_seconds:p99_rate5m"
	// Availability is the objective for requests that do not fail, from 0 to 1.
	Availability = "atoll:service_slo_availability:ratio"
	// LatencyTarget is the objective for the time in seconds of 99 of 100 requests.
	LatencyTarget = "atoll:service_slo_latency_p99:seconds"
	// ErrorBudgetRemaining is the part of the failures that the objective permits for the requests of
	// its window and that have not happened; below 0 once the objective is missed.
	ErrorBudgetRemaining = "atoll:service_error_budget_remaining:ratio"
)

// The names of the alerts.
const (
	// AlertErrorBudget fires when so many requests fail that the objective will be missed.
	AlertErrorBudget = "AtollServiceErrorBudgetBurn"
	// AlertLatencyBudget fires when so many requests are slow that the objective will be missed.
	AlertLatencyBudget = "AtollServiceLatencyBudgetBurn"
)

const runbooks = "https://github.com/atoll-dev/atoll/blob/main/docs/runbooks/"

// objective is a parsed objective with the queries about its service.
type objective struct {
	ms       *v1alpha1.Microservice
	requests *requests
	// availability is the part of the requests that must not fail; 0 without an objective.
	availability float64
	// latency is the time of 99 of 100 requests; 0 without an objective.
	latency time.Duration
	window  time.Duration
}

// slowAllowed is the part of the requests that may be slower than latencyP99.
const slowAllowed = 0.01

// parse reads an objective. Its error is a *condition.Problem.
func parse(in *inputs.Inputs) (*objective, error) {
	slo := in.Microservice.Spec.SLO
	m, fault := requestMetrics(in)
	r, problem := newRequests(in.Microservice, m, fault)
	if problem != nil {
		return nil, problem
	}
	o := &objective{ms: in.Microservice, requests: r, window: 30 * day}
	// The schema admits only numbers here.
	if percent, err := strconv.ParseFloat(slo.Availability, 64); err == nil {
		o.availability = percent / 100
	}
	if days, err := strconv.Atoi(strings.TrimSuffix(slo.Window, "d")); err == nil {
		o.window = time.Duration(days) * day
	}
	if slo.LatencyP99 != nil {
		o.latency = slo.LatencyP99.Duration
	}
	return o, nil
}

// groups returns the groups of rules of a PrometheusRule: one for each severity of alerts. The
// first one records what `kubectl atoll status` and dashboards show.
func (o *objective) groups() []any {
	rules := received.rules(o.requests, serviceLabels(o.ms))
	if o.availability > 0 {
		rules = append(rules, o.record(Availability, fmt.Sprintf("vector(%s)", number(o.availability))))
	}
	if o.latency > 0 {
		rules = append(rules, o.record(LatencyTarget, fmt.Sprintf("vector(%s)", number(o.latency.Seconds()))))
	}
	recorded := map[string]bool{ErrorRatio: true}
	var groups []any
	for _, s := range severities {
		rules = append(rules, o.alerts(s, recorded)...)
		if s.interval != "" && o.availability > 0 {
			rules = append(rules, o.record(ErrorBudgetRemaining, o.budget()))
		}
		name := groupName(o.ms)
		if len(groups) > 0 {
			name += "." + s.name
		}
		group := map[string]any{"name": name, "rules": rules}
		if s.interval != "" {
			group["interval"] = s.interval
		}
		if len(rules) > 0 {
			groups = append(groups, group)
		}
		rules = nil
	}
	return groups
}

// alerts returns the alerts of a severity, after the series that they read and that are not
// recorded yet.
func (o *objective) alerts(s severity, recorded map[string]bool) []any {
	var rules []any
	if rates := o.reachable(s, 1-o.availability); o.availability > 0 && len(rates) > 0 {
		for _, b := range rates {
			for _, window := range []string{promDuration(b.long), promDuration(b.short)} {
				if name := errorRatioName(window); !recorded[name] {
					recorded[name] = true
					rules = append(rules, o.record(name, o.requests.errorRatio(window)))
				}
			}
		}
		rules = append(rules, o.alert(AlertErrorBudget, s, rates, o.failing,
			fmt.Sprintf("More requests to {{ $labels.service }} fail than its objective of %s%% permits", o.ms.Spec.SLO.Availability),
			"{{ $value | humanizePercentage }} of the requests failed."))
	}
	if rates := o.reachable(s, slowAllowed); o.latency > 0 && len(rates) > 0 {
		rules = append(rules, o.alert(AlertLatencyBudget, s, rates, o.slow,
			fmt.Sprintf("More requests to {{ $labels.service }} take longer than %s than its objective permits", o.latency),
			"The slowest requests that the objective permits take {{ $value | humanizeDuration }}."))
	}
	return rules
}

// reachable returns the burn rates that a total failure reaches. allowed is the part of the requests
// that may miss the objective: a lenient objective has burn rates that nothing reaches.
func (o *objective) reachable(s severity, allowed float64) []burnRate {
	return slices.DeleteFunc(slices.Clone(s.burnRates), func(b burnRate) bool { return b.factor(o.window)*allowed >= 1 })
}

// errorRatioName returns the name of the recorded part of failed requests in a window.
func errorRatioName(window string) string { return strings.TrimSuffix(ErrorRatio, "5m") + window }

// budget returns the query of ErrorBudgetRemaining. It counts requests, so that a failure in a quiet
// hour weighs as much as one in a busy hour.
func (o *objective) budget() string {
	over := func(series string) string {
		return fmt.Sprintf("sum_over_time(%s{%s}[%s])", series, o.selector(), promDuration(o.window))
	}
	return fmt.Sprintf("1 - %s / (%s > 0) / %s", over(FailureRate), over(RequestRate), number(1-o.availability))
}

// record returns a rule that records a series with the labels of the service.
func (o *objective) record(name, query string) map[string]any {
	return record(name, query, serviceLabels(o.ms))
}

// selector selects the recorded series of the service.
func (o *objective) selector() string {
	return fmt.Sprintf("namespace=%q, service=%q", o.ms.Namespace, o.ms.Name)
}

// alert returns the alert of a severity. condition returns the query that is true while the
// objective is missed more often than permitted by a factor.
func (o *objective) alert(name string, s severity, rates []burnRate, condition func(factor float64, window string) string, summary, description string) map[string]any {
	conditions := make([]string, len(rates))
	for i, b := range rates {
		factor := b.factor(o.window)
		conditions[i] = fmt.Sprintf("(%s and %s)", condition(factor, promDuration(b.long)), condition(factor, promDuration(b.short)))
	}
	labels := serviceLabels(o.ms)
	labels["severity"] = s.name
	return map[string]any{
		"alert":  name,
		"expr":   strings.Join(conditions, "\nor\n"),
		"labels": labels,
		"annotations": map[string]any{
			"summary":     summary,
			"description": description + " " + s.effect,
			"runbook_url": runbooks + name + ".md",
		},
	}
}

// failing is true while the part of failed requests in a window is a factor above what the
// objective permits.
func (o *objective) failing(factor float64, window string) string {
	return fmt.Sprintf("%s{%s} > %s", errorRatioName(window), o.selector(), number(factor*(1-o.availability)))
}

// slow is true while the part of slow requests in a window is a factor above what the objective
// permits. A quantile says the same as a ratio, and needs no bucket that ends at the duration of the
// objective. It needs a finite one above it: a quantile is never above the last finite bucket.
func (o *objective) slow(factor float64, window string) string {
	return fmt.Sprintf("%s > %s", o.requests.quantile(1-factor*slowAllowed, window), number(o.latency.Seconds()))
}
