//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"

	"github.com/atoll-dev/atoll/test/shop"
)

const (
	// loadInterval is the time between two requests, which gives 40 a second.
	loadInterval = 25 * time.Millisecond
	// loadLimit is the maximum duration of a load.
	loadLimit = 2 * time.Minute
)

// load is a steady stream of reads and writes to orders through the gateway, over
// kept-alive and new connections. No request is retried.
type load struct {
	user  shop.User
	order shop.Order
	// clients are one with keep-alive and one that opens a connection per request.
	clients [2]*shop.Client

	cancel   context.CancelFunc
	inFlight sync.WaitGroup
	begin    time.Time

	mu        sync.Mutex
	latencies []time.Duration
	failures  []string
	// complete is true when stop was called before loadLimit.
	complete bool
	duration time.Duration
}

func startLoad(ctx context.Context, user shop.User, order shop.Order) *load {
	limited, cancel := context.WithTimeout(ctx, loadLimit)
	l := &load{user: user, order: order, cancel: cancel, begin: time.Now(), clients: [2]*shop.Client{newShopClient(false), newShopClient(true)}}
	DeferCleanup(cancel)
	runAtPace(limited, &l.inFlight, loadInterval, func(n int) { l.request(ctx, n) })
	return l
}

// request sends request n. Reads and writes alternate; every second pair uses new
// connections.
func (l *load) request(ctx context.Context, n int) {
	client, method := l.clients[n/2%2], "GET"
	begin := time.Now()
	err := sendOnce(ctx, func(ctx context.Context) (err error) {
		if n%2 == 0 {
			_, err = client.Order(ctx, l.order.ID)
			return err
		}
		method = "POST"
		_, err = client.CreateOrder(ctx, newOrder(l.user))
		return err
	})
	latency := time.Since(begin)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latencies = append(l.latencies, latency)
	if err != nil {
		l.failures = append(l.failures, fmt.Sprintf("request %d (%s, new connection: %t) %s after the start, after %s: %s",
			n, method, n/2%2 == 1, begin.Sub(l.begin).Round(time.Millisecond), latency.Round(time.Millisecond), err))
	}
}

// stop ends the load and waits for the requests in flight.
func (l *load) stop() {
	l.duration = time.Since(l.begin)
	l.complete = l.duration < loadLimit
	l.cancel()
	l.inFlight.Wait()
}

// String summarises the load: rate, latencies and failures.
func (l *load) String() string {
	slices.Sort(l.latencies)
	percentile := func(p float64) time.Duration {
		return l.latencies[int(p*float64(len(l.latencies)-1))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("%d requests in %s (%.1f a second), %d failed; latency p50 %s, p90 %s, p99 %s, max %s",
		len(l.latencies), l.duration.Round(100*time.Millisecond), float64(len(l.latencies))/l.duration.Seconds(), len(l.failures),
		percentile(.5), percentile(.9), percentile(.99), percentile(1)) + strings.Join(append([]string{""}, l.failures...), "\n")
}
