// Package orderstest is an orders service for tests: it keeps its word, and its payments, until told to fail.
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

// What every order here costs.
const (
	TotalCents = 1499
	Currency   = "EUR"
)

// Unknown is the id of no order.
var Unknown = uuid.MustParse("01890a5d-ac96-774b-bcce-b302099a8057")

// Orders has every order but Unknown.
type Orders struct {
	URL url.URL

	mu         sync.Mutex
	paid       map[string]uuid.UUID
	deliveries []Delivery
	onRead     http.HandlerFunc
	onPay      func(w http.ResponseWriter, r *http.Request, pay func())
}

// Delivery is one request to record a payment.
type Delivery struct {
	Order       string
	Payment     uuid.UUID
	Traceparent string
}

// New starts an orders service that ends with the test.
func New(t testing.TB) *Orders {
	t.Helper()
	o := &Orders{paid: map[string]uuid.UUID{}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /orders/{id}", o.read)
	mux.HandleFunc("PUT /orders/{id}/payment", o.pay)
	o.URL = peertest.Serve(t, mux)
	return o
}

// OnRead replaces how an order is read; nil restores it.
func (o *Orders) OnRead(answer http.HandlerFunc) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.onRead = answer
}

// OnPay replaces how a payment is answered; nil restores it. The order is paid when answer calls pay.
func (o *Orders) OnPay(answer func(w http.ResponseWriter, r *http.Request, pay func())) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.onPay = answer
}

// Paid returns the payment of every paid order.
func (o *Orders) Paid() map[string]uuid.UUID {
	o.mu.Lock()
	defer o.mu.Unlock()
	paid := map[string]uuid.UUID{}
	for order, payment := range o.paid {
		paid[order] = payment
	}
	return paid
}

// Deliveries returns every request to record a payment, the failed ones included.
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

// record is false when another payment has paid the order.
func (o *Orders) record(order string, payment orders.Payment) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if first, paid := o.paid[order]; paid {
		return first == payment.ID
	}
	o.paid[order] = payment.ID
	return true
}
