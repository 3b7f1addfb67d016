package rest

import (
	"context"
	"errors"
	"net/http"

	"github.com/google/uuid"
)

// Resource answers with the resource that the {id} of the path names. read fails with notFound if it does not exist.
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
