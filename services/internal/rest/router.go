// Package rest has what the JSON endpoints of every service need: routing with problem documents as errors,
// strict decoding, and paging.
package rest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/atoll-dev/atoll/services/internal/problem"
)

const (
	// requestTimeout limits the time of a handler. No caller waits longer than this for a slow database.
	requestTimeout = 10 * time.Second
	// maxBody is much larger than any valid request.
	maxBody = 64 << 10
)

// Handler writes the response to a request, or returns an error for the router to write.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Router is a ServeMux that writes all errors as problem documents.
type Router struct {
	mux *http.ServeMux
	// unavailable reports errors that may disappear when the caller retries.
	unavailable func(error) bool
}

// NewRouter returns a Router without routes. It responds with 503 to errors for which unavailable is true.
func NewRouter(unavailable func(error) bool) *Router {
	return &Router{mux: http.NewServeMux(), unavailable: unavailable}
}

// Handle registers h for a pattern of ServeMux.
func (rt *Router) Handle(pattern string, h Handler) {
	rt.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), requestTimeout)
		defer cancel()
		defer recoverPanic(w, r)

		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := h(w, r.WithContext(ctx)); err != nil {
			rt.fail(w, r, err)
		}
	})
}

// ServeHTTP implements http.Handler.
func (rt *Router) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	fallback, pattern := rt.mux.Handler(r)
	if pattern != "" {
		rt.mux.ServeHTTP(w, r)
		return
	}
	// No route matches. ServeMux chooses the status, but writes plain text.
	answer := refusal{header: http.Header{}}
	fallback.ServeHTTP(&answer, r)
	if answer.status == http.StatusMethodNotAllowed {
		allow := answer.header.Get("Allow")
		w.Header().Set("Allow", allow)
		problem.Write(w, r, problem.New(answer.status, r.Method+" is not possible here; use "+allow+"."))
		return
	}
	problem.Write(w, r, problem.New(http.StatusNotFound, "Nothing is served at "+r.URL.Path+"; see /openapi.yaml."))
}

func (rt *Router) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem.Problem
	switch {
	case errors.As(err, &p):
		problem.Write(w, r, p)
	case errors.Is(r.Context().Err(), context.Canceled):
		// The caller closed the connection and reads no response: the status 499 is for the access log.
		w.WriteHeader(499)
	case rt.unavailable(err) || errors.Is(err, context.DeadlineExceeded):
		slog.WarnContext(r.Context(), "Answered without the database", "error", err)
		w.Header().Set("Retry-After", "1")
		problem.Write(w, r, problem.New(http.StatusServiceUnavailable, "The database did not answer; try again."))
	default:
		slog.ErrorContext(r.Context(), "Failed to answer", "error", err)
		problem.Write(w, r, internalError())
	}
}

// recoverPanic responds with 500 when a handler panics. Without it the caller sees a lost connection.
func recoverPanic(w http.ResponseWriter, r *http.Request) {
	switch cause := recover(); cause {
	case nil:
	case http.ErrAbortHandler:
		panic(cause)
	default:
		slog.ErrorContext(r.Context(), "Recovered from a panic", "panic", cause, "stack", string(debug.Stack()))
		problem.Write(w, r, internalError())
	}
}

func internalError() *problem.Problem {
	return problem.New(http.StatusInternalServerError, "The service failed; report it with the trace_id.")
}

// refusal is a ResponseWriter that keeps the status and headers of a ServeMux error and discards its text.
type refusal struct {
	header http.Header
	status int
}

func (f *refusal) Header() http.Header         { return f.header }
func (f *refusal) Write(b []byte) (int, error) { return len(b), nil }
func (f *refusal) WriteHeader(status int)      { f.status = status }
