package api

import (
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/atoll-dev/atoll/services/internal/apitest"
	"github.com/atoll-dev/atoll/services/internal/eventually"
	"github.com/atoll-dev/atoll/services/internal/peer"
	"github.com/atoll-dev/atoll/services/internal/postgrestest"
	"github.com/atoll-dev/atoll/services/payments/internal/orders"
	"github.com/atoll-dev/atoll/services/payments/internal/orderstest"
	"github.com/atoll-dev/atoll/services/payments/internal/store"
	"github.com/atoll-dev/atoll/services/payments/migrations"
)

func TestMain(m *testing.M) { os.Exit(postgrestest.Main(m)) }

// service is the API with its own database.
type service struct {
	apitest.API
	t      *testing.T
	store  *store.Store
	orders *orderstest.Orders
	// accepted counts the calls that wake the relay.
	accepted *atomic.Int64
}

// newService returns a service with a budget that also suffices on a busy machine.
func newService(t *testing.T) service {
	t.Helper()
	return newServiceWithin(t, eventually.Patience)
}

// newServiceWithin returns a service with a budget for reading an order.
func newServiceWithin(t *testing.T, budget time.Duration) service {
	t.Helper()
	fake := orderstest.New(t)
	ordersPeer, err := peer.New("orders", peer.Config{
		URL: fake.URL, Budget: budget, AttemptTimeout: budget / 4, BreakerDelay: time.Hour,
	})
	if err != nil {
		t.Fatal(err)
	}
	db := postgrestest.Open(t, postgrestest.NewDatabase(t), migrations.Files)
	payments := store.New(db)
	accepted := &atomic.Int64{}
	api := New(payments, orders.New(ordersPeer), func() { accepted.Add(1) }, apitest.OpenAPI(t))
	return service{API: apitest.Serve(t, api, db), t: t, store: payments, orders: fake, accepted: accepted}
}
