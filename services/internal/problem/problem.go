// Package problem writes errors as RFC 9457 problem documents.
package problem

import (
	"encoding/json"
	"net/http"

	"go.opentelemetry.io/otel/trace"
)

// ContentType is the media type of a problem document.
const ContentType = "application/problem+json"

// typeBase prefixes the type of the problems this service gives a meaning beyond their status.
const typeBase = "https://atoll.dev/problems/"

// Problem is an error that the caller gets to read.
type Problem struct {
	Type     string       `json:"type"`
	Title    string       `json:"title"`
	Status   int          `json:"status"`
	Detail   string       `json:"detail"`
	Instance string       `json:"instance"`
	TraceID  string       `json:"trace_id,omitempty"`
	Errors   []FieldError `json:"errors,omitempty"`
}

// FieldError names one part of the request and says what to do about it.
// Either Pointer (into the body, RFC 6901) or Parameter (of the query, or a header) is set.
type FieldError struct {
	Pointer   string `json:"pointer,omitempty"`
	Parameter string `json:"parameter,omitempty"`
	Detail    string `json:"detail"`
}

// New describes an error whose HTTP status says all that a program needs.
func New(status int, detail string) *Problem {
	return &Problem{Type: "about:blank", Title: http.StatusText(status), Status: status, Detail: detail}
}

// Typed describes an error that a program may want to tell from others of its status.
func Typed(status int, slug, title, detail string) *Problem {
	return &Problem{Type: typeBase + slug, Title: title, Status: status, Detail: detail}
}

// Invalid describes a request that was understood but not acceptable.
func Invalid(status int, fields ...FieldError) *Problem {
	p := Typed(status, "invalid-request", "Invalid request", "The request has errors; each is named in \"errors\".")
	p.Errors = fields
	return p
}

// Error makes a Problem returnable from a handler.
func (p *Problem) Error() string { return p.Title + ": " + p.Detail }

// Write answers r with p.
func Write(w http.ResponseWriter, r *http.Request, p *Problem) {
	document := *p
	document.Instance = r.URL.Path
	if span := trace.SpanContextFromContext(r.Context()); span.HasTraceID() {
		document.TraceID = span.TraceID().String()
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	// The status is sent: a write that fails now means that the caller has left.
	_ = json.NewEncoder(w).Encode(document)
}
