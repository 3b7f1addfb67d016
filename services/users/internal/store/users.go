// Package store keeps users in PostgreSQL.
package store

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/atoll-dev/atoll/services/internal/postgres"
)

// Errors that callers distinguish.
var (
	ErrNotFound   = errors.New("no such user")
	ErrEmailTaken = errors.New("another user has this email address")
)

// Store reads and writes users.
type Store struct {
	pool *pgxpool.Pool
}

// New returns a Store on the database.
func New(db *postgres.DB) *Store { return &Store{pool: db.Pool()} }

// User is a person who may order.
type User struct {
	ID        uuid.UUID `json:"id"`
	Name      string    `json:"name"`
	Email     string    `json:"email"`
	CreatedAt time.Time `json:"created_at"`
}

// CreateUser adds a user.
func (s *Store) CreateUser(ctx context.Context, name, email string) (User, error) {
	id, err := postgres.NewID()
	if err != nil {
		return User{}, err
	}
	rows, _ := s.pool.Query(ctx, `
		INSERT INTO users (id, name, email) VALUES ($1, $2, $3)
		RETURNING id, name, email, created_at`, id, name, email)
	user, err := postgres.Inserted[User](rows, "user")
	var conflict *pgconn.PgError
	if errors.As(err, &conflict) && conflict.ConstraintName == "users_email_key" {
		return User{}, ErrEmailTaken
	}
	return user, err
}

// User returns one user.
func (s *Store) User(ctx context.Context, id uuid.UUID) (User, error) {
	rows, _ := s.pool.Query(ctx, `SELECT id, name, email, created_at FROM users WHERE id = $1`, id)
	return postgres.One[User](rows, ErrNotFound, "user "+id.String())
}

// Users returns up to limit users that are older than before, the newest first.
func (s *Store) Users(ctx context.Context, before uuid.UUID, limit int) ([]User, error) {
	rows, _ := s.pool.Query(ctx, `
		SELECT id, name, email, created_at FROM users
		WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
	return postgres.All[User](rows, "users")
}
