package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"path"
	"time"

	"github.com/cenkalti/backoff/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

const (
	// maxRetryInterval limits how much later than the database the service becomes ready.
	maxRetryInterval = 2 * time.Second
	// undefinedTable is the PostgreSQL error code for a table that does not exist.
	undefinedTable = "42P01"
)

// AwaitSchema returns when the database responds and its schema has at least the version that this binary needs.
// A newer schema is allowed, because after a rollback old code runs on a newer schema. Until then AwaitSchema
// calls notYet with the reason.
func (d *DB) AwaitSchema(ctx context.Context, notYet func(error)) error {
	return retry(ctx, d.checkSchema, func(err error) bool {
		notYet(err)
		return true
	})
}

func (d *DB) checkSchema(ctx context.Context) error {
	current, needed, err := d.versions(ctx)
	if err != nil {
		return err
	}
	if current < needed {
		return &SchemaError{Current: current, Needed: needed}
	}
	return nil
}

// SchemaError is returned while the schema is older than this binary needs.
type SchemaError struct{ Current, Needed int64 }

// Error implements error.
func (e *SchemaError) Error() string {
	return fmt.Sprintf("the schema has version %d and needs %d; waiting for the migrate subcommand", e.Current, e.Needed)
}

// Explain says why the database can't be used, for any reader: it names no user, host or database.
func Explain(err error) string {
	if schema, ok := errors.AsType[*SchemaError](err); ok {
		return schema.Error()
	}
	return "the database can't be used; see the log of the service"
}

// Migrate waits for the database and applies the missing migrations. It reports each migration. It does not change
// a schema that is newer than all migrations.
func (d *DB) Migrate(ctx context.Context, report func(line string)) error {
	said := ""
	return retry(ctx,
		func(ctx context.Context) error { return d.migrate(ctx, report) },
		func(err error) bool {
			if !Unavailable(err) {
				return false // A retry does not correct a wrong migration.
			}
			if line := "waiting: " + err.Error(); line != said {
				report(line)
				said = line
			}
			return true
		})
}

func (d *DB) migrate(ctx context.Context, report func(line string)) (err error) {
	// goose reports an error if a newer release has replaced migrations of this one. So check for a newer schema first.
	current, known, err := d.versions(ctx)
	if err != nil {
		return err
	}
	if current > known {
		report(fmt.Sprintf("nothing to do: the schema has version %d, and the newest known here is %d", current, known))
		return nil
	}
	db := stdlib.OpenDBFromPool(d.pool)
	defer func() { err = errors.Join(err, db.Close()) }()

	turns, err := newTurns()
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, d.migrations, goose.WithSessionLocker(turns))
	if err != nil {
		return fmt.Errorf("reading the migrations: %w", err)
	}
	for applied := 0; ; applied++ {
		result, err := provider.UpByOne(ctx)
		var failed *goose.PartialError
		switch {
		case errors.Is(err, goose.ErrNoNextVersion):
			if applied == 0 {
				report(fmt.Sprintf("nothing to do: the schema has version %d", known))
			}
			return nil
		case errors.As(err, &failed):
			return fmt.Errorf("applying %s: %w", path.Base(failed.Failed.Source.Path), failed.Err)
		case err != nil:
			return fmt.Errorf("migrating the schema: %w", err)
		}
		report(fmt.Sprintf("applied %s in %s", path.Base(result.Source.Path), result.Duration.Round(time.Millisecond)))
	}
}

// versions returns the version of the schema and the version of the newest migration. A database without a schema
// has version 0. versions only reads, because serve may run as a database user that may only read the version table.
func (d *DB) versions(ctx context.Context) (current, newest int64, err error) {
	files, err := fs.Glob(d.migrations, "*.sql")
	if err != nil {
		return 0, 0, fmt.Errorf("listing the migrations: %w", err)
	}
	for _, file := range files {
		version, err := goose.NumericComponent(file)
		if err != nil {
			return 0, 0, fmt.Errorf("reading the name of migration %q: %w", file, err)
		}
		newest = max(newest, version)
	}
	err = d.pool.QueryRow(ctx, "SELECT coalesce(max(version_id), 0) FROM "+goose.DefaultTablename+" WHERE is_applied").
		Scan(&current)
	var server *pgconn.PgError
	if errors.As(err, &server) && server.Code == undefinedTable {
		err = nil
	}
	if err != nil {
		return 0, 0, fmt.Errorf("reading the schema version: %w", err)
	}
	return current, newest, nil
}

// turns makes concurrent migrations run one after the other, with an advisory lock.
type turns struct{ lock.SessionLocker }

func newTurns() (turns, error) {
	const everySecond = 1
	// No limit here: the context ends the wait.
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(everySecond, math.MaxInt32))
	if err != nil {
		return turns{}, fmt.Errorf("preparing the migration lock: %w", err)
	}
	return turns{locker}, nil
}

// SessionLock implements lock.SessionLocker.
func (t turns) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if err := t.SessionLocker.SessionLock(ctx, conn); err != nil {
		return fmt.Errorf("waiting for another migration to end: %w", err)
	}
	return nil
}

// retry calls attempt until it succeeds, tryAgain returns false, or ctx ends. When ctx ends, the error has the
// cause of the context and the error of the last attempt.
func retry(ctx context.Context, attempt func(context.Context) error, tryAgain func(error) bool) error {
	interval := backoff.NewExponentialBackOff()
	interval.InitialInterval = 100 * time.Millisecond
	interval.MaxInterval = maxRetryInterval
	var last error
	_, err := backoff.Retry(ctx,
		func() (struct{}, error) {
			last = attempt(ctx)
			if last != nil && !tryAgain(last) {
				return struct{}{}, backoff.Permanent(last)
			}
			return struct{}{}, last
		},
		backoff.WithBackOff(interval),
		backoff.WithMaxElapsedTime(0), // Only ctx ends the retries.
	)
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%w: %w", context.Cause(ctx), last)
	}
	return err
}
