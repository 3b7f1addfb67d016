// Package store keeps payments in PostgreSQL.
package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/atoll-dev/atoll/services/internal/postgres"
)

// Errors that callers distinguish.
var (
	ErrNotFound     = errors.New("no such payment")
	ErrOrderHasOne  = errors.New("the order has a payment already")
	ErrKeyUsed      = errors.New("the idempotency key was used before")
	uniqueViolation = "23505"
)

// Store reads and writes payments.
type Store struct {
	pool *pgxpool.Pool
}

// New returns a Store on the database.
func New(db *postgres.DB) *Store { return &Store{pool: db.Pool()} }

// Status is the state of a payment.
type Status string

// A payment is Accepted until the orders service has decided on it.
const (
	Accepted Status = "accepted"
	Settled  Status = "settled"
	Rejected Status = "rejected"
)

// Request is the content of a request to pay.
type Request struct {
	OrderID     uuid.UUID
	AmountCents int64
	Currency    string
}

// Payment is a payment for one order.
type Payment struct {
	ID          uuid.UUID `json:"id"`
	OrderID     uuid.UUID `json:"order_id"`
	AmountCents int64     `json:"amount_cents"`
	Currency    string    `json:"currency"`
	Status      Status    `json:"status"`
	// Reason is the reason of a rejection.
	Reason    *string   `json:"reason,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// Request returns the request that created the payment.
func (p Payment) Request() Request {
	return Request{OrderID: p.OrderID, AmountCents: p.AmountCents, Currency: p.Currency}
}

// AsCreated returns the payment in the state of the response to its creation.
func (p Payment) AsCreated() Payment {
	p.Status, p.Reason = Accepted, nil
	return p
}

const paymentColumns = `id, order_id, amount_cents, currency, status, reason, created_at`

// CreatePayment adds a payment and its outbox row in one transaction.
// It returns ErrKeyUsed rather than ErrOrderHasOne if both apply.
func (s *Store) CreatePayment(
	ctx context.Context, key string, request Request, traceContext map[string]string,
) (payment Payment, err error) {
	id, err := postgres.NewID()
	if err != nil {
		return Payment{}, err
	}
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			INSERT INTO payments (id, order_id, amount_cents, currency, idempotency_key)
			VALUES ($1, $2, $3, $4, $5) RETURNING `+paymentColumns,
			id, request.OrderID, request.AmountCents, request.Currency, key)
		if payment, err = postgres.Inserted[Payment](rows, "payment"); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO outbox (payment_id, trace_context) VALUES ($1, $2)`, id, traceContext)
		if err != nil {
			return fmt.Errorf("inserting outbox row: %w", err)
		}
		return nil
	})
	var conflict *pgconn.PgError
	if errors.As(err, &conflict) && conflict.Code == uniqueViolation {
		return Payment{}, s.conflictOf(ctx, key)
	}
	return payment, err
}

// conflictOf returns the error for a unique violation. Of two equal concurrent requests, the second violates either
// index, depending on which one PostgreSQL checks first. It must always get ErrKeyUsed.
func (s *Store) conflictOf(ctx context.Context, key string) error {
	switch _, err := s.PaymentByKey(ctx, key); {
	case err == nil:
		return ErrKeyUsed
	case errors.Is(err, ErrNotFound):
		return ErrOrderHasOne
	default:
		return err
	}
}

// Payment returns one payment.
func (s *Store) Payment(ctx context.Context, id uuid.UUID) (Payment, error) {
	return s.onePayment(ctx, `SELECT `+paymentColumns+` FROM payments WHERE id = $1`, id)
}

// PaymentByKey returns the payment with an idempotency key.
func (s *Store) PaymentByKey(ctx context.Context, key string) (Payment, error) {
	return s.onePayment(ctx, `SELECT `+paymentColumns+` FROM payments WHERE idempotency_key = $1`, key)
}

// Payments returns up to limit payments that are older than before, the newest first. If orderID is not nil, it
// returns only payments for this order.
func (s *Store) Payments(ctx context.Context, orderID *uuid.UUID, before uuid.UUID, limit int) ([]Payment, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT `+paymentColumns+` FROM payments
		WHERE ($1::uuid IS NULL OR order_id = $1) AND id < $2
		ORDER BY id DESC LIMIT $3`, orderID, before, limit)
	return postgres.All[Payment](rows, "payments")
}

func (s *Store) onePayment(ctx context.Context, query string, args ...any) (Payment, error) {
	rows, _ := s.pool.Query(ctx, query, args...)
	return postgres.One[Payment](rows, ErrNotFound, "payment")
}
