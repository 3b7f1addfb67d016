// Package store keeps users in PostgreSQL.
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
	ErrNotFound   = errors.New("no such user")
	ErrEmailTaken = errors.New("another user has this email address")
)

// Store is the service's database.
type Store struct {
	pool *pgxpool.Pool
}

// New returns a Store on the database.
func New(db *postgres.DB) *Store { return &Store{pool: db.Pool()} }

// User is someone who may order.
type User struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	CreatedAt time.Time `json:"created_at"`
}

// CreateUser adds a user.
func (s *Store) CreateUser(ctx context.Context, name, email string) (User, error) {
	// Version 7 ids sort by time, which keeps the index compact and the list in order.
	id, err := uuid.NewV7()
	if err != nil {
		return User{}, fmt.Errorf("making an id: %w", err)
	}
	rows, _ := s.pool.Query(ctx, `
		INSERT INTO users (id, name, email) VALUES ($1, $2, $3)
		RETURNING id, name, email, created_at`, id, name, email)
	user, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[User])
	var conflict *pgconn.PgError
	if errors.As(err, &conflict) && conflict.ConstraintName == "users_email_key" {
		return User{}, ErrEmailTaken
	}
	if err != nil {
		return User{}, fmt.Errorf("inserting user: %w", err)
	}
	return user, nil
}

// User returns one user.
func (s *Store) User(ctx context.Context, id uuid.UUID) (User, error) {
	rows, _ := s.pool.Query(ctx, `SELECT id, name, email, created_at FROM users WHERE id = $1`, id)
	user, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[User])
	if errors.Is(err, pgx.ErrNoRows) {
		return User{}, ErrNotFound
	}
	if err != nil {
		return User{}, fmt.Errorf("reading user %s: %w", id, err)
	}
	return user, nil
}

// Users returns up to limit users older than before, newest first.
func (s *Store) Users(ctx context.Context, before uuid.UUID, limit int) ([]User, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT id, name, email, created_at FROM users
		WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
	users, err := pgx.CollectRows(rows, pgx.RowToStructByName[User])
	if err != nil {
		return nil, fmt.Errorf("listing users: %w", err)
	}
	return users, nil
}
