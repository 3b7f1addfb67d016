package rest

import (
	"net/http"

	"github.com/atoll-dev/atoll/services/internal/problem"
)

// Validation collects the invalid fields of a body, so that the caller can correct all of them at once.
type Validation struct {
	fields []problem.FieldError
}

// Check adds an error with the advice for the field at pointer unless valid is true.
func (v *Validation) Check(valid bool, pointer, advice string) {
	if !valid {
		v.fields = append(v.fields, problem.FieldError{Pointer: pointer, Detail: advice})
	}
}

// Err returns the problem with all invalid fields, or nil if every field is valid.
func (v *Validation) Err() error {
	if len(v.fields) == 0 {
		return nil
	}
	return problem.Invalid(http.StatusUnprocessableEntity, v.fields...)
}
