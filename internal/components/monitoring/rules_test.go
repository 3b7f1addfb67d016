// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"errors"
	"fmt"
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

// TestEachObjectiveHasAnAlert checks that an alert fires if an objective is missed, and none while it
// is kept.
func TestEachObjectiveHasAnAlert(t *testing.T) {
	for days := 7; days <= 90; days++ {
		window, least := time.Duration(days)*day, math.Inf(1)
		for _, s := range severities {
			for _, b := range s.burnRates {
				least = min(least, b.factor(window))
			}
		}
		if least != 1 {
			t.Errorf("%d days: the slowest burn rate with an alert is %v, want 1", days, least)
		}
	}
	for _, availability := range []string{"50", "66", "90", "99.9999"} {
		objects, err := PrometheusRules(withObjective(&v1alpha1.ServiceLevelObjective{Availability: availability, Window: "90d"}, nil))
		if err != nil {
			t.Fatal(err)
		}
		if text := fmt.Sprint(objects[0]); !strings.Contains(text, AlertErrorBudget) {
			t.Errorf("%s: no alert in %s", availability, text)
		}
	}
}

// TestNumber checks that a strict objective does not become 0.
func TestNumber(t *testing.T) {
	for f, want := range map[float64]string{1 - 0.999999: "1e-06", 14.4 * (1 - 0.999): "0.0144", 1.5: "1.5", 0.999999: "0.999999", 90: "90"} {
		if got := number(f); got != want {
			t.Errorf("%v: got %s, want %s", f, got, want)
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
			got, _ := requestMetrics(withObjective(&v1alpha1.ServiceLevelObjective{Requests: test.requests}, test.topology))
			if got.Histogram != test.want.Histogram || got.Unit != test.want.Unit || got.CodeLabel != test.want.CodeLabel || got.FailedCodes != test.want.FailedCodes {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
		})
	}
}

// TestInvalidPatterns expects a problem that says which pattern to correct, and where it is.
func TestInvalidPatterns(t *testing.T) {
	codes := &v1alpha1.RequestMetrics{FailedCodes: "5..("}
	series := &v1alpha1.RequestMetrics{Series: []v1alpha1.LabelPattern{{Label: "a", Pattern: ".*"}, {Label: "service", Pattern: "["}}}
	recording := func(monitoring *v1alpha1.Monitoring) *v1alpha1.Topology {
		return &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop"}, Spec: v1alpha1.TopologySpec{Monitoring: monitoring}}
	}
	topology := func(requests *v1alpha1.RequestMetrics) *v1alpha1.Topology {
		return recording(&v1alpha1.Monitoring{Requests: requests})
	}
	for want, in := range map[string]*inputs.Inputs{
		"slo.requests.failedCodes: must":                              withObjective(&v1alpha1.ServiceLevelObjective{Availability: "99.9", Requests: codes}, nil),
		"slo.requests.series[1].pattern: must":                        withObjective(&v1alpha1.ServiceLevelObjective{Availability: "99.9", Requests: series}, topology(codes)),
		`Topology "shop" monitoring.requests.failedCodes: must`:       withObjective(&v1alpha1.ServiceLevelObjective{Availability: "99.9"}, topology(codes)),
		`Topology "shop" monitoring.requests.series[1].pattern: must`: withObjective(&v1alpha1.ServiceLevelObjective{Availability: "99.9"}, topology(series)),
		`Topology "shop" monitoring.calls.failedCodes: must`: withObjective(nil, recording(&v1alpha1.Monitoring{
			Record: []v1alpha1.RecordedRequests{v1alpha1.RecordCalls}, Calls: &v1alpha1.CallMetrics{FailedCodes: "5..("}})),
		`Topology "shop" monitoring.gatewayRequests.series[1].pattern: must`: withObjective(nil, recording(&v1alpha1.Monitoring{
			Record: []v1alpha1.RecordedRequests{v1alpha1.RecordGatewayRequests}, GatewayRequests: series})),
	} {
		in.Microservice.Spec.Routes = []v1alpha1.Route{{}}
		_, err := PrometheusRules(in)
		var problem *condition.Problem
		if !errors.As(err, &problem) || problem.Reason != v1alpha1.ReasonInvalidSpec || !problem.Stalled || !strings.HasPrefix(problem.Error(), want) {
			t.Errorf("got %v, want %s ...", err, want)
		}
	}
	if problem := InvalidMetrics(topology(series)); problem == nil || problem.Message.Field != "monitoring.requests.series[1].pattern" {
		t.Errorf("the Topology: got %v", problem)
	}
	for _, tc := range []struct {
		monitoring v1alpha1.Monitoring
		field      string
	}{
		{v1alpha1.Monitoring{Calls: &v1alpha1.CallMetrics{FailedCodes: "("}}, "monitoring.calls.failedCodes"},
		{v1alpha1.Monitoring{GatewayRequests: series}, "monitoring.gatewayRequests.series[1].pattern"},
	} {
		if problem := InvalidMetrics(recording(&tc.monitoring)); problem == nil || problem.Message.Field != tc.field {
			t.Errorf("the Topology: got %v, want %s", problem, tc.field)
		}
	}
	for _, valid := range []*v1alpha1.Topology{{}, topology(nil), topology(&v1alpha1.RequestMetrics{FailedCodes: "5..", Series: []v1alpha1.LabelPattern{{Label: "a", Pattern: "$(name)"}}})} {
		if problem := InvalidMetrics(valid); problem != nil {
			t.Errorf("a valid Topology: got %v", problem)
		}
	}
}

