package observability

import (
	"log/slog"
	"net/http"
	"strings"

	"github.com/IBM/pgxpoolprometheus"
	"github.com/felixge/httpsnoop"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

// NewRegistry returns a registry with the metrics of the process and of the database pool.
func NewRegistry(pool *pgxpool.Pool) *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		pgxpoolprometheus.NewCollector(pool, nil),
	)
	return registry
}

// Instrument returns a function that wraps handlers, so that every request to them is traced, measured and logged.
func Instrument(registry prometheus.Registerer) func(http.Handler) http.Handler {
	metrics := promauto.With(registry)
	inFlight := metrics.NewGauge(prometheus.GaugeOpts{
		Name: "http_requests_in_flight",
		Help: "Requests being answered.",
	})
	duration := metrics.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "http_request_duration_seconds",
		Help:    "Time to answer a request; its count is the number of requests.",
		Buckets: prometheus.ExponentialBuckets(0.001, 2.5, 10),
	}, []string{"route", "method", "code"})

	return func(next http.Handler) http.Handler {
		// ServeMux writes the route into the request that it receives. No handler in between may copy the request.
		next = logAccess(next)
		next = promhttp.InstrumentHandlerDuration(duration, next, promhttp.WithLabelFromRequest("route", route))
		next = promhttp.InstrumentHandlerInFlight(inFlight, next)
		return otelhttp.NewHandler(next, "request", otelhttp.WithSpanNameFormatter(
			func(_ string, r *http.Request) string { return r.Method + " " + route(r) }))
	}
}

func logAccess(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httpsnoop.CaptureMetrics(next, w, r)
		slog.InfoContext(r.Context(), "Answered",
			"method", r.Method,
			"path", r.URL.Path,
			"route", route(r),
			"status", answer.Code,
			"bytes", answer.Written,
			"duration_ms", float64(answer.Duration.Microseconds())/1000,
		)
	})
}

// route returns the path pattern that matched. Unlike the path, it has few different values.
func route(r *http.Request) string {
	if _, path, found := strings.Cut(r.Pattern, " "); found {
		return path
	}
	return "unmatched"
}
