// Package orders is a client for the orders service: it reads orders and records payments.
package orders

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"github.com/atoll-dev/atoll/services/internal/peer"
)

// ErrNotFound is returned for an order that does not exist.
var ErrNotFound = errors.New("no such order")

// Order has the fields of an order that the payments service needs.
type Order struct {
	TotalCents int64  `json:"total_cents"`
	Currency   string `json:"currency"`
	Status     string `json:"status"`
}

// Paid reports whether the order is paid already.
func (o Order) Paid() bool { return o.Status == "paid" }

// Payment has the fields of a payment that the orders service needs.
type Payment struct {
	ID          uuid.UUID `json:"payment_id"`
	AmountCents int64     `json:"amount_cents"`
	Currency    string    `json:"currency"`
}

// RefusedError is returned when the orders service has refused the payment. A retry does not help.
type RefusedError struct {
	Reason string
}

// Error implements error.
func (e *RefusedError) Error() string { return "orders refused the payment: " + e.Reason }

// Client calls the orders service.
type Client struct {
	peer *peer.Client
}

// New returns a Client that sends its requests through p.
func New(p *peer.Client) Client { return Client{peer: p} }

// Order reads one order.
func (c Client) Order(ctx context.Context, id uuid.UUID) (Order, error) {
	answer, err := c.peer.Get(ctx, "/orders/"+id.String())
	if err != nil {
		return Order{}, err
	}
	switch answer.Status {
	case http.StatusOK:
		var order Order
		if err := json.Unmarshal(answer.Body, &order); err != nil {
			return Order{}, fmt.Errorf("decoding order %s: %w", id, err)
		}
		return order, nil
	case http.StatusNotFound:
		return Order{}, ErrNotFound
	default:
		return Order{}, fmt.Errorf("reading order %s: unexpected status %d", id, answer.Status)
	}
}

// Pay records a payment for an order. It makes one attempt.
func (c Client) Pay(ctx context.Context, id uuid.UUID, payment Payment) error {
	answer, err := c.peer.PutOnce(ctx, "/orders/"+id.String()+"/payment", payment)
	switch {
	case err != nil:
		return err
	case answer.Status < http.StatusMultipleChoices:
		return nil
	case answer.Status < http.StatusBadRequest:
		return fmt.Errorf("paying order %s: unexpected status %d", id, answer.Status)
	default:
		return &RefusedError{Reason: reason(answer)}
	}
}

// reason returns the detail of the problem document, or the status if the answer is no problem document.
func reason(answer peer.Answer) string {
	var document struct {
		Detail string `json:"detail"`
	}
	if json.Unmarshal(answer.Body, &document) != nil || document.Detail == "" {
		return fmt.Sprintf("orders answered %d", answer.Status)
	}
	return document.Detail
}
