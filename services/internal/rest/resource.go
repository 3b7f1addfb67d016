package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"
)

// Resource returns a handler that writes the resource with the {id} of the path. read returns the error notFound
// for an id that does not exist.
func Resource[T any](kind string, notFound error, read func(context.Context, uuid.UUID) (T, error)) Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		id, err := PathID(r, kind)
		if err != nil {
			return err
		}
		found, err := read(r.Context(), id)
		if errors.Is(err, notFound) {
			return NotFound(kind, id.String())
		}
		if err != nil {
			return err
		}
		return Write(w, http.StatusOK, found)
	}
}
