package peer

import (
	"net/http"
	"strconv"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/prometheus/client_golang/prometheus"
)

// newDurations returns the histogram of the attempts to call a host, with the names that OpenTelemetry defines
// (https://opentelemetry.io/docs/specs/semconv/http/http-metrics/). An attempt without a response has no code.
func newDurations(host string) *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:        "http_client_request_duration_seconds",
		Help:        "Time until the response to a request begins, or until the request fails.",
		ConstLabels: prometheus.Labels{"server_address": host},
		Buckets:     prometheus.ExponentialBuckets(0.001, 2.5, 10),
	}, []string{"http_request_method", "http_response_status_code"})
}

// measured is a transport that observes how long requests take.
type measured struct {
	http.RoundTripper
	durations *prometheus.HistogramVec
}

func (m measured) RoundTrip(request *http.Request) (*http.Response, error) {
	begin := time.Now()
	response, err := m.RoundTripper.RoundTrip(request)
	code := ""
	if err == nil {
		code = strconv.Itoa(response.StatusCode)
	}
	m.durations.WithLabelValues(request.Method, code).Observe(time.Since(begin).Seconds())
	return response, err
}

// MustRegister registers the metrics of the calls and of the state of the circuit breaker.
func (c *Client) MustRegister(registry prometheus.Registerer) {
	registry.MustRegister(c.durations)
	for _, state := range []circuitbreaker.State{
		circuitbreaker.ClosedState, circuitbreaker.HalfOpenState, circuitbreaker.OpenState,
	} {
		registry.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name:        "circuit_breaker_state",
			Help:        "1 for the state that the peer's circuit breaker is in, 0 for the others.",
			ConstLabels: prometheus.Labels{"peer": c.name, "state": state.String()},
		}, func() float64 {
			if c.breaker.State() == state {
				return 1
			}
			return 0
		}))
	}
}
