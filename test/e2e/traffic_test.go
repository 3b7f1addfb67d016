//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// trafficInterval is the time between two requests to one service. Three services
// together get 50 requests a second.
const trafficInterval = 60 * time.Millisecond

// traffic is a steady stream of reads and writes to a service, over kept-alive and
// new connections. No request is retried.
type traffic struct {
	notes    *notesService
	begin    time.Time
	cancel   context.CancelFunc
	inFlight sync.WaitGroup

	mu       sync.Mutex
	requests int
	failures []string
}

func startTraffic(ctx context.Context, n *notesService) *traffic {
	GinkgoHelper()
	n.write(ctx, 1)
	limited, cancel := context.WithCancel(ctx)
	t := &traffic{notes: n, begin: time.Now(), cancel: cancel}
	DeferCleanup(cancel)
	runAtPace(limited, &t.inFlight, trafficInterval, func(i int) { t.request(ctx, i) })
	return t
}

// request sends request i. Reads and writes alternate; every second pair uses new
// connections.
func (t *traffic) request(ctx context.Context, i int) {
	n, httpClient, method := t.notes, t.notes.clients[i/2%2], http.MethodGet
	begin := time.Now()
	err := sendOnce(ctx, func(ctx context.Context) error {
		if i%2 == 0 {
			_, err := n.call(ctx, httpClient, http.MethodGet, "/notes/note-0", "")
			return err
		}
		method = http.MethodPut
		return n.put(ctx, httpClient, fmt.Sprintf("traffic-%d-%d", t.begin.UnixNano(), i), "in traffic")
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.requests++
	if err != nil {
		t.failures = append(t.failures, fmt.Sprintf("request %d (%s, new connection: %t) %s after the start, after %s: %s",
			i, method, i/2%2 == 1, begin.Sub(t.begin).Round(time.Millisecond), time.Since(begin).Round(time.Millisecond), err))
	}
}

// expectNoFailures ends the traffic and expects every request to have succeeded.
func (t *traffic) expectNoFailures() {
	GinkgoHelper()
	duration := time.Since(t.begin)
	t.cancel()
	t.inFlight.Wait()
	AddReportEntry("traffic to "+t.notes.name(), fmt.Sprintf("%d requests in %s, %d failed", t.requests, duration.Round(100*time.Millisecond), len(t.failures)))
	Expect(t.failures).To(BeEmpty(), "%s: %d of %d requests failed:\n%s", t.notes.name(), len(t.failures), t.requests, strings.Join(t.failures, "\n"))
	Expect(t.requests).To(BeNumerically(">=", duration/trafficInterval/2), "%s: the traffic was not steady", t.notes.name())
}
