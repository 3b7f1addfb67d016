package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

type postgreSQL struct{ pool *pgxpool.Pool }

func openPostgreSQL(location *url.URL, poolSize int) (store, error) {
	settings, err := pgxpool.ParseConfig(location.String())
	if err != nil {
		return nil, fmt.Errorf("parsing DATABASE_URL: %w", err)
	}
	settings.MaxConns = int32(poolSize)
	settings.ConnConfig.ConnectTimeout = hostTimeout
	settings.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return true }
	settings.PingTimeout = hostTimeout
	pool, err := pgxpool.NewWithConfig(context.Background(), settings)
	if err != nil {
		return nil, fmt.Errorf("opening the database pool: %w", err)
	}
	return postgreSQL{pool}, nil
}

func (p postgreSQL) put(ctx context.Context, key, value string) error {
	_, err := p.pool.Exec(ctx, `
		INSERT INTO notes (key, value) VALUES ($1, $2)
		ON CONFLICT (key) DO UPDATE SET value = excluded.value`, key, value)
	return err
}

func (p postgreSQL) get(ctx context.Context, key string) (value string, found bool, err error) {
	err = p.pool.QueryRow(ctx, "SELECT value FROM notes WHERE key = $1", key).Scan(&value)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", false, nil
	}
	return value, err == nil, err
}

func (p postgreSQL) all(ctx context.Context) (map[string]string, error) {
	rows, _ := p.pool.Query(ctx, "SELECT key, value FROM notes") // ForEachRow returns its error.
	notes := map[string]string{}
	var key, value string
	_, err := pgx.ForEachRow(rows, []any{&key, &value}, func() error {
		notes[key] = value
		return nil
	})
	return notes, err
}

func (p postgreSQL) user(ctx context.Context) (name string, err error) {
	err = p.pool.QueryRow(ctx, "SELECT session_user").Scan(&name)
	return name, err
}

func (p postgreSQL) ready(ctx context.Context) error {
	if _, err := p.pool.Exec(ctx, "SELECT FROM notes LIMIT 1"); err != nil {
		return fmt.Errorf("reading table notes: %w", err)
	}
	return nil
}

func (p postgreSQL) migrate(ctx context.Context, report func(line string)) error {
	done := "table notes already exists"
	err := pgx.BeginFunc(ctx, p.pool, func(tx pgx.Tx) error {
		// IF NOT EXISTS can fail when two sessions create the table at the same time.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtext('notes'))"); err != nil {
			return err
		}
		var exists bool
		if err := tx.QueryRow(ctx, "SELECT to_regclass('notes') IS NOT NULL").Scan(&exists); err != nil || exists {
			return err
		}
		done = "created table notes"
		_, err := tx.Exec(ctx, "CREATE TABLE notes (key text PRIMARY KEY, value text NOT NULL)")
		return err
	})
	if err != nil {
		return fmt.Errorf("creating table notes: %w", err)
	}
	report(done)
	return nil
}

func (p postgreSQL) close() { p.pool.Close() }
