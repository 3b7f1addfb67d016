package server

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/atoll-dev/atoll/services/internal/problem"
)

// pingTimeout is shorter than the usual probe timeout of 1s, so that the response can name the cause.
const pingTimeout = 800 * time.Millisecond

// Readiness decides whether the service is ready for requests.
type Readiness struct {
	ping     func(context.Context) error
	explain  func(error) string
	starting atomic.Pointer[error]
	draining atomic.Bool
	// said is the reason that was logged last.
	said atomic.Pointer[string]
}

// NewReadiness returns a Readiness that is unready until Await has succeeded. explain returns the text of an error
// for those who may ask: the probe's answer says no more, and the log has the error.
func NewReadiness(ping func(context.Context) error, explain func(error) string) *Readiness {
	r := &Readiness{ping: ping, explain: explain}
	r.wait(errStarting)
	return r
}

var errStarting = errors.New("starting")

// Await waits for await and then makes the service ready. Until then the probe responds with the last reason that
// await has reported. The service does not exit, because a probe that names the cause is easier to debug than restarts.
func (r *Readiness) Await(ctx context.Context, await func(ctx context.Context, notYet func(error)) error) {
	err := await(ctx, func(reason error) {
		// After the end of ctx, errors come from the shutdown and not from the database.
		if ctx.Err() == nil {
			r.wait(reason)
		}
	})
	if err != nil {
		return // await fails only when ctx ends. The shutdown is logged elsewhere.
	}
	r.starting.Store(nil)
	slog.InfoContext(ctx, "Became ready")
}

// Drain makes the service unready until it exits.
func (r *Readiness) Drain() { r.draining.Store(true) }

// ServeHTTP responds to a readiness probe.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if reason := r.check(req.Context()); reason != "" {
		problem.Write(w, req, problem.New(http.StatusServiceUnavailable, reason))
		return
	}
	writeOK(w, req)
}

// check returns why the service is not ready; empty if it is.
func (r *Readiness) check(ctx context.Context) string {
	if r.draining.Load() {
		return "shutting down"
	}
	if reason := r.starting.Load(); reason != nil {
		if errors.Is(*reason, errStarting) {
			return errStarting.Error()
		}
		return r.explain(*reason)
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if err := r.ping(ctx); err != nil {
		r.log(err)
		return r.explain(err)
	}
	r.said.Store(nil)
	return ""
}

func (r *Readiness) wait(reason error) {
	r.starting.Store(&reason)
	r.log(reason)
}

// log logs a reason when it changes: probes and retries report the same one many times.
func (r *Readiness) log(reason error) {
	text := reason.Error()
	if last := r.said.Swap(&text); last == nil || *last != text {
		slog.Info("Not ready", "reason", text)
	}
}
