package main

import (
	"encoding/json"
	"net/http"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/atoll-dev/atoll/services/internal/eventually"
	"github.com/atoll-dev/atoll/services/internal/processtest"
	"github.com/atoll-dev/atoll/services/payments/internal/orderstest"
	"github.com/atoll-dev/atoll/services/payments/internal/store"
)

const oneOrder = "01890a5d-ac96-774b-bcce-b302099a8001"

var underTest = processtest.Service{
	Name:         "payments",
	Run:          payments.Run,
	Collection:   "/payments",
	Creation:     `{"order_id": "` + oneOrder + `", "amount_cents": 1499, "currency": "EUR"}`,
	Headers:      []string{"Idempotency-Key: key"},
	Peers:        func(t *testing.T) []string { return calling(orderstest.New(t)) },
	PeerVariable: "ORDERS_URL",
}

func calling(orders *orderstest.Orders) (environment []string) {
	return []string{"ORDERS_URL=" + orders.URL.String()}
}

func TestMain(m *testing.M) { os.Exit(underTest.Main(m)) }

func TestProcess(t *testing.T) { underTest.Test(t) }

// The process is killed after the orders service has recorded the payment and before the outcome is committed.
func TestKilledServiceDeliversAfterARestart(t *testing.T) {
	orders := orderstest.New(t)
	delivered := make(chan struct{})
	orders.OnPay(func(_ http.ResponseWriter, r *http.Request, pay func()) {
		pay()
		close(delivered)
		<-r.Context().Done()
	})
	environment := append(calling(orders), "DATABASE_URL="+processtest.Migrated(t), "ORDERS_ATTEMPT_TIMEOUT=1m", "ORDERS_BUDGET=1m")
	process := processtest.Start(t, environment...)
	eventually.Holds(t, "ready", process.Ready(t))
	if status := process.SendHalf(t, underTest.Collection, underTest.Creation, underTest.Headers...).Finish(t); status != http.StatusCreated {
		t.Fatalf("the payment got status %d, want 201", status)
	}
	<-delivered
	orders.OnPay(nil)
	process.Kill(t)
	if err := process.Wait(t); err == nil {
		t.Error("the service exited with success although it was killed")
	}

	process = processtest.Start(t, environment...)
	var page struct{ Payments []store.Payment }
	eventually.Holds(t, "settled after the crash", func() bool {
		status, body := process.Get(t, underTest.Collection)
		if status != http.StatusOK {
			return false
		}
		if err := json.Unmarshal([]byte(body), &page); err != nil {
			t.Fatal(err)
		}
		return len(page.Payments) == 1 && page.Payments[0].Status == store.Settled
	})
	want := map[string]uuid.UUID{oneOrder: page.Payments[0].ID}
	if diff := cmp.Diff(want, orders.Paid()); diff != "" {
		t.Errorf("paid orders (-want +got):\n%s", diff)
	}
	if got := len(orders.Deliveries()); got != 2 {
		t.Errorf("orders got %d deliveries, want 2: before and after the crash", got)
	}
}