// TestHealth checks what keeps the objectives from being measured.
func TestHealth(t *testing.T) {
	monitored := &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{Monitoring: &v1alpha1.Monitoring{}}}
	slo := &v1alpha1.ServiceLevelObjective{Availability: "99.9"}
	worker := withObjective(slo, monitored)
	worker.Microservice.Spec.Type = v1alpha1.WorkloadWorker
	grpc := withObjective(slo, monitored)
	grpc.Microservice.Spec.Ports = []v1alpha1.Port{{Name: "rpc", Port: 80, Protocol: v1alpha1.ProtocolGRPC}}
	noPodMonitors := withObjective(slo, monitored)
	noPodMonitors.MissingCRDs = map[string]bool{PodMonitorCRD: true}
	noRules := withObjective(slo, nil)
	noRules.MissingCRDs = map[string]bool{PrometheusRuleCRD: true}
	atGateway := withObjective(&v1alpha1.ServiceLevelObjective{Requests: &v1alpha1.RequestMetrics{Series: []v1alpha1.LabelPattern{{Label: "a", Pattern: "b"}}}}, nil)
	for name, tc := range map[string]struct {
		in          *inputs.Inputs
		ready, none bool
		cause       string
	}{
		"no objective":                  {in: withObjective(nil, monitored), none: true},
		"a member that is scraped":      {in: withObjective(slo, monitored), ready: true},
		"metrics of a gateway":          {in: atGateway, ready: true},
		"no Topology":                   {in: withObjective(slo, nil), cause: "has no Topology with monitoring"},
		"a Topology without monitoring": {in: withObjective(slo, &v1alpha1.Topology{}), cause: "has no Topology with monitoring"},
		"a worker":                      {in: worker, cause: "none of the ports speaks HTTP"},
		"a gRPC port only":              {in: grpc, cause: "none of the ports speaks HTTP"},
		"no PodMonitors":                {in: noPodMonitors, cause: PodMonitorCRD},
		"no PrometheusRules":            {in: noRules, none: true},
	} {
		h := Health(tc.in)
		switch {
		case tc.none:
			if h != nil {
				t.Errorf("%s: got %+v", name, h)
			}
		case h == nil || h.Ready != tc.ready || !strings.Contains(h.Message.String(), tc.cause) || !tc.ready && h.Reason != v1alpha1.ReasonNotMonitored:
			t.Errorf("%s: got %+v", name, h)
		}
	}
}

// TestPatternsMatchOnlyTheService checks that names stand for themselves in a pattern.
func TestPatternsMatchOnlyTheService(t *testing.T) {
	ms := withObjective(nil, nil).Microservice
	ms.Namespace = "a.b"
	r, problem := newRequests(ms, v1alpha1.RequestMetrics{Histogram: "x", CodeLabel: "code", FailedCodes: "5..",
		Series: []v1alpha1.LabelPattern{{Label: "service", Pattern: `$(namespace)-$(name)-"80"@.*`}}}, condition.Message{})
	if problem != nil {
		t.Fatal(problem)
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
