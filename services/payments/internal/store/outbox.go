package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// Delivery is a payment that the orders service has not decided on yet.
type Delivery struct {
	PaymentID    uuid.UUID
	OrderID      uuid.UUID
	AmountCents  int64
	Currency     string
	Attempts     int
	TraceContext map[string]string
}

// Outcome is the result of a delivery.
type Outcome struct {
	// Status is Settled or Rejected if the orders service has decided, and Accepted if it has not.
	Status Status
	// Reason is the reason of a rejection.
	Reason string
	// RetryIn is the pause before the next attempt. It is used only with Accepted.
	RetryIn time.Duration
}

// DeliverNext calls deliver for the next delivery that is due and records the outcome. found is false if no
// delivery is due.
//
// The row is locked during the delivery, so that other replicas skip it. If this replica crashes, the database
// releases the lock immediately. A crash between the delivery and the commit repeats the delivery, so the
// orders service must accept the same payment twice.
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
		// Not now(): it is the start of the transaction, which is before the attempt.
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
