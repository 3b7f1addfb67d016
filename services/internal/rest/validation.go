package rest

import (
	"net/http"

	"github.com/atoll-dev/atoll/services/internal/problem"
)

// Validation collects what is wrong with a body, so that the caller can mend all of it at once.
type Validation struct {
	fields []problem.FieldError
}

// Check notes advice on the field at pointer unless it is valid.
func (v *Validation) Check(valid bool, pointer, advice string) {
	if !valid {
		v.fields = append(v.fields, problem.FieldError{Pointer: pointer, Detail: advice})
	}
}

// Err is nil when every check passed.
func (v *Validation) Err() error {
	if len(v.fields) == 0 {
		return nil
	}
	return problem.Invalid(http.StatusUnprocessableEntity, v.fields...)
}
