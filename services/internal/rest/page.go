package rest

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/google/uuid"

	"github.com/atoll-dev/atoll/services/internal/problem"
)

const (
	defaultLimit = 50
	maxLimit     = 200
)

// Page is what a caller wants to see of a list, newest first.
type Page struct {
	// Limit is the number of rows wanted.
	Limit int
	// Before is the id of the last row of the page before, or the largest id.
	Before uuid.UUID
}

// PageOf reads the limit and cursor parameters.
func PageOf(r *http.Request) (Page, error) {
	page := Page{Limit: defaultLimit, Before: uuid.Max}
	query := r.URL.Query()
	var invalid []problem.FieldError
	if text := query.Get("limit"); text != "" {
		limit, err := strconv.Atoi(text)
		if err != nil || limit < 1 || limit > maxLimit {
			invalid = append(invalid, problem.FieldError{
				Parameter: "limit", Detail: fmt.Sprintf("must be a whole number from 1 to %d", maxLimit),
			})
		}
		page.Limit = limit
	}
	if text := query.Get("cursor"); text != "" {
		before, err := ParseID(text)
		if err != nil {
			invalid = append(invalid, problem.FieldError{
				Parameter: "cursor", Detail: "must be the next_cursor of the page before",
			})
		}
		page.Before = before
	}
	if len(invalid) > 0 {
		return Page{}, problem.Invalid(http.StatusBadRequest, invalid...)
	}
	return page, nil
}

// Cut splits rows, read with one more than the limit, into the page and the cursor of the next.
// The cursor is empty on the last page.
func Cut[T any](page Page, rows []T, id func(T) uuid.UUID) (shown []T, next string) {
	if len(rows) <= page.Limit {
		return rows, ""
	}
	shown = rows[:page.Limit]
	return shown, id(shown[page.Limit-1]).String()
}

// ParseID reads a UUID in the only form this API writes one in.
func ParseID(text string) (uuid.UUID, error) {
	const canonical = len("00000000-0000-0000-0000-000000000000")
	if len(text) != canonical {
		return uuid.Nil, fmt.Errorf("%q is not a UUID", text)
	}
	return uuid.Parse(text)
}

// PathID reads the {id} of the path. What is no UUID cannot exist, so that it is not found.
func PathID(r *http.Request, kind string) (uuid.UUID, error) {
	id, err := ParseID(r.PathValue("id"))
	if err != nil {
		return uuid.Nil, NotFound(kind, r.PathValue("id"))
	}
	return id, nil
}

// NotFound says that no such thing exists.
func NotFound(kind, id string) error {
	return problem.New(http.StatusNotFound, fmt.Sprintf("No %s has the id %q.", kind, id))
}

// FilterID reads a query parameter that narrows a list to one id; nil without it.
func FilterID(r *http.Request, name string) (*uuid.UUID, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return nil, nil
	}
	id, err := ParseID(text)
	if err != nil {
		return nil, problem.Invalid(http.StatusBadRequest, problem.FieldError{Parameter: name, Detail: "must be a UUID"})
	}
	return &id, nil
}
