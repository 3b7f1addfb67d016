// Package relay empties the outbox: it tells orders of every accepted payment, at least once.
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

// deliveryTimeout keeps a database or peer that hangs from holding up a shutdown.
const deliveryTimeout = 10 * time.Second

// Config is how hard the relay tries.
type Config struct {
	// Workers is how many payments one replica delivers at once; each holds a database connection.
	Workers int `env:"WORKERS" envDefault:"2"`
	// PollInterval is how soon retries, and payments of a replica that died, are noticed.
	// Payments of this replica are delivered at once.
	PollInterval time.Duration `env:"POLL_INTERVAL" envDefault:"500ms"`
	// FirstRetry is the pause after a first failure; it doubles up to LongestRetry.
	FirstRetry   time.Duration `env:"FIRST_RETRY" envDefault:"250ms"`
	LongestRetry time.Duration `env:"LONGEST_RETRY" envDefault:"10s"`
}

// Relay delivers payments to orders.
type Relay struct {
	cfg        Config
	store      *store.Store
	orders     orders.Client
	wake       chan struct{}
	deliveries *prometheus.CounterVec
}

// New returns a relay that Run starts.
func New(cfg Config, payments *store.Store, orders orders.Client, registry prometheus.Registerer) *Relay {
	return &Relay{
		cfg:    cfg,
		store:  payments,
		orders: orders,
		// One place: a signal to a busy relay is kept, and one is enough to empty the outbox.
		wake: make(chan struct{}, 1),
		deliveries: promauto.With(registry).NewCounterVec(prometheus.CounterOpts{
			Name: "outbox_deliveries_total",
			Help: "Attempts to tell orders of a payment, by the status they left it in.",
		}, []string{"status"}),
	}
}

// Wake tells the relay that a payment waits.
func (r *Relay) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// Run delivers until ctx ends; a delivery under way is finished first.
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
		// A database that is away fails every poll: only the first is worth a line.
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

// drain delivers what is due.
func (r *Relay) drain(ctx context.Context) error {
	for ctx.Err() == nil {
		found, err := r.deliverNext(ctx)
		if err != nil || !found {
			return err
		}
	}
	return nil
}

// deliverNext goes on when ctx ends: a delivery that is cut off has to be repeated.
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

// pause doubles with every attempt and is spread, so that a peer that recovers is not met by all at once.
func (r *Relay) pause(attempts int) time.Duration {
	const doublings = 20 // Enough for any LongestRetry, and far from an overflow.
	pause := min(r.cfg.FirstRetry<<min(attempts, doublings), r.cfg.LongestRetry)
	return pause/2 + rand.N(pause/2+1)
}
