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

// pingTimeout is below the timeout of a usual probe, so that the reason gets out.
const pingTimeout = 800 * time.Millisecond

// Readiness decides whether the service should get requests.
type Readiness struct {
	ping     func(context.Context) error
	starting atomic.Pointer[error]
	draining atomic.Bool
}

// NewReadiness returns a Readiness that is not ready until Await has succeeded.
func NewReadiness(ping func(context.Context) error) *Readiness {
	r := &Readiness{ping: ping}
	r.wait(errors.New("starting"))
	return r
}

// Await runs await and is ready after. Until then the latest reason that await gives is the answer:
// a service that stays up and says why is easier to mend than one that restarts.
func (r *Readiness) Await(ctx context.Context, await func(ctx context.Context, notYet func(error)) error) {
	if err := await(ctx, r.wait); err != nil {
		return // Only the end of ctx makes it give up, and that has a line of its own.
	}
	r.starting.Store(nil)
	slog.InfoContext(ctx, "Became ready")
}

// Drain makes the service unready for good.
func (r *Readiness) Drain() { r.draining.Store(true) }

// ServeHTTP answers a readiness probe.
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
	// Retries repeat themselves: only a new reason is worth a line.
	if last := r.starting.Swap(&reason); last == nil || (*last).Error() != reason.Error() {
		slog.Info("Not ready", "reason", reason)
	}
}
