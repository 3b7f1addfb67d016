// Package problem writes errors as RFC 9457 problem documents.
package problem

import (
	"encoding/json"
	"net/http"

	"go.opentelemetry.io/otel/trace"
)

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// typeBase is the prefix of problem types that mean more than their status.
const typeBase = "https://atoll.dev/problems/"

// Problem is an error in the form in which the caller receives it.
type Problem struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail"`
	Instance string       `json:"instance"`
	TraceID  string       `json:"trace_id,omitempty"`
	Errors   []FieldError `json:"errors,omitempty"`
}

// FieldError names one invalid part of the request and how to correct it. Pointer (RFC 6901) is set for a field of
// the body, and Parameter for a query parameter or a header. Neither is set for the whole body.
type FieldError struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

// New returns a problem without a type of its own: the HTTP status is enough for a program.
func New(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// Typed returns a problem that programs can distinguish from others with the same status.
func Typed(status int, slug, title, detail string) *Problem {
	return &Problem{Type: typeBase + slug, Title: title, Status: status, Detail: detail}
}

// Invalid returns the problem for a request with invalid fields.
func Invalid(status int, fields ...FieldError) *Problem {
	p := Typed(status, "invalid-request", "Invalid request", "The request has errors; each is named in \"errors\".")
	p.Errors = fields
	return p
}

// Error implements error, so that a handler can return a Problem.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// Write writes p as the response to r.
func Write(w http.ResponseWriter, r *http.Request, p *Problem) {
	document := *p
	document.Instance = r.URL.Path
	if span := trace.SpanContextFromContext(r.Context()); span.HasTraceID() {
		document.TraceID = span.TraceID().String()
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	// The status is sent already. A write error means that the caller closed the connection.
	_ = json.NewEncoder(w).Encode(document)
}
