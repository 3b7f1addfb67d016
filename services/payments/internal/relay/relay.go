// Package relay delivers the payments in the outbox to the orders service, each at least once.
package relay

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/atoll-dev/atoll/services/payments/internal/orders"
	"github.com/atoll-dev/atoll/services/payments/internal/store"
)

// deliveryTimeout limits one delivery, so that a database or peer that hangs cannot delay the shutdown.
const deliveryTimeout = 10 * time.Second

// Config has the settings of the relay.
type Config struct {
	// Workers is the number of payments that one replica delivers at the same time. Each worker uses a database
	// connection.
	Workers int `env:"WORKERS" envDefault:"2"`
	// PollInterval is the polling period for retries and for payments of a replica that crashed.
	// Payments that this replica accepts are delivered immediately.
	PollInterval time.Duration `env:"POLL_INTERVAL" envDefault:"500ms"`
	// FirstRetry is the pause after the first failure. It doubles with each failure up to LongestRetry.
	FirstRetry   time.Duration `env:"FIRST_RETRY" envDefault:"250ms"`
	LongestRetry time.Duration `env:"LONGEST_RETRY" envDefault:"10s"`
}

// Relay delivers payments to the orders service.
type Relay struct {
	cfg        Config
	store      *store.Store
	orders     orders.Client
	wake       chan struct{}
	deliveries *prometheus.CounterVec
}

// New returns a Relay. Run starts it.
func New(cfg Config, payments *store.Store, orders orders.Client, registry prometheus.Registerer) *Relay {
	return &Relay{
		cfg:    cfg,
		store:  payments,
		orders: orders,
		// The buffer of one keeps a signal to a busy relay. One signal is enough, because a worker empties the outbox.
		wake: make(chan struct{}, 1),
		deliveries: promauto.With(registry).NewCounterVec(prometheus.CounterOpts{
			Name: "outbox_deliveries_total",
			Help: "Attempts to tell orders of a payment, by the status they left it in.",
		}, []string{"status"}),
	}
}

// Wake makes the relay look for payments immediately.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run delivers payments until ctx ends. It finishes deliveries in progress before it returns.
func (r *Relay) Run(ctx context.Context) {
	var workers sync.WaitGroup
	for range r.cfg.Workers {
		workers.Go(func() { r.work(ctx) })
	}
	workers.Wait()
}

func (r *Relay) work(ctx context.Context) {
	poll := time.NewTicker(r.cfg.PollInterval)
	defer poll.Stop()
	failing := false
	for {
		err := r.drain(ctx)
		// Every poll fails while the database is unavailable: log only the first failure.
		if err != nil && !failing {
			slog.WarnContext(ctx, "Failed to empty the outbox", "error", err)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-r.wake:
		case <-poll.C:
		}
	}
}

// drain delivers all payments that are due.
func (r *Relay) drain(ctx context.Context) error {
	for ctx.Err() == nil {
		found, err := r.deliverNext(ctx)
		if err != nil || !found {
			return err
		}
	}
	return nil
}

// deliverNext does not stop when ctx ends, because an interrupted delivery must be repeated.
func (r *Relay) deliverNext(ctx context.Context) (found bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliveryTimeout)
	defer cancel()
	return r.store.DeliverNext(ctx, r.deliver)
}

func (r *Relay) deliver(ctx context.Context, delivery store.Delivery) store.Outcome {
	ctx = otel.GetTextMapPropagator().Extract(ctx, propagation.MapCarrier(delivery.TraceContext))
	ctx, span := otel.Tracer("relay").Start(ctx, "deliver payment", trace.WithSpanKind(trace.SpanKindConsumer))
	defer span.End()

	err := r.orders.Pay(ctx, delivery.OrderID, orders.Payment{
		ID: delivery.PaymentID, AmountCents: delivery.AmountCents, Currency: delivery.Currency,
	})
	outcome := r.outcome(delivery, err)
	r.deliveries.WithLabelValues(string(outcome.Status)).Inc()
	if err != nil {
		span.SetStatus(codes.Error, err.Error())
		slog.WarnContext(ctx, "Failed to deliver a payment", "payment", delivery.PaymentID,
			"attempt", delivery.Attempts+1, "status", outcome.Status, "error", err)
	}
	return outcome
}

func (r *Relay) outcome(delivery store.Delivery, err error) store.Outcome {
	var refused *orders.RefusedError
	switch {
	case err == nil:
		return store.Outcome{Status: store.Settled}
	case errors.As(err, &refused):
		return store.Outcome{Status: store.Rejected, Reason: refused.Reason}
	default:
		return store.Outcome{Status: store.Accepted, RetryIn: r.pause(delivery.Attempts)}
	}
}

// pause returns the time until the next attempt. It doubles with every attempt. The jitter spreads the retries after
// the peer has recovered.
func (r *Relay) pause(attempts int) time.Duration {
	const doublings = 20 // Enough for any LongestRetry, and too few for an overflow.
	pause := min(r.cfg.FirstRetry<<min(attempts, doublings), r.cfg.LongestRetry)
	return pause/2 + rand.N(pause/2+1)
}
