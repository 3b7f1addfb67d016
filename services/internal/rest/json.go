package rest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"github.com/atoll-dev/atoll/services/internal/problem"
)

// Decode decodes the body of r into v. It rejects fields that v does not have.
func Decode(r *http.Request, v any) error {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/json" {
		return problem.New(http.StatusUnsupportedMediaType, "Send the body as application/json and say so in Content-Type.")
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		var tooLarge *http.MaxBytesError
		if errors.As(err, &tooLarge) {
			return problem.New(http.StatusRequestEntityTooLarge,
				fmt.Sprintf("The body may have %d bytes at most.", tooLarge.Limit))
		}
		return problem.New(http.StatusBadRequest, "The body ended early; send as much as Content-Length says.")
	}
	if !json.Valid(body) {
		return problem.New(http.StatusBadRequest, "The body is not one JSON value; "+syntaxError(body))
	}
	if err := Unmarshal(body, v); err != nil {
		var field *FieldError
		if errors.As(err, &field) {
			return problem.Invalid(http.StatusUnprocessableEntity, problem.FieldError(*field))
		}
		return fmt.Errorf("decoding the body: %w", err)
	}
	return nil
}

// FieldError is an error of Unmarshal that names the field.
type FieldError problem.FieldError

// Error implements error.
func (e *FieldError) Error() string { return e.Pointer + ": " + e.Detail }

// Unmarshal decodes one valid JSON value. It rejects unknown fields. Its errors are FieldErrors.
func Unmarshal(data []byte, v any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(v)
	if err == nil {
		return nil
	}
	var nested *FieldError
	if errors.As(err, &nested) {
		return nested
	}
	var mismatch *json.UnmarshalTypeError
	if errors.As(err, &mismatch) {
		pointer := ""
		if mismatch.Field != "" {
			pointer = "/" + strings.ReplaceAll(mismatch.Field, ".", "/")
		}
		return &FieldError{Pointer: pointer, Detail: fmt.Sprintf("must be %s, not %s", jsonType(mismatch), mismatch.Value)}
	}
	// encoding/json has no type for this error.
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		if name, unquoteErr := strconv.Unquote(name); unquoteErr == nil {
			return &FieldError{Pointer: "/" + name, Detail: "is not a known field; remove it"}
		}
	}
	return &FieldError{Detail: err.Error()}
}

// Write writes v as a JSON response.
func Write(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The status is sent already. A write error means that the caller closed the connection.
	_, _ = w.Write(append(body, '\n'))
	return nil
}

func syntaxError(body []byte) string {
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(body, new(any)), &syntax) {
		return fmt.Sprintf("at byte %d: %s.", syntax.Offset, syntax.Error())
	}
	return "send exactly one."
}

func jsonType(mismatch *json.UnmarshalTypeError) string {
	switch mismatch.Type.Kind().String() {
	case "string":
		return "a string"
	case "struct", "map":
		return "an object"
	case "slice":
		return "an array"
	case "bool":
		return "true or false"
	default:
		return "a whole number"
	}
}

// Document serves an OpenAPI document.
func Document(openAPI []byte) Handler {
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Content-Type", "application/yaml") // RFC 9512.
		_, _ = w.Write(openAPI)
		return nil
	}
}
