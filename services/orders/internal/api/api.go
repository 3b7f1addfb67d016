// Package api handles the requests that openapi.yaml describes.
package api

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/atoll-dev/atoll/services/internal/peer"
	"github.com/atoll-dev/atoll/services/internal/postgres"
	"github.com/atoll-dev/atoll/services/internal/problem"
	"github.com/atoll-dev/atoll/services/internal/rest"
	"github.com/atoll-dev/atoll/services/orders/internal/store"
	"github.com/atoll-dev/atoll/services/orders/internal/users"
)

// API serves orders.
type API struct {
	store *store.Store
	users users.Client
}

// New returns the handlers of the API: one for clients, which also serves the document openAPI, and one for the
// service that takes payments. Each caller of the second can set an order to paid.
func New(orders *store.Store, users users.Client, openAPI []byte) (public, internal http.Handler) {
	api := API{store: orders, users: users}
	order := rest.Resource("order", store.ErrNotFound, orders.Order)

	open := rest.NewRouter(postgres.Unavailable)
	open.Handle("POST /orders", api.create)
	open.Handle("GET /orders", api.list)
	open.Handle("GET /orders/{id}", order)
	open.Handle("GET /openapi.yaml", rest.Document(openAPI))

	closed := rest.NewRouter(postgres.Unavailable)
	closed.Handle("GET /orders/{id}", order)
	closed.Handle("PUT /orders/{id}/payment", api.pay)
	return open, closed
}

type orderList struct {
	Orders     []store.Order `json:"orders"`
	NextCursor string        `json:"next_cursor,omitempty"`
}

func (a API) create(w http.ResponseWriter, r *http.Request) error {
	var request orderRequest
	if err := rest.Decode(r, &request); err != nil {
		return err
	}
	userID, err := request.validate()
	if err != nil {
		return err
	}
	if err := a.requireUser(w, r, userID); err != nil {
		return err
	}
	order, err := a.store.CreateOrder(r.Context(), userID, request.Items, request.Currency)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/orders/"+order.ID.String())
	return rest.Write(w, http.StatusCreated, order)
}

// requireUser rejects an order if its user does not exist, or if the users service is unavailable.
func (a API) requireUser(w http.ResponseWriter, r *http.Request, id uuid.UUID) error {
	exists, err := a.users.Exists(r.Context(), id)
	var unavailable *peer.UnavailableError
	if errors.As(err, &unavailable) && r.Context().Err() == nil {
		slog.WarnContext(r.Context(), "Refused an order without users", "error", err)
		w.Header().Set("Retry-After", strconv.Itoa(unavailable.RetryAfterSeconds()))
		return problem.Typed(http.StatusServiceUnavailable, "users-unavailable", "Users unavailable",
			"The user could not be checked and nothing was ordered; try again after Retry-After seconds.")
	}
	if err != nil {
		return err
	}
	if !exists {
		return problem.Invalid(http.StatusUnprocessableEntity, problem.FieldError{
			Pointer: "/user_id", Detail: fmt.Sprintf("no user has the id %q; create the user first", id),
		})
	}
	return nil
}

func (a API) list(w http.ResponseWriter, r *http.Request) error {
	page, err := rest.PageOf(r)
	if err != nil {
		return err
	}
	userID, err := rest.FilterID(r, "user_id")
	if err != nil {
		return err
	}
	orders, err := a.store.Orders(r.Context(), userID, page.Before, page.Limit+1)
	if err != nil {
		return err
	}
	shown, next := rest.Cut(page, orders, func(order store.Order) uuid.UUID { return order.ID })
	return rest.Write(w, http.StatusOK, orderList{Orders: shown, NextCursor: next})
}

func (a API) pay(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "order")
	if err != nil {
		return err
	}
	var request paymentRequest
	if err := rest.Decode(r, &request); err != nil {
		return err
	}
	payment, err := request.validate()
	if err != nil {
		return err
	}
	order, err := a.store.PayOrder(r.Context(), id, payment)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return rest.NotFound("order", id.String())
	case errors.Is(err, store.ErrPaidByAnother):
		return problem.Typed(http.StatusConflict, "already-paid", "Order already paid",
			"Another payment has paid this order; keep that one.")
	case errors.Is(err, store.ErrAmountMismatch):
		var fields rest.Validation
		fields.Check(payment.AmountCents == order.TotalCents, "/amount_cents",
			fmt.Sprintf("must be the order's total, %d", order.TotalCents))
		fields.Check(payment.Currency == order.Currency, "/currency", "must be the order's, "+order.Currency)
		return fields.Err()
	case err != nil:
		return err
	}
	return rest.Write(w, http.StatusOK, order)
}
