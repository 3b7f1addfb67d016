// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"
	"regexp"
	"slices"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// series are the names of the recorded series about some requests.
type series struct {
	// rate is the number of requests per second; failures is that of failed ones.
	rate, failures string
	// errors is the part of the requests of five minutes that failed, from 0 to 1.
	errors string
	// latency is the time in seconds in which 99 of 100 requests of five minutes were answered.
	latency string
}

var (
	// received has the labels namespace and service.
	received = series{RequestRate, FailureRate, ErrorRatio, Latency}
	// called has also the labels dependency and dependency_namespace.
	called = series{"atoll:service_calls:rate5m", "atoll:service_call_failures:rate5m", "atoll:service_call_errors:ratio_rate5m", "atoll:service_call_duration_seconds:p99_rate5m"}
	// atGateway has the labels namespace and service.
	atGateway = series{"atoll:gateway_requests:rate5m", "atoll:gateway_request_failures:rate5m", "atoll:gateway_request_errors:ratio_rate5m", "atoll:gateway_request_duration_seconds:p99_rate5m"}
)

// rules returns the rules that record the series.
func (s series) rules(r *requests, labels map[string]any) []any {
	return []any{
		record(s.rate, r.rate("5m"), labels),
		record(s.failures, r.failureRate("5m"), labels),
		record(s.errors, r.errorRatio("5m"), labels),
		record(s.latency, r.quantile(1-slowAllowed, "5m"), labels),
	}
}

// record returns a rule that records a series.
func record(name, query string, labels map[string]any) map[string]any {
	return map[string]any{"record": name, "expr": query, "labels": labels}
}

// The names that OpenTelemetry defines for HTTP clients.
const (
	defaultCallHistogram = "http_client_request_duration_seconds"
	defaultHostLabel     = "server_address"
	// defaultFailedCalls also matches series without a code: those of calls without a response.
	defaultFailedCalls = "5..|"
)

// recordedGroups returns the groups of rules that a Topology wants of each member.
func recordedGroups(in *inputs.Inputs) ([]any, *condition.Problem) {
	monitoring := settings(in)
	if monitoring == nil {
		return nil, nil
	}
	var groups []any
	for _, kind := range []struct {
		what   v1alpha1.RecordedRequests
		suffix string
		rules  func(*inputs.Inputs, *v1alpha1.Monitoring) ([]any, *condition.Problem)
	}{
		{v1alpha1.RecordRequests, "", requestRules},
		{v1alpha1.RecordCalls, ".calls", callRules},
		{v1alpha1.RecordGatewayRequests, ".gateway", gatewayRules},
	} {
		if !slices.Contains(monitoring.Record, kind.what) {
			continue
		}
		rules, problem := kind.rules(in, monitoring)
		if problem != nil {
			return nil, problem
		}
		if len(rules) > 0 {
			groups = append(groups, map[string]any{"name": groupName(in.Microservice) + kind.suffix, "rules": rules})
		}
	}
	return groups, nil
}

// requestRules records the requests that a member receives. Those of a member with an objective are
// recorded with it.
func requestRules(in *inputs.Inputs, _ *v1alpha1.Monitoring) ([]any, *condition.Problem) {
	m, fault := requestMetrics(in)
	if in.Microservice.Spec.SLO != nil || scrapedPort(in.Microservice) == "" && len(m.Series) == 0 {
		return nil, nil
	}
	r, problem := newRequests(in.Microservice, m, fault)
	if problem != nil {
		return nil, problem
	}
	return received.rules(r, serviceLabels(in.Microservice)), nil
}

// callRules records what a member calls, for each dependency.
func callRules(in *inputs.Inputs, monitoring *v1alpha1.Monitoring) ([]any, *condition.Problem) {
	if scrapedPort(in.Microservice) == "" {
		return nil, nil
	}
	m, hostLabel := callMetrics(monitoring)
	r, problem := newRequests(in.Microservice, m, ofTopology(callsFault, in.Topology))
	if problem != nil {
		return nil, problem
	}
	var rules []any
	for i := range in.Edges {
		edge := &in.Edges[i]
		labels := serviceLabels(in.Microservice)
		labels["dependency"], labels["dependency_namespace"] = edge.Dependency.Name, edge.Namespace()
		rules = append(rules, called.rules(r.with(hostLabel, hosts(edge)), labels)...)
	}
	return rules, nil
}

// callMetrics returns the names of the metric of calls, with defaults filled in, and of the label
// with the host name.
func callMetrics(monitoring *v1alpha1.Monitoring) (m v1alpha1.RequestMetrics, hostLabel string) {
	m = v1alpha1.RequestMetrics{Histogram: defaultCallHistogram, FailedCodes: defaultFailedCalls}
	hostLabel = defaultHostLabel
	if calls := monitoring.Calls; calls != nil {
		m = v1alpha1.RequestMetrics{Unit: calls.Unit, CodeLabel: calls.CodeLabel,
			Histogram: orDefault(calls.Histogram, m.Histogram), FailedCodes: orDefault(calls.FailedCodes, m.FailedCodes)}
		hostLabel = orDefault(calls.HostLabel, hostLabel)
	}
	return withDefaults(m), hostLabel
}

// hosts returns a pattern of the names by which pods call a dependency: those of its Service, and
// those of its headless Service, to which gRPC clients connect. In its own namespace the first part
// of the name is enough. Some clients add the port.
func hosts(edge *graph.Edge) string {
	name := "(" + regexp.QuoteMeta(edge.Dependency.Name) + "|" + regexp.QuoteMeta(edge.HeadlessName()) + ")"
	rest := `\.` + regexp.QuoteMeta(edge.Namespace()) + `(\.svc(\..+)?)?`
	if edge.Dependency.Namespace == "" {
		rest = "(" + rest + ")?"
	}
	return name + rest + "(:[0-9]+)?"
}

// gatewayRules records the requests to a member that pass the gateway.
func gatewayRules(in *inputs.Inputs, monitoring *v1alpha1.Monitoring) ([]any, *condition.Problem) {
	if len(in.Microservice.Spec.Routes) == 0 || monitoring.GatewayRequests == nil {
		return nil, nil
	}
	r, problem := newRequests(in.Microservice, withDefaults(*monitoring.GatewayRequests), ofTopology(gatewayFault, in.Topology))
	if problem != nil {
		return nil, problem
	}
	return atGateway.rules(r, serviceLabels(in.Microservice)), nil
}

func serviceLabels(ms *v1alpha1.Microservice) map[string]any {
	return map[string]any{"namespace": ms.Namespace, "service": ms.Name}
}

// groupName begins the names of the groups of a service. They are unique in a Prometheus.
func groupName(ms *v1alpha1.Microservice) string {
	return fmt.Sprintf("atoll.%s.%s", ms.Namespace, ms.Name)
}
