// Package orderstest runs a fake orders service for tests. A test can make it fail.
package orderstest

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/atoll-dev/atoll/services/internal/peertest"
	"github.com/atoll-dev/atoll/services/payments/internal/orders"
)

// Every order has this total.
const (
	TotalCents = 1499
	Currency   = "EUR"
)

// Unknown is an id that no order has.
var Unknown = uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")

// Orders is a fake orders service. It has every order except Unknown.
type Orders struct {
	URL url.URL

	mu         sync.Mutex
	paid       map[string]uuid.UUID
	deliveries []Delivery
	onRead     http.HandlerFunc
	onPay      func(w http.ResponseWriter, r *http.Request, pay func())
}

// Delivery is a request to record a payment.
type Delivery struct {
	Order       string
	Payment     uuid.UUID
	Traceparent string
}

// New starts an orders service. It stops at the end of the test.
func New(t testing.TB) *Orders {
	t.Helper()
	o := &Orders{paid: map[string]uuid.UUID{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", o.read)
	mux.HandleFunc("PUT /orders/{id}/payment", o.pay)
	o.URL = peertest.Serve(t, mux)
	return o
}

// OnRead replaces the handler for reading an order. nil restores the default.
func (o *Orders) OnRead(answer http.HandlerFunc) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.onRead = answer
}

// OnPay replaces the handler for recording a payment. nil restores the default. pay records the payment.
func (o *Orders) OnPay(answer func(w http.ResponseWriter, r *http.Request, pay func())) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.onPay = answer
}

// Paid returns the ids of the payments, by the id of the paid order.
func (o *Orders) Paid() map[string]uuid.UUID {
	o.mu.Lock()
	defer o.mu.Unlock()
	paid := map[string]uuid.UUID{}
	for order, payment := range o.paid {
		paid[order] = payment
	}
	return paid
}

// Deliveries returns every request to record a payment, including failed requests.
func (o *Orders) Deliveries() []Delivery {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]Delivery(nil), o.deliveries...)
}

func (o *Orders) read(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	answer := o.onRead
	_, paid := o.paid[r.PathValue("id")]
	o.mu.Unlock()
	if answer != nil {
		answer(w, r)
		return
	}
	if r.PathValue("id") == Unknown.String() {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	order := orders.Order{TotalCents: TotalCents, Currency: Currency, Status: "pending"}
	if paid {
		order.Status = "paid"
	}
	_ = json.NewEncoder(w).Encode(order)
}

func (o *Orders) pay(w http.ResponseWriter, r *http.Request) {
	var payment orders.Payment
	if err := json.NewDecoder(r.Body).Decode(&payment); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	order := r.PathValue("id")
	o.mu.Lock()
	o.deliveries = append(o.deliveries, Delivery{
		Order: order, Payment: payment.ID, Traceparent: r.Header.Get("Traceparent"),
	})
	answer := o.onPay
	o.mu.Unlock()
	if answer != nil {
		answer(w, r, func() { o.record(order, payment) })
		return
	}
	if !o.record(order, payment) {
		w.WriteHeader(http.StatusConflict)
	}
}

// record marks the order as paid. It returns false if another payment has paid the order.
func (o *Orders) record(order string, payment orders.Payment) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if first, paid := o.paid[order]; paid {
		return first == payment.ID
	}
	o.paid[order] = payment.ID
	return true
}
