// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// The names that OpenTelemetry defines for HTTP servers
// (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/), as Prometheus spells them.
const (
	defaultHistogram = "http_server_request_duration_seconds"
	defaultCodeLabel = "http_response_status_code"
	// defaultFailed are the codes by which a server says that it failed.
	defaultFailed = "5.."
)

// requestMetrics returns the names of the metrics of the requests that a service receives, with
// defaults filled in, and the message of a fault in them, which says where they are declared.
func requestMetrics(in *inputs.Inputs) (v1alpha1.RequestMetrics, condition.Message) {
	if slo := in.Microservice.Spec.SLO; slo != nil && slo.Requests != nil {
		return withDefaults(*slo.Requests), condition.Message{Field: "slo.requests"}
	}
	if monitoring := settings(in); monitoring != nil && monitoring.Requests != nil {
		return withDefaults(*monitoring.Requests), ofTopology(requestsFault, in.Topology)
	}
	return withDefaults(v1alpha1.RequestMetrics{}), condition.Message{Field: "slo.requests"}
}

// withDefaults fills in what is not declared.
func withDefaults(m v1alpha1.RequestMetrics) v1alpha1.RequestMetrics {
	m.Histogram = orDefault(m.Histogram, defaultHistogram)
	m.CodeLabel = orDefault(m.CodeLabel, defaultCodeLabel)
	m.FailedCodes = orDefault(m.FailedCodes, defaultFailed)
	m.Unit = orDefault(m.Unit, v1alpha1.UnitSeconds)
	return m
}

func orDefault[T ~string](value, otherwise T) T {
	if value == "" {
		return otherwise
	}
	return value
}

// These begin the messages of faults in the metrics that a Topology declares.
var (
	requestsFault = condition.Message{Field: "monitoring.requests"}
	callsFault    = condition.Message{Field: "monitoring.calls"}
	gatewayFault  = condition.Message{Field: "monitoring.gatewayRequests"}
)

// ofTopology adds the Topology to a message that is for a Microservice.
func ofTopology(fault condition.Message, topology *v1alpha1.Topology) condition.Message {
	fault.Object = condition.Object{Kind: "Topology", Name: topology.Name}
	return fault
}

// InvalidMetrics says which pattern in the metrics of a Topology is invalid; nil if all are valid.
func InvalidMetrics(topology *v1alpha1.Topology) *condition.Problem {
	monitoring := topology.Spec.Monitoring
	if monitoring == nil {
		return nil
	}
	// The names in patterns are those of any Microservice.
	check := func(m *v1alpha1.RequestMetrics, fault condition.Message) *condition.Problem {
		if m == nil {
			return nil
		}
		_, problem := newRequests(&v1alpha1.Microservice{}, *m, fault)
		return problem
	}
	calls, _ := callMetrics(monitoring)
	for _, problem := range []*condition.Problem{
		check(monitoring.Requests, requestsFault), check(&calls, callsFault), check(monitoring.GatewayRequests, gatewayFault),
	} {
		if problem != nil {
			return problem
		}
	}
	return nil
}

// requests writes queries about the requests of one service.
type requests struct {
	histogram string
	// matchers select the series; failed selects those of failed requests among them.
	matchers, failed string
	// perSecond is how many units of the histogram a second has.
	perSecond float64
}

// newRequests returns the queries for metrics, or a problem whose message begins with fault.
func newRequests(ms *v1alpha1.Microservice, m v1alpha1.RequestMetrics, fault condition.Message) (*requests, *condition.Problem) {
	r := &requests{histogram: m.Histogram, perSecond: 1}
	if m.Unit == v1alpha1.UnitMilliseconds {
		r.perSecond = 1000
	}
	var matchers []string
	names := strings.NewReplacer("$(namespace)", regexp.QuoteMeta(ms.Namespace), "$(name)", regexp.QuoteMeta(ms.Name))
	for i, series := range m.Series {
		pattern := names.Replace(series.Pattern)
		if problem := checkPattern(fault, fmt.Sprintf("series[%d].pattern", i), pattern); problem != nil {
			return nil, problem
		}
		matchers = append(matchers, series.Label+"=~"+strconv.Quote(pattern))
	}
	if len(matchers) == 0 {
		// The Prometheus operator sets this label from the namespace and the name of a PodMonitor.
		matchers = []string{"job=" + strconv.Quote(ms.Namespace+"/"+ms.Name)}
	}
	if problem := checkPattern(fault, "failedCodes", m.FailedCodes); problem != nil {
		return nil, problem
	}
	r.matchers = strings.Join(matchers, ", ")
	r.failed = m.CodeLabel + "=~" + strconv.Quote(m.FailedCodes)
	return r, nil
}

// with returns the queries for the series whose label has a pattern too.
func (r *requests) with(label, pattern string) *requests {
	narrowed := *r
	narrowed.matchers += ", " + label + "=~" + strconv.Quote(pattern)
	return &narrowed
}

// checkPattern returns a problem if the pattern in a field is no regular expression. Prometheus uses
// the syntax of Go.
func checkPattern(fault condition.Message, field, pattern string) *condition.Problem {
	if _, err := regexp.Compile(pattern); err != nil {
		fault.Field += "." + field
		fault.Cause, fault.Remedy = fmt.Sprintf("must be a regular expression (%s)", err), "correct the pattern"
		return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: fault}
	}
	return nil
}

// rate returns a query of the requests per second in a window.
func (r *requests) rate(window string) string {
	return fmt.Sprintf("sum(rate(%s_count{%s}[%s]))", r.histogram, r.matchers, window)
}

// failureRate returns a query of the failed requests per second in a window. It is 0 if none of the
// requests failed, and has no result without series.
func (r *requests) failureRate(window string) string {
	return fmt.Sprintf("(sum(rate(%s_count{%s, %s}[%s])) or 0 * %s)", r.histogram, r.matchers, r.failed, window, r.rate(window))
}

// errorRatio returns a query of the part of the requests in a window that failed. It has no result
// without requests, and is 0 if none of them failed.
func (r *requests) errorRatio(window string) string {
	return fmt.Sprintf("%s / (%s > 0)", r.failureRate(window), r.rate(window))
}

// quantile returns a query of the duration in seconds that a part of the requests in a window did
// not exceed.
func (r *requests) quantile(part float64, window string) string {
	query := fmt.Sprintf("histogram_quantile(%s, sum by (le) (rate(%s_bucket{%s}[%s])))", number(part), r.histogram, r.matchers, window)
	if r.perSecond != 1 {
		query += " / " + number(r.perSecond)
	}
	return query
}

// number writes a number with six significant digits, without the noise of its binary form.
func number(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }
