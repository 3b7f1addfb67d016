// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/monitoring"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// objectiveRules are the rules of a service with an availability of 99.9 % and a p99 of 300 ms.
func objectiveRules(t *testing.T) []byte {
	t.Helper()
	ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders"}}
	ms.Spec.SLO = &v1alpha1.ServiceLevelObjective{Availability: "99.9", LatencyP99: &metav1.Duration{Duration: 300 * time.Millisecond}}
	return rulesOf(t, ms)
}

func rulesOf(t *testing.T, ms *v1alpha1.Microservice) []byte {
	t.Helper()
	return rulesFor(t, &inputs.Inputs{Microservice: ms})
}

func rulesFor(t *testing.T, in *inputs.Inputs) []byte {
	t.Helper()
	objects, err := monitoring.PrometheusRules(in)
	if err != nil {
		t.Fatal(err)
	}
	text, err := yaml.Marshal(objects[0].(*unstructured.Unstructured).Object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// requestSeries writes the series of eight hours of traffic: each minute so many requests, of which so
// many fail, and so many are slower than 300 ms.
func requestSeries(all, failed, slow int) string {
	const name = "http_server_request_duration_seconds"
	var s strings.Builder
	counter := func(series string, perMinute int) {
		fmt.Fprintf(&s, "  - {series: '%s', values: '0+%dx480'}\n", series, perMinute)
	}
	counter(name+`_count{job="shop/orders",http_response_status_code="200"}`, all-failed)
	if failed > 0 {
		counter(name+`_count{job="shop/orders",http_response_status_code="503"}`, failed)
	}
	// Another service fails all the time.
	counter(name+`_count{job="shop/users",http_response_status_code="500"}`, 100)
	for _, bucket := range []struct {
		le    string
		count int
	}{{"0.1", all - slow}, {"0.5", all - slow}, {"1", all}, {"+Inf", all}} {
		counter(fmt.Sprintf(`%s_bucket{job="shop/orders",le="%s"}`, name, bucket.le), bucket.count)
	}
	return s.String()
}

// TestObjectives lets promtool evaluate the rules of a service's objectives.
func TestObjectives(t *testing.T) {
	cases := map[string]struct {
		series string
		// firing are the alerts, with their severities.
		firing []string
		// want are the values of recorded series.
		want map[string]string
	}{
		"no request fails or is slow": {
			series: requestSeries(1000, 0, 0),
			want: map[string]string{monitoring.RequestRate: "16.666667", monitoring.ErrorRatio: "0", monitoring.Availability: "0.999",
				monitoring.LatencyTarget: "0.3", monitoring.ErrorBudgetRemaining: "1"},
		},
		"one in a thousand fails: the budget lasts exactly": {
			series: requestSeries(1000, 1, 0),
			want:   map[string]string{monitoring.ErrorRatio: "0.001", monitoring.ErrorBudgetRemaining: "0"},
		},
		"two percent fail: the budget is used up in two days": {
			series: requestSeries(1000, 20, 0), firing: []string{monitoring.AlertErrorBudget + " critical", monitoring.AlertErrorBudget + " warning"},
			want: map[string]string{monitoring.ErrorRatio: "0.02", monitoring.ErrorBudgetRemaining: "-19"},
		},
		"four in a thousand fail: not critical": {
			series: requestSeries(1000, 4, 0), firing: []string{monitoring.AlertErrorBudget + " warning"},
		},
		"a fifth is slow": {
			series: requestSeries(1000, 0, 200), firing: []string{monitoring.AlertLatencyBudget + " critical", monitoring.AlertLatencyBudget + " warning"},
		},
		"five percent are slow": {
			series: requestSeries(1000, 0, 50), firing: []string{monitoring.AlertLatencyBudget + " warning"},
		},
		"no request at all": {series: requestSeries(0, 0, 0), want: map[string]string{monitoring.RequestRate: "0", monitoring.ErrorRatio: "", monitoring.ErrorBudgetRemaining: ""}},
	}
	var file strings.Builder
	file.WriteString("rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n")
	for name, c := range cases {
		fmt.Fprintf(&file, "- name: '%s'\n  interval: 1m\n  input_series:\n%s  promql_expr_test:\n", name, c.series)
		fmt.Fprintf(&file, "  - expr: 'count by (alertname, severity) (ALERTS{alertstate=\"firing\", namespace=\"shop\", service=\"orders\"})'\n    eval_time: 7h\n    exp_samples:\n")
		for _, alert := range c.firing {
			alertName, severity, _ := strings.Cut(alert, " ")
			fmt.Fprintf(&file, "    - {labels: '{alertname=\"%s\", severity=\"%s\"}', value: 1}\n", alertName, severity)
		}
		for series, value := range c.want {
			samples := "[]"
			if value != "" {
				samples = fmt.Sprintf("[{labels: '%s{namespace=\"shop\", service=\"orders\"}', value: %s}]", series, value)
			}
			// Rounded: the last digit of a ratio depends on the order of the sums.
			fmt.Fprintf(&file, "  - expr: 'round(%s, 0.000001)'\n    eval_time: 7h\n    exp_samples: %s\n", series, strings.Replace(samples, series, "", 1))
		}
	}
	runPromtool(t, objectiveRules(t), []byte(file.String()))
}

// TestObjectivesOfAMesh lets promtool evaluate rules for a histogram in milliseconds that a mesh
// exports, and a window of a week.
func TestObjectivesOfAMesh(t *testing.T) {
	ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders"}}
	ms.Spec.SLO = &v1alpha1.ServiceLevelObjective{Availability: "90", LatencyP99: &metav1.Duration{Duration: time.Second}, Window: "7d", Requests: &v1alpha1.RequestMetrics{
		Histogram: "istio_request_duration_milliseconds", Unit: v1alpha1.UnitMilliseconds, CodeLabel: "response_code",
		Series: []v1alpha1.LabelPattern{{Label: "destination_workload", Pattern: "$(name)"}}}}
	// 5 % of the requests fail: that is permitted. All take from 500 ms to a second.
	runPromtool(t, rulesOf(t, ms), []byte(`
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
- name: 'half of the budget is used'
  interval: 1m
  input_series:
  - {series: 'istio_request_duration_milliseconds_count{destination_workload="orders",response_code="200"}', values: '0+95x480'}
  - {series: 'istio_request_duration_milliseconds_count{destination_workload="orders",response_code="503"}', values: '0+5x480'}
  - {series: 'istio_request_duration_milliseconds_count{destination_workload="orders-2",response_code="503"}', values: '0+500x480'}
  - {series: 'istio_request_duration_milliseconds_bucket{destination_workload="orders",le="500"}', values: '0x480'}
  - {series: 'istio_request_duration_milliseconds_bucket{destination_workload="orders",le="1000"}', values: '0+100x480'}
  - {series: 'istio_request_duration_milliseconds_bucket{destination_workload="orders",le="+Inf"}', values: '0+100x480'}
  promql_expr_test:
  - {expr: 'ALERTS', eval_time: 7h, exp_samples: []}
  - {expr: 'round(atoll:service_error_budget_remaining:ratio, 0.000001)', eval_time: 7h, exp_samples: [{labels: '{namespace="shop", service="orders"}', value: 0.5}]}
  - {expr: 'round(atoll:service_request_duration_seconds:p99_rate5m, 0.000001)', eval_time: 7h, exp_samples: [{labels: '{namespace="shop", service="orders"}', value: 0.995}]}
`))
}

// TestCalls lets promtool evaluate the rules about what a service calls.
func TestCalls(t *testing.T) {
	orders := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "orders"}}
	in := &inputs.Inputs{Microservice: orders, Topology: &v1alpha1.Topology{}, Edges: []graph.Edge{
		{Caller: orders, Dependency: &v1alpha1.Dependency{Name: "users"}},
		{Caller: orders, Dependency: &v1alpha1.Dependency{Name: "users", Namespace: "accounts"}},
	}}
	in.Topology.Spec.Monitoring = &v1alpha1.Monitoring{Record: []v1alpha1.RecordedRequests{v1alpha1.RecordCalls}}
	// Of 100 calls to users a minute, 10 are answered with 503, and 5 are not answered. Those to
	// accounts all succeed. Calls of another service, and calls elsewhere, do not count.
	runPromtool(t, rulesFor(t, in), []byte(`
rule_files: [rules.yaml]
evaluation_interval: 1m
tests:
- name: 'calls of two dependencies'
  interval: 1m
  input_series:
  - {series: 'http_client_request_duration_seconds_count{job="shop/orders",server_address="users.shop.svc",http_response_status_code="200"}', values: '0+80x60'}
  - {series: 'http_client_request_duration_seconds_count{job="shop/orders",server_address="users",http_response_status_code="404"}', values: '0+5x60'}
  - {series: 'http_client_request_duration_seconds_count{job="shop/orders",server_address="users.shop.svc",http_response_status_code="503"}', values: '0+10x60'}
  - {series: 'http_client_request_duration_seconds_count{job="shop/orders",server_address="users.shop.svc",error_type="timeout"}', values: '0+5x60'}
  - {series: 'http_client_request_duration_seconds_count{job="shop/orders",server_address="users.accounts.svc",http_response_status_code="200"}', values: '0+60x60'}
  - {series: 'http_client_request_duration_seconds_count{job="shop/orders",server_address="example.com",http_response_status_code="500"}', values: '0+60x60'}
  - {series: 'http_client_request_duration_seconds_count{job="shop/payments",server_address="users.shop.svc",http_response_status_code="500"}', values: '0+60x60'}
  - {series: 'http_client_request_duration_seconds_bucket{job="shop/orders",server_address="users.shop.svc",le="0.5"}', values: '0x60'}
  - {series: 'http_client_request_duration_seconds_bucket{job="shop/orders",server_address="users.shop.svc",le="1"}', values: '0+95x60'}
  - {series: 'http_client_request_duration_seconds_bucket{job="shop/orders",server_address="users.shop.svc",le="+Inf"}', values: '0+95x60'}
  promql_expr_test:
  - expr: 'round(atoll:service_calls:rate5m * 60, 0.001)'
    eval_time: 50m
    exp_samples:
    - {labels: '{namespace="shop", service="orders", dependency="users", dependency_namespace="shop"}', value: 100}
    - {labels: '{namespace="shop", service="orders", dependency="users", dependency_namespace="accounts"}', value: 60}
  - expr: 'round(atoll:service_call_errors:ratio_rate5m, 0.001)'
    eval_time: 50m
    exp_samples:
    - {labels: '{namespace="shop", service="orders", dependency="users", dependency_namespace="shop"}', value: 0.15}
    - {labels: '{namespace="shop", service="orders", dependency="users", dependency_namespace="accounts"}', value: 0}
  - expr: 'round(atoll:service_call_duration_seconds:p99_rate5m, 0.001)'
    eval_time: 50m
    exp_samples:
    - {labels: '{namespace="shop", service="orders", dependency="users", dependency_namespace="shop"}', value: 0.995}
`))
}
