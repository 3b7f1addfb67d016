package apitest

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/atoll-dev/atoll/services/internal/problem"
)

// FoundAtItsLocation decodes the response to a creation, and checks that a GET of its Location returns the same.
func FoundAtItsLocation[T any](t *testing.T, api API, created Answer) T {
	t.Helper()
	value := Decode[T](t, created, http.StatusCreated)
	read := Decode[T](t, api.Send(http.MethodGet, created.Header.Get("Location"), ""), http.StatusOK)
	if diff := cmp.Diff(value, read); diff != "" {
		t.Errorf("read another %T than was created (-created +read):\n%s", value, diff)
	}
	return value
}

// AtOnce sends n requests concurrently and returns the number of responses with each status.
func AtOnce(n int, send func(i int) Answer) map[int]int {
	answers := make([]Answer, n)
	var requests sync.WaitGroup
	for i := range answers {
		requests.Go(func() { answers[i] = send(i) })
	}
	requests.Wait()
	count := map[int]int{}
	for _, answer := range answers {
		count[answer.Status]++
	}
	return count
}

// PeerUnavailable checks the response to a request that needs an unavailable peer: it has the problem type and a
// Retry-After header, and arrives within twice the budget for the peer.
func PeerUnavailable(t *testing.T, send func() Answer, wantType string, budget time.Duration) {
	t.Helper()
	begin := time.Now()
	got := send()
	took := time.Since(begin)
	refused := Decode[problem.Problem](t, got, http.StatusServiceUnavailable)
	if refused.Type != wantType {
		t.Errorf("got problem type %q, want %q", refused.Type, wantType)
	}
	if seconds, err := strconv.Atoi(got.Header.Get("Retry-After")); err != nil || seconds < 1 {
		t.Errorf("got Retry-After %q, want seconds", got.Header.Get("Retry-After"))
	}
	if took > 2*budget {
		t.Errorf("the answer took %v with a budget of %v", took, budget)
	}
}
