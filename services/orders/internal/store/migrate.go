package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/atoll-dev/atoll/services/orders/migrations"
)

// Mode is what Prepare does about an old schema.
type Mode int

const (
	// Migrate applies what is missing.
	Migrate Mode = iota
	// Verify waits until someone else has.
	Verify
)

// maxRetryInterval keeps the service close behind a database that comes up late.
const maxRetryInterval = 2 * time.Second

// Prepare returns when the database answers and its schema is current. Until then it asks
// tryAgain about every failed attempt; it gives up when that says no, or when ctx ends.
func (s *Store) Prepare(ctx context.Context, mode Mode, tryAgain func(error) bool) error {
	interval := backoff.NewExponentialBackOff()
	interval.InitialInterval = 100 * time.Millisecond
	interval.MaxInterval = maxRetryInterval
	_, err := backoff.Retry(ctx,
		func() (struct{}, error) {
			err := s.migrate(ctx, mode)
			if err != nil && !tryAgain(err) {
				err = backoff.Permanent(err)
			}
			return struct{}{}, err
		},
		backoff.WithBackOff(interval),
		backoff.WithMaxElapsedTime(0), // ctx decides.
	)
	return err
}

func (s *Store) migrate(ctx context.Context, mode Mode) (err error) {
	db := stdlib.OpenDBFromPool(s.pool)
	defer func() { err = errors.Join(err, db.Close()) }()

	// An advisory lock, tried every second: of two replicas that start together one migrates.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300))
	if err != nil {
		return fmt.Errorf("preparing the migration lock: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, migrations.Files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	pending, err := provider.HasPending(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("reading the schema version: %w", err)
	case !pending:
		return nil
	case mode == Verify:
		return errors.New("the schema is not current; waiting for the migrate subcommand")
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrating the schema: %w", err)
	}
	return nil
}
