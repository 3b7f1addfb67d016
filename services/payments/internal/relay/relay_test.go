package relay

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/atoll-dev/atoll/services/internal/eventually"
	"github.com/atoll-dev/atoll/services/internal/peer"
	"github.com/atoll-dev/atoll/services/internal/postgrestest"
	"github.com/atoll-dev/atoll/services/payments/internal/orders"
	"github.com/atoll-dev/atoll/services/payments/internal/orderstest"
	"github.com/atoll-dev/atoll/services/payments/internal/store"
	"github.com/atoll-dev/atoll/services/payments/migrations"
)

func TestMain(m *testing.M) {
	otel.SetTextMapPropagator(propagation.TraceContext{})
	os.Exit(postgrestest.Main(m))
}

// quick returns settings with short pauses.
func quick() Config {
	return Config{
		Workers: 2, PollInterval: 5 * time.Millisecond,
		FirstRetry: 5 * time.Millisecond, LongestRetry: 20 * time.Millisecond,
	}
}

func newStore(t *testing.T, databaseURL string) *store.Store {
	t.Helper()
	return store.New(postgrestest.Open(t, databaseURL, migrations.Files))
}

// running is a started relay.
type running struct {
	*Relay
	cancel context.CancelFunc
	ended  chan struct{}
}

// stop stops the relay and waits until it has stopped.
func (r running) stop() {
	r.cancel()
	<-r.ended
}

// start starts a relay. It stops at the end of the test at the latest.
func start(t *testing.T, cfg Config, payments *store.Store, fake *orderstest.Orders) running {
	t.Helper()
	client, err := peer.New("orders", peer.Config{
		URL: fake.URL, Budget: eventually.Patience, AttemptTimeout: eventually.Patience, BreakerDelay: time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	relay := running{
		Relay:  New(cfg, payments, orders.New(client), prometheus.NewRegistry()),
		cancel: cancel,
		ended:  make(chan struct{}),
	}
	go func() {
		defer close(relay.ended)
		relay.Run(ctx)
	}()
	t.Cleanup(relay.stop)
	return relay
}

// untraced is the trace context of a request without a trace.
var untraced = map[string]string{}

func accept(t *testing.T, payments *store.Store, traceContext map[string]string) store.Payment {
	t.Helper()
	payment, err := payments.CreatePayment(t.Context(), uuid.NewString(), store.Request{
		OrderID: uuid.New(), AmountCents: orderstest.TotalCents, Currency: orderstest.Currency,
	}, traceContext)
	if err != nil {
		t.Fatal(err)
	}
	return payment
}

// await waits until the payment has the status, and returns it.
func await(t *testing.T, payments *store.Store, id uuid.UUID, status store.Status) (payment store.Payment) {
	t.Helper()
	eventually.Holds(t, fmt.Sprintf("payment %s is %s", id, status), func() bool {
		var err error
		if payment, err = payments.Payment(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		return payment.Status == status
	})
	return payment
}

func TestWokenRelayDeliversImmediately(t *testing.T) {
	payments, fake := newStore(t, postgrestest.NewDatabase(t)), orderstest.New(t)
	cfg := quick()
	cfg.PollInterval = time.Hour
	relay := start(t, cfg, payments, fake)

	// The relay may find the first payment when it starts. It finds the others only when it is woken.
	for range 5 {
		payment := accept(t, payments, untraced)
		relay.Wake()
		await(t, payments, payment.ID, store.Settled)
		if got := fake.Paid()[payment.OrderID.String()]; got != payment.ID {
			t.Errorf("the order was paid by %s, want %s", got, payment.ID)
		}
	}
}

func TestDeliveryIsInTheTraceOfItsRequest(t *testing.T) {
	payments, fake := newStore(t, postgrestest.NewDatabase(t)), orderstest.New(t)
	const trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-"
	payment := accept(t, payments, map[string]string{"traceparent": trace + "00f067aa0ba902b7-01"})
	start(t, quick(), payments, fake)
	await(t, payments, payment.ID, store.Settled)

	if got := fake.Deliveries()[0].Traceparent; !strings.HasPrefix(got, trace) {
		t.Errorf("the delivery has traceparent %q, want one of %q", got, trace)
	}
}

func TestSlowDeliveryDoesNotDelayOthers(t *testing.T) {
	payments, fake := newStore(t, postgrestest.NewDatabase(t)), orderstest.New(t)
	slow := accept(t, payments, untraced)
	delivered, proceed := make(chan struct{}), make(chan struct{})
	fake.OnPay(func(_ http.ResponseWriter, _ *http.Request, pay func()) {
		close(delivered)
		<-proceed
		pay()
	})
	start(t, quick(), payments, fake)

	<-delivered
	fake.OnPay(nil)
	other := accept(t, payments, untraced)
	await(t, payments, other.ID, store.Settled)
	if got, err := payments.Payment(t.Context(), slow.ID); err != nil || got.Status != store.Accepted {
		t.Errorf("the slow payment is %s (%v), want accepted", got.Status, err)
	}
	close(proceed)
	await(t, payments, slow.ID, store.Settled)
}

func TestRefusedPaymentIsRejectedWithTheReason(t *testing.T) {
	tests := map[string]struct {
		status     int
		body       string
		wantReason string
	}{
		"problem document": {http.StatusConflict, `{"detail": "Another payment was first."}`, "Another payment was first."},
		"another response": {http.StatusGone, `gone`, "orders answered 410"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			payments, fake := newStore(t, postgrestest.NewDatabase(t)), orderstest.New(t)
			fake.OnPay(func(w http.ResponseWriter, _ *http.Request, _ func()) {
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(test.body))
			})
			payment := accept(t, payments, untraced)
			start(t, quick(), payments, fake)

			if got := await(t, payments, payment.ID, store.Rejected); *got.Reason != test.wantReason {
				t.Errorf("got reason %q, want %q", *got.Reason, test.wantReason)
			}
			if got := len(fake.Deliveries()); got != 1 {
				t.Errorf("orders got %d deliveries of the refused payment, want 1", got)
			}
		})
	}
}

func TestDeliveryIsRetriedUntilOrdersDecides(t *testing.T) {
	for _, status := range []int{http.StatusInternalServerError, http.StatusTooManyRequests, http.StatusRequestTimeout} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			payments, fake := newStore(t, postgrestest.NewDatabase(t)), orderstest.New(t)
			fake.OnPay(func(w http.ResponseWriter, _ *http.Request, _ func()) { w.WriteHeader(status) })
			payment := accept(t, payments, untraced)
			start(t, quick(), payments, fake)

			eventually.Holds(t, "three attempts", func() bool { return len(fake.Deliveries()) >= 3 })
			if got, err := payments.Payment(t.Context(), payment.ID); err != nil || got.Status != store.Accepted {
				t.Errorf("the payment is %s (%v) while orders is undecided, want accepted", got.Status, err)
			}
			fake.OnPay(nil)
			await(t, payments, payment.ID, store.Settled)
		})
	}
}

