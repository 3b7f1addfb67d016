package peer

import (
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/prometheus/client_golang/prometheus"
)

// MustRegister registers the metric for the state of the circuit breaker.
func (c *Client) MustRegister(registry prometheus.Registerer) {
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
