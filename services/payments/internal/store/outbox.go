package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Delivery is one payment that orders has yet to be told of.
type Delivery struct {
	PaymentID    uuid.UUID
	OrderID      uuid.UUID
	AmountCents  int64
	Currency     string
	Attempts     int
	TraceContext map[string]string
}

// Outcome is what became of a delivery.
type Outcome struct {
	// Status is Settled or Rejected when orders has decided, and Accepted when it has yet to.
	Status Status
	// Reason says why, when rejected.
	Reason string
	// RetryIn is the pause before the next attempt, when undecided.
	RetryIn time.Duration
}

// DeliverNext passes the next due delivery to deliver and records the outcome. It is false when
// none is due.
//
// The row stays locked for the length of the delivery: other replicas skip it, and when this one
// dies the database frees it at once. Dying between the delivery and the commit repeats the
// delivery, which is why orders has to take the same payment twice.
func (s *Store) DeliverNext(ctx context.Context, deliver func(context.Context, Delivery) Outcome) (found bool, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		rows, _ := tx.Query(ctx, `
			SELECT o.payment_id, p.order_id, p.amount_cents, p.currency, o.attempts, o.trace_context
			FROM outbox o JOIN payments p ON p.id = o.payment_id
			WHERE o.next_attempt_at <= now()
			ORDER BY o.next_attempt_at LIMIT 1
			FOR UPDATE OF o SKIP LOCKED`)
		delivery, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[Delivery])
		if errors.Is(err, pgx.ErrNoRows) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading outbox: %w", err)
		}
		found = true
		return record(ctx, tx, delivery.PaymentID, deliver(ctx, delivery))
	})
	return found, err
}

func record(ctx context.Context, tx pgx.Tx, payment uuid.UUID, outcome Outcome) error {
	if outcome.Status == Accepted {
		// clock_timestamp, because now() is the start of the transaction and so before the attempt.
		_, err := tx.Exec(ctx, `
			UPDATE outbox SET attempts = attempts + 1, next_attempt_at = clock_timestamp() + $2
			WHERE payment_id = $1`, payment, outcome.RetryIn)
		if err != nil {
			return fmt.Errorf("postponing delivery of payment %s: %w", payment, err)
		}
		return nil
	}
	_, err := tx.Exec(ctx, `UPDATE payments SET status = $2, reason = nullif($3, '') WHERE id = $1`,
		payment, outcome.Status, outcome.Reason)
	if err != nil {
		return fmt.Errorf("recording outcome of payment %s: %w", payment, err)
	}
	if _, err := tx.Exec(ctx, `DELETE FROM outbox WHERE payment_id = $1`, payment); err != nil {
		return fmt.Errorf("deleting outbox row of payment %s: %w", payment, err)
	}
	return nil
}
