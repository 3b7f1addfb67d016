package peer

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/atoll-dev/atoll/services/internal/peertest"
)

// fake is a peer with behaviour that a test can change.
type fake struct {
	url      url.URL
	attempts atomic.Int64
	respond  atomic.Pointer[http.HandlerFunc]
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{}
	f.url = peertest.Serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.attempts.Add(1)
		(*f.respond.Load())(w, r)
	}))
	f.answers(http.StatusOK)
	return f
}

// answers makes the peer respond with the statuses one after the other. The last status repeats.
func (f *fake) answers(statuses ...int) {
	var next atomic.Int64
	f.behaves(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(statuses[min(int(next.Add(1)), len(statuses))-1])
	})
}

func (f *fake) behaves(respond http.HandlerFunc) { f.respond.Store(&respond) }

// hangs makes the peer never respond.
func (f *fake) hangs() {
	f.behaves(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
}

func newClient(t *testing.T, f *fake, cfg Config) *Client {
	t.Helper()
	cfg.URL = f.url
	client, err := New("stock", cfg)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func settings() Config {
	return Config{Budget: 5 * time.Second, AttemptTimeout: time.Second, BreakerDelay: time.Hour}
}

func TestGet(t *testing.T) {
	tests := map[string]struct {
		statuses     []int
		wantStatus   int // Zero means unavailable.
		wantAttempts int64
	}{
		"an answer needs one attempt":           {[]int{200}, 200, 1},
		"a 404 is an answer":                    {[]int{404}, 404, 1},
		"a failure is retried":                  {[]int{503, 200}, 200, 2},
		"a 429 is retried":                      {[]int{429, 200}, 200, 2},
		"retries are limited":                   {[]int{500}, 0, maxAttempts},
		"an answer after a failure is returned": {[]int{502, 404}, 404, 2},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			stock := newFake(t)
			stock.answers(test.statuses...)
			answer, err := newClient(t, stock, settings()).Get(t.Context(), "/items/1")
			var unavailable *UnavailableError
			if test.wantStatus == 0 && !errors.As(err, &unavailable) {
				t.Errorf("got %v, want an UnavailableError", err)
			}
			if test.wantStatus != 0 && (err != nil || answer.Status != test.wantStatus) {
				t.Errorf("got %d and %v, want %d", answer.Status, err, test.wantStatus)
			}
			if got := stock.attempts.Load(); got != test.wantAttempts {
				t.Errorf("the peer saw %d attempts, want %d", got, test.wantAttempts)
			}
		})
	}
}

