// Package peer calls another service (the peer) and limits the damage when the peer fails. Every attempt has a
// timeout, retries are few and have jitter, and a circuit breaker stops calls to a peer that is down. One call
// never takes longer than its budget.
package peer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

// Config has the settings for calls to one peer.
type Config struct {
	URL url.URL `env:"URL"`
	// Budget limits the time of one call with its retries and the pauses between them.
	Budget time.Duration `env:"BUDGET" envDefault:"2s"`
	// AttemptTimeout limits the time of one attempt, so that the budget has time for a retry.
	AttemptTimeout time.Duration `env:"ATTEMPT_TIMEOUT" envDefault:"700ms"`
	// BreakerDelay is how long an open circuit breaker rejects calls before it permits a trial call.
	BreakerDelay time.Duration `env:"BREAKER_DELAY" envDefault:"5s"`
}

const (
	// The breaker opens when half of the last ten attempts failed. One lost packet does not open it.
	breakerFailures = 5
	breakerWindow   = 10

	maxAttempts   = 3
	firstPause    = 50 * time.Millisecond
	longestPause  = 400 * time.Millisecond
	pauseJitter   = 0.5
	maxAnswer     = 1 << 20
	maxIdlePerTry = 32
)

// Client calls one peer.
type Client struct {
	name string
	cfg  Config
	http *http.Client
	// durations measures every attempt.
	durations *prometheus.HistogramVec
	breaker   circuitbreaker.CircuitBreaker[Answer]
	retry     retrypolicy.RetryPolicy[Answer]
	// refused repeats attempts whose connection was refused until the budget ends: the proxies of a node learn of
	// new pods a moment after they are ready. The breaker counts them as one failure.
	refused retrypolicy.RetryPolicy[Answer]
}

// Answer is a response in which the peer has decided on the request. A status such as 503 is an error instead.
type Answer struct {
	Status int
	Body   []byte
}

// UnavailableError is returned when the peer gave no answer within the budget.
type UnavailableError struct {
	Peer string
	// RetryAfter is the time until a call may succeed again.
	RetryAfter time.Duration
	Err        error
}

// Error implements error.
func (e *UnavailableError) Error() string { return fmt.Sprintf("calling %s: %v", e.Peer, e.Err) }

// Unwrap returns the failure of the last attempt.
func (e *UnavailableError) Unwrap() error { return e.Err }

// RetryAfterSeconds returns the value for the Retry-After header.
func (e *UnavailableError) RetryAfterSeconds() int {
	return max(1, int(math.Ceil(e.RetryAfter.Seconds())))
}

// New returns a client for the peer with this name.
func New(name string, cfg Config) (*Client, error) {
	if cfg.URL.Scheme == "" || cfg.URL.Host == "" {
		return nil, fmt.Errorf("%s_URL is %q, want a URL such as http://%s:8080",
			strings.ToUpper(name), cfg.URL.String(), name)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = maxIdlePerTry
	// Shorter than the idle timeout of the peer, so that the peer never closes a connection that this client reuses.
	transport.IdleConnTimeout = 30 * time.Second
	durations := newDurations(cfg.URL.Hostname())
	return &Client{
		name:      name,
		cfg:       cfg,
		durations: durations,
		// A redirect could lead the request, with its data, to an address that the operator of the service did not choose.
		http: &http.Client{
			Transport:     otelhttp.NewTransport(measured{transport, durations}),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		breaker: circuitbreaker.NewBuilder[Answer]().
			HandleIf(failed).
			WithFailureThresholdRatio(breakerFailures, breakerWindow).
			WithSuccessThreshold(1).
			WithDelay(cfg.BreakerDelay).
			OnStateChanged(func(e circuitbreaker.StateChangedEvent) {
				slog.WarnContext(e.Context(), "Changed circuit breaker", "peer", name,
					"from", e.OldState.String(), "to", e.NewState.String())
			}).
			Build(),
		retry: retrypolicy.NewBuilder[Answer]().
			HandleIf(failed).
			AbortOnErrors(circuitbreaker.ErrOpen).
			WithMaxAttempts(maxAttempts).
			WithBackoff(firstPause, longestPause).
			WithJitterFactor(pauseJitter).
			ReturnLastFailure().
			Build(),
		refused: retrypolicy.NewBuilder[Answer]().
			HandleIf(func(_ Answer, err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }).
			WithMaxAttempts(-1).
			WithMaxDuration(cfg.Budget).
			WithBackoff(firstPause, longestPause).
			WithJitterFactor(pauseJitter).
			ReturnLastFailure().
			Build(),
	}, nil
}

// Get reads a resource of the peer, with retries.
func (c *Client) Get(ctx context.Context, path string) (Answer, error) {
	return c.call(ctx, http.MethodGet, path, nil, failsafe.With(c.retry, c.breaker, c.refused))
}

// PutOnce writes a resource of the peer without retries. It is for callers that retry themselves.
func (c *Client) PutOnce(ctx context.Context, path string, v any) (Answer, error) {
	body, err := json.Marshal(v)
	if err != nil {
		return Answer{}, fmt.Errorf("encoding the request: %w", err)
	}
	return c.call(ctx, http.MethodPut, path, body, failsafe.With(c.breaker))
}

func (c *Client) call(
	ctx context.Context, method, path string, body []byte, policies failsafe.Executor[Answer],
) (Answer, error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.Budget)
	defer cancel()
	answer, err := policies.WithContext(ctx).GetWithExecution(
		func(attempt failsafe.Execution[Answer]) (Answer, error) {
			return c.try(attempt.Context(), method, path, body)
		})
	if err != nil {
		return Answer{}, &UnavailableError{Peer: c.name, RetryAfter: c.breaker.RemainingDelay(), Err: err}
	}
	return answer, nil
}

func (c *Client) try(ctx context.Context, method, path string, body []byte) (answer Answer, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.cfg.AttemptTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, c.cfg.URL.JoinPath(path).String(), bytes.NewReader(body))
	if err != nil {
		return Answer{}, fmt.Errorf("making the request: %w", err)
	}
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Answer{}, err
	}
	defer func() { err = errors.Join(err, response.Body.Close()) }()

	answer.Status = response.StatusCode
	if answer.Body, err = io.ReadAll(io.LimitReader(response.Body, maxAnswer)); err != nil {
		return Answer{}, fmt.Errorf("reading the answer: %w", err)
	}
	if undecided(response.StatusCode) {
		return Answer{}, fmt.Errorf("%s %s: %s", method, path, response.Status)
	}
	return answer, nil
}

// undecided reports whether a status says nothing about the request itself.
func undecided(status int) bool {
	return status >= http.StatusInternalServerError ||
		status == http.StatusRequestTimeout || status == http.StatusTooManyRequests
}

// failed reports whether an attempt counts as a failure of the peer. A call that its caller has cancelled does not.
func failed(_ Answer, err error) bool {
	return err != nil && !errors.Is(err, context.Canceled)
}
