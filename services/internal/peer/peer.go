// Package peer calls another service so that its failure stays its own: every attempt has a
// timeout, retries are few and jittered, a circuit breaker spares a peer that is down, and all
// of it together keeps within a budget.
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
	"time"

	"github.com/failsafe-go/failsafe-go"
	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"github.com/failsafe-go/failsafe-go/retrypolicy"
	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
)

// Config is how a peer is called.
type Config struct {
	URL url.URL `env:"URL"`
	// Budget bounds one call, its retries and the pauses between them included.
	Budget time.Duration `env:"BUDGET" envDefault:"2s"`
	// AttemptTimeout bounds one attempt, so that a lost packet leaves time for another.
	AttemptTimeout time.Duration `env:"ATTEMPT_TIMEOUT" envDefault:"700ms"`
	// BreakerDelay is how long an open breaker refuses calls before it tries one.
	BreakerDelay time.Duration `env:"BREAKER_DELAY" envDefault:"5s"`
}

const (
	// The breaker opens when half of the last ten attempts failed, so that
	// neither one lost packet nor a peer that half works goes wrong.
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
	name    string
	cfg     Config
	http    *http.Client
	breaker circuitbreaker.CircuitBreaker[Answer]
	retry   retrypolicy.RetryPolicy[Answer]
}

// Answer is what the peer decided: any status but those that say it could not.
type Answer struct {
	Status int
	Body   []byte
}

// UnavailableError means that the peer gave no answer within the budget.
type UnavailableError struct {
	Peer string
	// RetryAfter is when a call may succeed again.
	RetryAfter time.Duration
	Err        error
}

// Error implements error.
func (e *UnavailableError) Error() string { return fmt.Sprintf("calling %s: %v", e.Peer, e.Err) }

// Unwrap returns the failure of the last attempt.
func (e *UnavailableError) Unwrap() error { return e.Err }

// RetryAfterSeconds is RetryAfter as the header of that name wants it.
func (e *UnavailableError) RetryAfterSeconds() int {
	return max(1, int(math.Ceil(e.RetryAfter.Seconds())))
}

// New returns a client of the peer called name.
func New(name string, cfg Config) (*Client, error) {
	if cfg.URL.Scheme == "" || cfg.URL.Host == "" {
		return nil, fmt.Errorf("%s_URL is %q, want a URL such as http://%s:8080",
			strings.ToUpper(name), cfg.URL.String(), name)
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost = maxIdlePerTry
	// Shorter than the peer keeps them, so that it never closes a connection that is about to be used.
	transport.IdleConnTimeout = 30 * time.Second
	return &Client{
		name: name,
		cfg:  cfg,
		http: &http.Client{Transport: otelhttp.NewTransport(transport)},
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
	}, nil
}

// Get reads a resource of the peer, and tries again when that fails.
func (c *Client) Get(ctx context.Context, path string) (Answer, error) {
	return c.call(ctx, http.MethodGet, path, nil, failsafe.With(c.retry, c.breaker))
}

// PutOnce writes a resource of the peer in one attempt, for callers that keep trying on their own.
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

// undecided tells the statuses that say nothing about the request itself.
func undecided(status int) bool {
	return status >= http.StatusInternalServerError ||
		status == http.StatusRequestTimeout || status == http.StatusTooManyRequests
}

// failed tells what speaks against the peer. A caller who hung up does not.
func failed(_ Answer, err error) bool {
	return err != nil && !errors.Is(err, context.Canceled)
}
