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

// Page is the part of a list that the caller asks for. Lists start with the newest row.
type Page struct {
	// Limit is the number of rows in the page.
	Limit int
	// Before is the id of the last row of the previous page. The first page has the largest possible id.
	Before uuid.UUID
}

// PageOf reads the page from the query parameters limit and cursor.
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

// Cut returns the rows of the page and the cursor of the next page. rows may have one row more than the
// limit: it shows that a next page exists. The cursor of the last page is empty.
func Cut[T any](page Page, rows []T, id func(T) uuid.UUID) (shown []T, next string) {
	if len(rows) <= page.Limit {
		return rows, ""
	}
	shown = rows[:page.Limit]
	return shown, id(shown[page.Limit-1]).String()
}

// ParseID parses a UUID. It accepts only the form that the API writes.
func ParseID(text string) (uuid.UUID, error) {
	const canonical = len("00000000-0000-0000-0000-000000000000")
	if len(text) != canonical {
		return uuid.Nil, fmt.Errorf("%q is not a UUID", text)
	}
	return uuid.Parse(text)
}

// PathID reads the {id} of the path. Text that is not a UUID is reported as not found, because no such id can exist.
func PathID(r *http.Request, kind string) (uuid.UUID, error) {
	id, err := ParseID(r.PathValue("id"))
	if err != nil {
		return uuid.Nil, NotFound(kind, r.PathValue("id"))
	}
	return id, nil
}

// NotFound returns the problem for an id that does not exist.
func NotFound(kind, id string) error {
	return problem.New(http.StatusNotFound, fmt.Sprintf("No %s has the id %q.", kind, id))
}

// FilterID reads a query parameter that filters a list by an id. It returns nil if the parameter is not set.
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
