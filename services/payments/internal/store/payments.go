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

// Errors that callers tell apart.
var (
	ErrNotFound     = errors.New("no such payment")
	ErrOrderHasOne  = errors.New("the order has a payment already")
	ErrKeyUsed      = errors.New("the idempotency key was used before")
	uniqueViolation = "23505"
)

// Store is the service's database.
type Store struct {
	pool *pgxpool.Pool
}

// New returns a Store on the database.
func New(db *postgres.DB) *Store { return &Store{pool: db.Pool()} }

// Status is where a payment stands.
type Status string

// A payment is accepted until orders has taken or refused it.
const (
	Accepted Status = "accepted"
	Settled  Status = "settled"
	Rejected Status = "rejected"
)

// Request is what a payer wants.
type Request struct {
	OrderID     uuid.UUID
	AmountCents int64
	Currency    string
}

// Payment pays one order.
type Payment struct {
	ID          uuid.UUID `json:"id"`
	OrderID     uuid.UUID `json:"order_id"`
	AmountCents int64     `json:"amount_cents"`
	Currency    string    `json:"currency"`
	Status      Status    `json:"status"`
	// Reason says why a payment was rejected.
	Reason    *string   `json:"reason,omitempty"`
	CreatedAt time.Time `json:"created_at"`
}

// Request is what the payment was made from.
func (p Payment) Request() Request {
	return Request{OrderID: p.OrderID, AmountCents: p.AmountCents, Currency: p.Currency}
}

// AsCreated is the payment as it was when its creation was answered.
func (p Payment) AsCreated() Payment {
	p.Status, p.Reason = Accepted, nil
	return p
}

const paymentColumns = `id, order_id, amount_cents, currency, status, reason, created_at`

// CreatePayment adds a payment and the outbox row that tells orders of it, both or neither.
// It fails with ErrKeyUsed or ErrOrderHasOne, of which the first wins.
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

// conflictOf finds which rule an insert broke. Of two equal requests at once the loser can break
// either, depending on the index that PostgreSQL looks at first; the key is what it should hear of.
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

// PaymentByKey returns the payment that was made with an idempotency key.
func (s *Store) PaymentByKey(ctx context.Context, key string) (Payment, error) {
	return s.onePayment(ctx, `SELECT `+paymentColumns+` FROM payments WHERE idempotency_key = $1`, key)
}

// Payments returns up to limit payments older than before, newest first; of one order if orderID is not nil.
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
