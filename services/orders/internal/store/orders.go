// Package store keeps orders in PostgreSQL.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/atoll-dev/atoll/services/internal/postgres"
)

// Errors that callers distinguish.
var (
	ErrNotFound       = errors.New("no such order")
	ErrAmountMismatch = errors.New("the payment is not of the order's total")
	ErrPaidByAnother  = errors.New("another payment has paid the order")
)

// Store reads and writes orders.
type Store struct {
	pool *pgxpool.Pool
}

// New returns a Store on the database.
func New(db *postgres.DB) *Store { return &Store{pool: db.Pool()} }

// Status is the state of an order.
type Status string

// An order is Pending until its payment is recorded.
const (
	Pending Status = "pending"
	Paid    Status = "paid"
)

// Item is one product of an order.
type Item struct {
	SKU            string `json:"sku"`
	Quantity       int64  `json:"quantity"`
	UnitPriceCents int64  `json:"unit_price_cents"`
}

// Order is a list of items that a user buys.
type Order struct {
	ID         uuid.UUID  `json:"id"`
	UserID     uuid.UUID  `json:"user_id"`
	Items      []Item     `json:"items"`
	TotalCents int64      `json:"total_cents"`
	Currency   string     `json:"currency"`
	Status     Status     `json:"status"`
	PaymentID  *uuid.UUID `json:"payment_id,omitempty"`
	CreatedAt  time.Time  `json:"created_at"`
	PaidAt     *time.Time `json:"paid_at,omitempty"`
}

// Payment is the payment for an order.
type Payment struct {
	ID          uuid.UUID
	AmountCents int64
	Currency    string
}

const orderColumns = `id, user_id, items, total_cents, currency, status, payment_id, created_at, paid_at`

// CreateOrder adds a pending order. Its total is the sum of its items.
func (s *Store) CreateOrder(ctx context.Context, userID uuid.UUID, items []Item, currency string) (Order, error) {
	id, err := postgres.NewID()
	if err != nil {
		return Order{}, err
	}
	var total int64
	for _, item := range items {
		total += item.Quantity * item.UnitPriceCents
	}
	rows, _ := s.pool.Query(ctx, `
		INSERT INTO orders (id, user_id, items, total_cents, currency) VALUES ($1, $2, $3, $4, $5)
		RETURNING `+orderColumns, id, userID, items, total, currency)
	return postgres.Inserted[Order](rows, "order")
}

// Order returns one order.
func (s *Store) Order(ctx context.Context, id uuid.UUID) (Order, error) {
	rows, _ := s.pool.Query(ctx, `SELECT `+orderColumns+` FROM orders WHERE id = $1`, id)
	return oneOrder(rows, id)
}

// Orders returns up to limit orders that are older than before, the newest first. If userID is not nil, it returns
// only orders of this user.
func (s *Store) Orders(ctx context.Context, userID *uuid.UUID, before uuid.UUID, limit int) ([]Order, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT `+orderColumns+` FROM orders
		WHERE ($1::uuid IS NULL OR user_id = $1) AND id < $2
		ORDER BY id DESC LIMIT $3`, userID, before, limit)
	return postgres.All[Order](rows, "orders")
}

// PayOrder marks an order as paid. A repeat of the same payment succeeds and changes nothing.
// With ErrAmountMismatch it also returns the order, so that the caller can name the correct amount.
func (s *Store) PayOrder(ctx context.Context, id uuid.UUID, payment Payment) (order Order, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		// The lock makes concurrent payments run one after the other.
		rows, _ := tx.Query(ctx, `SELECT `+orderColumns+` FROM orders WHERE id = $1 FOR UPDATE`, id)
		order, err = oneOrder(rows, id)
		switch {
		case err != nil:
			return err
		case order.TotalCents != payment.AmountCents || order.Currency != payment.Currency:
			return ErrAmountMismatch
		case order.Status == Paid && *order.PaymentID != payment.ID:
			return ErrPaidByAnother
		case order.Status == Paid:
			return nil
		}
		rows, _ = tx.Query(ctx, `
			UPDATE orders SET status = 'paid', payment_id = $2, paid_at = now() WHERE id = $1
			RETURNING `+orderColumns, id, payment.ID)
		order, err = oneOrder(rows, id)
		return err
	})
	return order, err
}

func oneOrder(rows pgx.Rows, id uuid.UUID) (Order, error) {
	return postgres.One[Order](rows, ErrNotFound, "order "+id.String())
}
