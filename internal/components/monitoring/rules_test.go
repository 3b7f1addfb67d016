// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// TestBurnRates compares the factors for 30 days with those that the SRE workbook prints.
func TestBurnRates(t *testing.T) {
	var got []float64
	for _, s := range severities {
		for _, b := range s.burnRates {
			got = append(got, b.factor(30*day))
			if b.long != 12*b.short {
				t.Errorf("%s: the short window is %s; the workbook recommends a twelfth of the long one, %s", b.long, b.short, b.long/12)
			}
		}
	}
	for i, want := range []float64{14.4, 6, 3, 1} {
		if math.Abs(got[i]-want) > 1e-9 {
			t.Errorf("the factor of burn rate %d is %v, want %v", i, got[i], want)
		}
	}
}

func withObjective(slo *v1alpha1.ServiceLevelObjective, topology *v1alpha1.Topology) *inputs.Inputs {
	return &inputs.Inputs{
		Microservice: &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders"}, Spec: v1alpha1.MicroserviceSpec{SLO: slo}},
		Topology:     topology,
	}
}

// TestRequestMetrics checks which of the declared metrics counts.
func TestRequestMetrics(t *testing.T) {
	topology := &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{Monitoring: &v1alpha1.Monitoring{Requests: &v1alpha1.RequestMetrics{Histogram: "topology_seconds"}}}}
	own := &v1alpha1.RequestMetrics{Histogram: "own_milliseconds", Unit: v1alpha1.UnitMilliseconds, CodeLabel: "grpc_code", FailedCodes: "Internal|Unavailable"}
	tests := map[string]struct {
		requests *v1alpha1.RequestMetrics
		topology *v1alpha1.Topology
		want     v1alpha1.RequestMetrics
	}{
		"nothing is declared: OpenTelemetry's names": {want: v1alpha1.RequestMetrics{
			Histogram: "http_server_request_duration_seconds", Unit: v1alpha1.UnitSeconds, CodeLabel: "http_response_status_code", FailedCodes: "5.."}},
		"the Topology's": {topology: topology, want: v1alpha1.RequestMetrics{
			Histogram: "topology_seconds", Unit: v1alpha1.UnitSeconds, CodeLabel: "http_response_status_code", FailedCodes: "5.."}},
		"its own before the Topology's": {requests: own, topology: topology, want: *own},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			got := requestMetrics(withObjective(&v1alpha1.ServiceLevelObjective{Requests: test.requests}, test.topology))
			if got.Histogram != test.want.Histogram || got.Unit != test.want.Unit || got.CodeLabel != test.want.CodeLabel || got.FailedCodes != test.want.FailedCodes {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestInvalidPatterns expects a problem that says which pattern to correct.
func TestInvalidPatterns(t *testing.T) {
	for what, requests := range map[string]*v1alpha1.RequestMetrics{
		"failedCodes of slo.requests":    {FailedCodes: "5..("},
		"pattern of slo.requests.series": {Series: []v1alpha1.LabelPattern{{Label: "service", Pattern: "["}}},
	} {
		_, err := PrometheusRules(withObjective(&v1alpha1.ServiceLevelObjective{Availability: "99.9", Requests: requests}, nil))
		var problem *condition.Problem
		if !errors.As(err, &problem) || problem.Reason != v1alpha1.ReasonInvalidSpec || !strings.Contains(problem.Error(), what) {
			t.Errorf("%s: got %v", what, err)
		}
	}
}

// TestPatternsMatchOnlyTheService checks that names stand for themselves in a pattern.
func TestPatternsMatchOnlyTheService(t *testing.T) {
	ms := withObjective(nil, nil).Microservice
	ms.Namespace = "a.b"
	r, err := newRequests(ms, v1alpha1.RequestMetrics{Histogram: "x", CodeLabel: "code", FailedCodes: "5..",
		Series: []v1alpha1.LabelPattern{{Label: "service", Pattern: `$(namespace)-$(name)-"80"@.*`}}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `service=~"a\\.b-orders-\"80\"@.*"`; r.matchers != want {
		t.Errorf("got %s, want %s", r.matchers, want)
	}
}

func TestPromDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{30 * day: "30d", 6 * time.Hour: "6h", 24 * time.Hour: "1d", 90 * time.Minute: "90m"} {
		if got := promDuration(d); got != want {
			t.Errorf("%s: got %s, want %s", d, got, want)
		}
	}
}
