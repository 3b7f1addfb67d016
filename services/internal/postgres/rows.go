package postgres

import (
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// NewID returns an id for a new row. UUIDs of version 7 sort by time, so the index stays compact and the order of ids
// is the order of creation.
func NewID() (uuid.UUID, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return uuid.Nil, fmt.Errorf("making an id: %w", err)
	}
	return id, nil
}

// Inserted reads the row that an INSERT returns as a T; kind names the row in errors.
func Inserted[T any](rows pgx.Rows, kind string) (T, error) {
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	if err != nil {
		return row, fmt.Errorf("inserting %s: %w", kind, err)
	}
	return row, nil
}

// One reads the only row as a T. It returns notFound if there is no row; kind names the row in other errors.
func One[T any](rows pgx.Rows, notFound error, kind string) (T, error) {
	row, err := pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[T])
	if errors.Is(err, pgx.ErrNoRows) {
		return row, notFound
	}
	if err != nil {
		return row, fmt.Errorf("reading %s: %w", kind, err)
	}
	return row, nil
}

// All reads every row as a T; kind names the rows in errors.
func All[T any](rows pgx.Rows, kind string) ([]T, error) {
	all, err := pgx.CollectRows(rows, pgx.RowToStructByName[T])
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", kind, err)
	}
	return all, nil
}