// The crash is between the write in the orders service and the local commit, the critical moment of an outbox.
func TestCrashAfterTheDeliveryNeitherLosesNorDuplicatesAPayment(t *testing.T) {
	database := postgrestest.NewOutage(t)
	database.End(t)
	payments, fake := newStore(t, database.URL), orderstest.New(t)
	delivered, proceed := make(chan struct{}), make(chan struct{})
	fake.OnPay(func(_ http.ResponseWriter, _ *http.Request, pay func()) {
		pay()
		close(delivered)
		<-proceed
	})
	payment := accept(t, payments, untraced)
	cfg := quick()
	cfg.PollInterval = time.Hour // The first relay makes no second attempt.
	cfg.Workers = 1
	relay := start(t, cfg, payments, fake)

	<-delivered
	fake.OnPay(nil)
	database.Begin(t)
	close(proceed)
	relay.stop()
	database.End(t)
	if got, err := payments.Payment(t.Context(), payment.ID); err != nil || got.Status != store.Accepted {
		t.Fatalf("after the crash the payment is %s (%v), want accepted", got.Status, err)
	}

	start(t, quick(), payments, fake)
	await(t, payments, payment.ID, store.Settled)
	want := map[string]uuid.UUID{payment.OrderID.String(): payment.ID}
	if diff := cmp.Diff(want, fake.Paid()); diff != "" {
		t.Errorf("paid orders (-want +got):\n%s", diff)
	}
	if got := len(fake.Deliveries()); got != 2 {
		t.Errorf("orders got %d deliveries, want 2: before and after the crash", got)
	}
}

func TestManyReplicasDeliverEveryPaymentOnce(t *testing.T) {
	payments, fake := newStore(t, postgrestest.NewDatabase(t)), orderstest.New(t)
	want := map[string]uuid.UUID{}
	for range 50 {
		payment := accept(t, payments, untraced)
		want[payment.OrderID.String()] = payment.ID
	}
	for range 4 {
		start(t, quick(), payments, fake)
	}
	eventually.Holds(t, "every order is paid", func() bool { return len(fake.Paid()) == len(want) })
	if diff := cmp.Diff(want, fake.Paid()); diff != "" {
		t.Errorf("paid orders (-want +got):\n%s", diff)
	}
	if got := len(fake.Deliveries()); got != len(want) {
		t.Errorf("orders got %d deliveries of %d payments", got, len(want))
	}
}

func TestStopFinishesTheDeliveryInProgress(t *testing.T) {
	payments, fake := newStore(t, postgrestest.NewDatabase(t)), orderstest.New(t)
	delivered, proceed := make(chan struct{}), make(chan struct{})
	fake.OnPay(func(_ http.ResponseWriter, _ *http.Request, pay func()) {
		close(delivered)
		<-proceed
		pay()
	})
	payment := accept(t, payments, untraced)
	relay := start(t, quick(), payments, fake)

	<-delivered
	relay.cancel()
	close(proceed)
	<-relay.ended
	if got, err := payments.Payment(t.Context(), payment.ID); err != nil || got.Status != store.Settled {
		t.Errorf("the payment is %s (%v), want settled", got.Status, err)
	}
}

func TestPauseDoublesUpToTheLongest(t *testing.T) {
	relay := &Relay{cfg: Config{FirstRetry: 100 * time.Millisecond, LongestRetry: time.Second}}
	for attempts, longest := range map[int]time.Duration{
		0: 100 * time.Millisecond, 1: 200 * time.Millisecond, 5: time.Second, 1_000_000: time.Second,
	} {
		if got := relay.pause(attempts); got < longest/2 || got > longest {
			t.Errorf("after %d attempts the pause is %v, want %v to %v", attempts, got, longest/2, longest)
		}
	}
}