// TestGetUsesItsBudgetForARefusedConnection reaches a peer that listens only after a while.
func TestGetUsesItsBudgetForARefusedConnection(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	cfg := settings()
	cfg.URL = url.URL{Scheme: "http", Host: address}
	client, err := New("stock", cfg)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	server := &http.Server{Handler: http.NotFoundHandler(), ReadHeaderTimeout: time.Second}
	time.AfterFunc(time.Second, func() {
		late, err := net.Listen("tcp", address)
		if err != nil {
			served <- err
			return
		}
		served <- server.Serve(late)
	})
	answer, err := client.Get(t.Context(), "/items/1")
	if err != nil || answer.Status != http.StatusNotFound {
		t.Errorf("got %d and %v, want the 404 of the late peer", answer.Status, err)
	}
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if err := <-served; !errors.Is(err, http.ErrServerClosed) {
		t.Errorf("the peer ended with %v", err)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	elsewhere := peertest.Serve(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the redirect was followed") }))
	stock := newFake(t)
	stock.behaves(http.RedirectHandler(elsewhere.String(), http.StatusTemporaryRedirect).ServeHTTP)
	answer, err := newClient(t, stock, settings()).Get(t.Context(), "/items/1")
	if err != nil || answer.Status != http.StatusTemporaryRedirect {
		t.Errorf("got %d (%v), want the redirect itself, %d", answer.Status, err, http.StatusTemporaryRedirect)
	}
}

func TestPutOnceDoesNotRetry(t *testing.T) {
	stock := newFake(t)
	stock.answers(http.StatusServiceUnavailable)
	if _, err := newClient(t, stock, settings()).PutOnce(t.Context(), "/items/1", "x"); err == nil {
		t.Error("a failed write succeeded")
	}
	if got := stock.attempts.Load(); got != 1 {
		t.Errorf("the peer saw %d attempts, want 1", got)
	}
}

func TestGetRetriesWithinTheBudgetWhenThePeerHangs(t *testing.T) {
	stock := newFake(t)
	stock.hangs()
	cfg := settings()
	cfg.Budget, cfg.AttemptTimeout = time.Second, 600*time.Millisecond

	begin := time.Now()
	_, err := newClient(t, stock, cfg).Get(t.Context(), "/items/1")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a deadline", err)
	}
	if took := time.Since(begin); took > 2*cfg.Budget {
		t.Errorf("the call took %v with a budget of %v", took, cfg.Budget)
	}
	if got := stock.attempts.Load(); got != 2 {
		t.Errorf("the peer saw %d attempts, want the 2 that the budget has time for", got)
	}
}

// TestDurations checks that each attempt is counted with the code of its response, and without one if there is none.
func TestDurations(t *testing.T) {
	stock := newFake(t)
	client := newClient(t, stock, settings())
	registry := prometheus.NewRegistry()
	client.MustRegister(registry)
	for _, status := range []int{http.StatusOK, http.StatusOK, http.StatusServiceUnavailable} {
		stock.answers(status)
		_, _ = client.PutOnce(t.Context(), "/items/1", "x")
	}
	stock.behaves(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	_, _ = client.PutOnce(t.Context(), "/items/1", "x")

	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]uint64{}
	for _, family := range families {
		if family.GetName() != "http_client_request_duration_seconds" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			got[labels["server_address"]+" "+labels["http_request_method"]+" "+labels["http_response_status_code"]] = metric.GetHistogram().GetSampleCount()
		}
	}
	if want := map[string]uint64{"127.0.0.1 PUT 200": 2, "127.0.0.1 PUT 503": 1, "127.0.0.1 PUT ": 1}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestBreaker(t *testing.T) {
	stock := newFake(t)
	cfg := settings()
	cfg.BreakerDelay = 300 * time.Millisecond
	client := newClient(t, stock, cfg)
	registry := prometheus.NewRegistry()
	client.MustRegister(registry)
	call := func() error {
		_, err := client.PutOnce(t.Context(), "/items/1", "x")
		return err
	}
	wantState := func(want string) {
		t.Helper()
		exposed := "# HELP circuit_breaker_state 1 for the state that the peer's circuit breaker is in, 0 for the others.\n" +
			"# TYPE circuit_breaker_state gauge\n"
		for _, state := range []string{"closed", "half-open", "open"} {
			value := 0
			if state == want {
				value = 1
			}
			exposed += fmt.Sprintf("circuit_breaker_state{peer=\"stock\",state=%q} %d\n", state, value)
		}
		if err := testutil.GatherAndCompare(registry, strings.NewReader(exposed), "circuit_breaker_state"); err != nil {
			t.Error(err)
		}
	}
	afterDelay := func() {
		t.Helper()
		remaining := client.breaker.RemainingDelay()
		if remaining > cfg.BreakerDelay {
			t.Fatalf("the breaker stays open for %v, want %v at most", remaining, cfg.BreakerDelay)
		}
		<-time.After(remaining)
	}

	stock.answers(http.StatusInternalServerError)
	for range breakerWindow {
		_ = call()
	}
	wantState("open")
	seen := stock.attempts.Load()
	var unavailable *UnavailableError
	if err := call(); !errors.As(err, &unavailable) || unavailable.RetryAfter <= 0 || unavailable.RetryAfterSeconds() != 1 {
		t.Errorf("got %v, want an UnavailableError that says when to retry", err)
	}
	if stock.attempts.Load() != seen {
		t.Error("an open breaker let a call through")
	}

	afterDelay()
	if err := call(); err == nil {
		t.Error("the trial call succeeded although the peer still fails")
	}
	if got := stock.attempts.Load(); got != seen+1 {
		t.Errorf("the peer saw %d trial calls, want 1", got-seen)
	}
	wantState("open")

	stock.answers(http.StatusOK)
	afterDelay()
	if err := call(); err != nil {
		t.Errorf("the trial call failed after the peer had recovered: %v", err)
	}
	wantState("closed")
}

func TestCancelledCallsDoNotOpenTheBreaker(t *testing.T) {
	stock := newFake(t)
	client := newClient(t, stock, settings())
	for range 2 * breakerWindow {
		ctx, cancel := context.WithCancel(t.Context())
		stock.behaves(func(_ http.ResponseWriter, r *http.Request) {
			cancel()
			<-r.Context().Done()
		})
		if _, err := client.Get(ctx, "/items/1"); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v, want context.Canceled", err)
		}
	}
	if !client.breaker.IsClosed() {
		t.Error("cancelled calls opened the breaker")
	}
}
