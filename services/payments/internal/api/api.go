// Package api handles the requests that openapi.yaml describes.
package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/google/uuid"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/propagation"

	"github.com/atoll-dev/atoll/services/internal/peer"
	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/problem"
	"github.com/atoll-dev/atoll/services/internal/rest"
	"github.com/atoll-dev/atoll/services/payments/internal/orders"
	"github.com/atoll-dev/atoll/services/payments/internal/store"
)

// replayedHeader marks the response to a repeated request.
const replayedHeader = "Idempotency-Replayed"

// API serves payments.
type API struct {
	store  *store.Store
	orders orders.Client
	// accepted is called after a payment is committed.
	accepted func()
}

// New returns the handler of the API. It also serves the document openAPI.
// It calls accepted after each new payment, which must then be delivered to the orders service.
func New(payments *store.Store, orders orders.Client, accepted func(), openAPI []byte) http.Handler {
	api := API{store: payments, orders: orders, accepted: accepted}
	router := rest.NewRouter(postgres.Unavailable)
	router.Handle("POST /payments", api.create)
	router.Handle("GET /payments", api.list)
	router.Handle("GET /payments/{id}", rest.Resource("payment", store.ErrNotFound, payments.Payment))
	router.Handle("GET /openapi.yaml", rest.Document(openAPI))
	return router
}

type paymentList struct {
	Payments   []store.Payment `json:"payments"`
	NextCursor string          `json:"next_cursor,omitempty"`
}

func (a API) create(w http.ResponseWriter, r *http.Request) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	var body paymentRequest
	if err := rest.Decode(r, &body); err != nil {
		return err
	}
	request, err := body.validate()
	if err != nil {
		return err
	}
	// Check for a repeated request before calling the orders service: the order may be paid now, or the service down.
	err = a.replay(r.Context(), w, key, request)
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if err := a.requirePayable(w, r, request); err != nil {
		return err
	}
	traceContext := propagation.MapCarrier{}
	otel.GetTextMapPropagator().Inject(r.Context(), traceContext)
	payment, err := a.store.CreatePayment(r.Context(), key, request, traceContext)
	switch {
	case errors.Is(err, store.ErrKeyUsed):
		return a.replay(r.Context(), w, key, request)
	case errors.Is(err, store.ErrOrderHasOne):
		return orderTaken("The order has a payment already; see GET /payments?order_id=" + request.OrderID.String() + ".")
	case err != nil:
		return err
	}
	a.accepted()
	return writeCreated(w, payment)
}

// replay writes the same response as to the first request with this key. It returns store.ErrNotFound if this is
// the first request.
func (a API) replay(ctx context.Context, w http.ResponseWriter, key string, request store.Request) error {
	payment, err := a.store.PaymentByKey(ctx, key)
	if err != nil {
		return err
	}
	if payment.Request() != request {
		reused := problem.Typed(http.StatusUnprocessableEntity, "idempotency-key-reused", "Idempotency key reused",
			"The key belongs to a payment with another body; send a new key with a new payment.")
		reused.Errors = []problem.FieldError{{Parameter: keyHeader, Detail: "must be unique to this payment"}}
		return reused
	}
	w.Header().Set(replayedHeader, "true")
	return writeCreated(w, payment.AsCreated())
}

// requirePayable rejects a payment if the orders service would refuse it, or if that service is unavailable.
func (a API) requirePayable(w http.ResponseWriter, r *http.Request, request store.Request) error {
	order, err := a.orders.Order(r.Context(), request.OrderID)
	var unavailable *peer.UnavailableError
	switch {
	case errors.As(err, &unavailable) && r.Context().Err() == nil:
		slog.WarnContext(r.Context(), "Refused a payment without orders", "error", err)
		w.Header().Set("Retry-After", strconv.Itoa(unavailable.RetryAfterSeconds()))
		return problem.Typed(http.StatusServiceUnavailable, "orders-unavailable", "Orders unavailable",
			"The order could not be read and nothing was paid; try again after Retry-After seconds with the same key.")
	case errors.Is(err, orders.ErrNotFound):
		return problem.Invalid(http.StatusUnprocessableEntity, problem.FieldError{
			Pointer: "/order_id", Detail: fmt.Sprintf("no order has the id %q; create the order first", request.OrderID),
		})
	case err != nil:
		return err
	case order.Paid():
		return orderTaken("The order is paid already.")
	}
	var fields rest.Validation
	fields.Check(request.AmountCents == order.TotalCents, "/amount_cents",
		fmt.Sprintf("must be the order's total, %d", order.TotalCents))
	fields.Check(request.Currency == order.Currency, "/currency", "must be the order's, "+order.Currency)
	return fields.Err()
}

func (a API) list(w http.ResponseWriter, r *http.Request) error {
	page, err := rest.PageOf(r)
	if err != nil {
		return err
	}
	orderID, err := rest.FilterID(r, "order_id")
	if err != nil {
		return err
	}
	payments, err := a.store.Payments(r.Context(), orderID, page.Before, page.Limit+1)
	if err != nil {
		return err
	}
	shown, next := rest.Cut(page, payments, func(payment store.Payment) uuid.UUID { return payment.ID })
	return rest.Write(w, http.StatusOK, paymentList{Payments: shown, NextCursor: next})
}

func writeCreated(w http.ResponseWriter, payment store.Payment) error {
	w.Header().Set("Location", "/payments/"+payment.ID.String())
	return rest.Write(w, http.StatusCreated, payment)
}

func orderTaken(detail string) error {
	return problem.Typed(http.StatusConflict, "order-has-payment", "Order has a payment", detail)
}
