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

// requestMetrics returns the names of the metrics of a service, with defaults filled in, and the
// message of a fault in them, which says where they are declared.
func requestMetrics(in *inputs.Inputs) (v1alpha1.RequestMetrics, condition.Message) {
	var declared *v1alpha1.RequestMetrics
	fault := condition.Message{Field: "slo.requests"}
	if monitoring := settings(in); monitoring != nil && monitoring.Requests != nil {
		declared, fault = monitoring.Requests, topologyFault
		fault.Object = condition.Object{Kind: "Topology", Name: in.Topology.Name}
	}
	if own := in.Microservice.Spec.SLO.Requests; own != nil {
		declared, fault = own, condition.Message{Field: "slo.requests"}
	}
	var m v1alpha1.RequestMetrics
	if declared != nil {
		m = *declared
	}
	if m.Histogram == "" {
		m.Histogram = defaultHistogram
	}
	if m.CodeLabel == "" {
		m.CodeLabel = defaultCodeLabel
	}
	if m.FailedCodes == "" {
		m.FailedCodes = defaultFailed
	}
	if m.Unit == "" {
		m.Unit = v1alpha1.UnitSeconds
	}
	return m, fault
}

// topologyFault begins the message of a fault in the metrics that a Topology declares.
var topologyFault = condition.Message{Field: "monitoring.requests"}

// InvalidRequests says which pattern in the metrics of a Topology is invalid; nil if all are valid.
func InvalidRequests(topology *v1alpha1.Topology) *condition.Problem {
	if topology.Spec.Monitoring == nil || topology.Spec.Monitoring.Requests == nil {
		return nil
	}
	// The names in patterns are those of any Microservice.
	_, problem := newRequests(&v1alpha1.Microservice{}, *topology.Spec.Monitoring.Requests, topologyFault)
	return problem
}

// requests writes queries about the requests of one service.
type requests struct {
	histogram string
	// matchers select the series of the service; failed selects those of failed requests too.
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
	r.failed = r.matchers + ", " + m.CodeLabel + "=~" + strconv.Quote(m.FailedCodes)
	return r, nil
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
	return fmt.Sprintf("(sum(rate(%s_count{%s}[%s])) or 0 * %s)", r.histogram, r.failed, window, r.rate(window))
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
