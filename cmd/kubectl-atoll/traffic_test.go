// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/monitoring"
)

// fakePrometheus answers every instant query with the series of orders and users, and records the
// path and the query of the last one.
func fakePrometheus(t *testing.T) (server *httptest.Server, path, query *string) {
	t.Helper()
	path, query = new(string), new(string)
	type sample struct {
		Metric map[string]string `json:"metric"`
		Value  [2]any            `json:"value"`
	}
	series := func(service, name, value string) sample {
		return sample{map[string]string{"__name__": name, "namespace": "shop", "service": service}, [2]any{1700000000, value}}
	}
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*path, *query = r.URL.Path, r.FormValue("query")
		if err := json.NewEncoder(w).Encode(map[string]any{"status": "success", "data": map[string]any{"resultType": "vector", "result": []sample{
			series("orders", monitoring.RequestRate, "12.345"),
			series("orders", monitoring.ErrorRatio, "0.00125"),
			series("orders", monitoring.Latency, "0.2114"),
			series("orders", monitoring.Availability, "0.999"),
			series("orders", monitoring.LatencyTarget, "0.3"),
			series("orders", monitoring.ErrorBudgetRemaining, "-0.25"),
			series("users", monitoring.RequestRate, "3.21"),
			series("users", monitoring.Latency, "NaN"),
		}}}); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(server.Close)
	return server, path, query
}

func TestStatusWithPrometheus(t *testing.T) {
	server, path, query := fakePrometheus(t)
	t.Run("all", func(t *testing.T) {
		golden(t, "status-prometheus.txt", runPlugin(t, fakeCluster(shop()...), "", "status", "--prometheus", server.URL).out)
		if *path != "/api/v1/query" || !strings.Contains(*query, `namespace="shop"`) || !strings.Contains(*query, monitoring.ErrorBudgetRemaining) {
			t.Errorf("got path %s and query %s", *path, *query)
		}
	})
	t.Run("all namespaces", func(t *testing.T) {
		runPlugin(t, fakeCluster(shop()...), "", "status", "-A", "--prometheus", server.URL)
		if strings.Contains(*query, "namespace=") {
			t.Errorf("the query selects a namespace: %s", *query)
		}
	})
	t.Run("a service", func(t *testing.T) {
		golden(t, "status-orders-prometheus.txt", runPlugin(t, fakeCluster(shop()...), "", "status", "orders", "--prometheus", server.URL).out)
	})
	t.Run("a service without series", func(t *testing.T) {
		got := runPlugin(t, fakeCluster(shop()...), "", "status", "payments", "--prometheus", server.URL)
		if !strings.Contains(got.out, "Requests    not measured: the Microservice has no slo\n") {
			t.Errorf("got %s", got.out)
		}
		measured := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "new"}, Spec: v1alpha1.MicroserviceSpec{SLO: &v1alpha1.ServiceLevelObjective{Availability: "99"}}}
		got = runPlugin(t, fakeCluster(measured), "", "status", "new", "--prometheus", server.URL)
		if !strings.Contains(got.out, `Requests    no series in Prometheus: it has not evaluated PrometheusRule "new" yet`) {
			t.Errorf("got %s", got.out)
		}
	})
	t.Run("json", func(t *testing.T) {
		got := runPlugin(t, fakeCluster(shop()...), "", "status", "orders", "-o", "json", "--prometheus", server.URL)
		var status detailedStatus
		if err := json.Unmarshal([]byte(got.out), &status); err != nil {
			t.Fatal(err)
		}
		if status.Traffic == nil || *status.Traffic.RequestsPerSecond != 12.345 || *status.Traffic.ErrorBudgetRemaining != -0.25 {
			t.Errorf("got %+v", status.Traffic)
		}
	})
	t.Run("the variable", func(t *testing.T) {
		t.Setenv(prometheusVariable, server.URL)
		if got := runPlugin(t, fakeCluster(shop()...), "", "status"); !strings.Contains(got.out, "BUDGET") {
			t.Errorf("got %s", got.out)
		}
	})
}

// TestStatusWithPrometheusInCluster reaches Prometheus through the API server.
func TestStatusWithPrometheusInCluster(t *testing.T) {
	server, path, _ := fakePrometheus(t)
	got := runPlugin(t, fakeCluster(shop()...), "", "status", "--server", server.URL, "--prometheus", "monitoring/prometheus:9090")
	if want := "/api/v1/namespaces/monitoring/services/prometheus:9090/proxy/api/v1/query"; *path != want {
		t.Errorf("got path %s, want %s (%s)", *path, want, got.err)
	}
	golden(t, "status-prometheus.txt", got.out)
}

// TestStatusWithoutPrometheus shows the status although Prometheus can't be read.
func TestStatusWithoutPrometheus(t *testing.T) {
	plain := runPlugin(t, fakeCluster(shop()...), "", "status")
	for target, want := range map[string]string{
		"http://127.0.0.1:1":  "warning: reading from Prometheus: ",
		"prometheus":          `warning: --prometheus: "prometheus" is neither a URL such as http://127.0.0.1:9090 nor a Service such as monitoring/prometheus:9090`,
		"http://user:secret@": `warning: --prometheus: the value is not a URL such as http://127.0.0.1:9090`,
	} {
		got := runPlugin(t, fakeCluster(shop()...), "", "status", "--prometheus", target)
		if got.code != 0 || got.out != plain.out || !strings.HasPrefix(got.err, want) {
			t.Errorf("%s: got %+v", target, got)
		}
	}
}

func TestTrafficText(t *testing.T) {
	for value, want := range map[float64]string{0: "0%", 0.00125: "0.125%", 1: "100%", 0.9995: "99.95%", 1.0 / 3: "33.3333%"} {
		if got := percent(value); got != want {
			t.Errorf("percent(%v): got %s, want %s", value, got, want)
		}
	}
	for value, want := range map[float64]string{0.0123456: "12.3ms", 0.3: "300ms", 2.3456: "2.35s"} {
		if got := seconds(value); got != want {
			t.Errorf("seconds(%v): got %s, want %s", value, got, want)
		}
	}
	if got := fmt.Sprintf("%s %s %s", (&traffic{RequestsPerSecond: new(123.45)}).rate(), (&traffic{RequestsPerSecond: new(0.46)}).rate(), (*traffic)(nil).rate()); got != "123 0.5 -" {
		t.Errorf("got %s", got)
	}
}
