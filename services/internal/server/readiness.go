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
	starting atomic.Pointer[error]
	draining atomic.Bool
}

// NewReadiness returns a Readiness that is unready until Await has succeeded.
func NewReadiness(ping func(context.Context) error) *Readiness {
	r := &Readiness{ping: ping}
	r.wait(errors.New("starting"))
	return r
}

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
	if err := r.check(req.Context()); err != nil {
		problem.Write(w, req, problem.New(http.StatusServiceUnavailable, err.Error()))
		return
	}
	writeOK(w, req)
}

func (r *Readiness) check(ctx context.Context) error {
	if r.draining.Load() {
		return errors.New("shutting down")
	}
	if reason := r.starting.Load(); reason != nil {
		return *reason
	}
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	return r.ping(ctx)
}

func (r *Readiness) wait(reason error) {
	// Retries report the same reason many times: log a reason only when it changes.
	if last := r.starting.Swap(&reason); last == nil || (*last).Error() != reason.Error() {
		slog.Info("Not ready", "reason", reason)
	}
}
