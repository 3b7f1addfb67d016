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

// requestMetrics returns the names of the metrics of a service, with defaults filled in.
func requestMetrics(in *inputs.Inputs) v1alpha1.RequestMetrics {
	var declared *v1alpha1.RequestMetrics
	if monitoring := settings(in); monitoring != nil {
		declared = monitoring.Requests
	}
	if own := in.Microservice.Spec.SLO.Requests; own != nil {
		declared = own
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
	return m
}

// requests writes queries about the requests of one service.
type requests struct {
	histogram string
	// matchers select the series of the service; failed selects those of failed requests too.
	matchers, failed string
	// perSecond is how many units of the histogram a second has.
	perSecond float64
}

// newRequests returns the queries for metrics. Its error is a *condition.Problem.
func newRequests(ms *v1alpha1.Microservice, m v1alpha1.RequestMetrics) (*requests, error) {
	r := &requests{histogram: m.Histogram, perSecond: 1}
	if m.Unit == v1alpha1.UnitMilliseconds {
		r.perSecond = 1000
	}
	var matchers []string
	for _, series := range m.Series {
		pattern := strings.NewReplacer("$(namespace)", regexp.QuoteMeta(ms.Namespace), "$(name)", regexp.QuoteMeta(ms.Name)).Replace(series.Pattern)
		if err := checkPattern("pattern of slo.requests.series", pattern); err != nil {
			return nil, err
		}
		matchers = append(matchers, series.Label+"=~"+strconv.Quote(pattern))
	}
	if len(matchers) == 0 {
		// The Prometheus operator sets this label from the namespace and the name of a PodMonitor.
		matchers = []string{"job=" + strconv.Quote(ms.Namespace+"/"+ms.Name)}
	}
	if err := checkPattern("failedCodes of slo.requests", m.FailedCodes); err != nil {
		return nil, err
	}
	r.matchers = strings.Join(matchers, ", ")
	r.failed = r.matchers + ", " + m.CodeLabel + "=~" + strconv.Quote(m.FailedCodes)
	return r, nil
}

// checkPattern returns a problem if a pattern is no regular expression. Prometheus uses the syntax
// of Go.
func checkPattern(what, pattern string) error {
	if _, err := regexp.Compile(pattern); err != nil {
		return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: condition.Message{
			Field: "slo", Cause: fmt.Sprintf("has an invalid %s (%s)", what, err), Remedy: "correct the regular expression"}}
	}
	return nil
}

// rate returns a query of the requests per second in a window.
func (r *requests) rate(window string) string {
	return fmt.Sprintf("sum(rate(%s_count{%s}[%s]))", r.histogram, r.matchers, window)
}

// errorRatio returns a query of the part of the requests in a window that failed. It has no result
// without requests, and is 0 if none of them failed.
func (r *requests) errorRatio(window string) string {
	all := r.rate(window)
	return fmt.Sprintf("(sum(rate(%s_count{%s}[%s])) or 0 * %s) / (%s > 0)", r.histogram, r.failed, window, all, all)
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

// number writes a number without the noise of its binary form.
func number(f float64) string {
	return strconv.FormatFloat(roundTo(f), 'f', -1, 64)
}

// roundTo drops digits beyond the sixth after the point.
func roundTo(f float64) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(f, 'f', 6, 64), 64)
	return rounded
}
