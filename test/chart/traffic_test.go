//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

// get sends one request to a service of the shop through the gateway.
func (c *cluster) get(ctx context.Context, path string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.gatewayURL+path, http.NoBody)
	if err != nil {
		return err
	}
	request.Host = "shop.localhost"
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("GET %s: %s", path, response.Status)
	}
	return nil
}

// firstRequest sends requests until one is served, and then sends the time since begin.
func (c *cluster) firstRequest(t *testing.T, begin time.Time) <-chan time.Duration {
	t.Helper()
	served := make(chan time.Duration, 1)
	go func() {
		poll := time.NewTicker(50 * time.Millisecond)
		defer poll.Stop()
		for {
			select {
			case <-t.Context().Done():
				return
			case <-poll.C:
				if c.get(t.Context(), "/users") == nil {
					served <- time.Since(begin)
					return
				}
			}
		}
	}()
	return served
}

// traffic is a steady load on the services of the shop.
type traffic struct {
	cancel context.CancelFunc
	done   chan struct{}

	mutex    sync.Mutex
	requests int
	// checked is the number of requests at the last check.
	checked  int
	failures []string
	slowest  time.Duration
}

// startTraffic starts a load that ends with the test.
func (c *cluster) startTraffic(t *testing.T) *traffic {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	l := &traffic{cancel: cancel, done: make(chan struct{})}
	t.Cleanup(l.stop)
	go func() {
		defer close(l.done)
		poll := time.NewTicker(25 * time.Millisecond)
		defer poll.Stop()
		for i := 0; ; i++ {
			select {
			case <-ctx.Done():
				return
			case <-poll.C:
				begin := time.Now()
				err := c.get(ctx, []string{"/users", "/orders"}[i%2])
				if ctx.Err() == nil {
					l.record(time.Since(begin), err)
				}
			}
		}
	}()
	return l
}

func (l *traffic) record(took time.Duration, err error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.requests++
	l.slowest = max(l.slowest, took)
	if err != nil {
		l.failures = append(l.failures, err.Error())
	}
}

func (l *traffic) stop() {
	l.cancel()
	<-l.done
}

// expectNoFailure checks that requests were sent since the last call, and that all were served.
func (l *traffic) expectNoFailure(t *testing.T) {
	t.Helper()
	l.mutex.Lock()
	defer l.mutex.Unlock()
	if l.requests == l.checked || len(l.failures) > 0 {
		t.Errorf("%d requests in this step, failed: %v", l.requests-l.checked, l.failures)
	}
	l.checked = l.requests
}

func (l *traffic) String() string {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return fmt.Sprintf("%d requests, %d failed, the slowest took %s", l.requests, len(l.failures), l.slowest.Round(time.Millisecond))
}
