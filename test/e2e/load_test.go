//go:build e2e

/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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
	// loadInterval is the time between two requests: 40 a second.
	loadInterval = 25 * time.Millisecond
	// loadLimit is how long a load lasts at the most.
	loadLimit = 60 * time.Second
)

// load is a steady stream of requests to orders through the gateway: reads and
// writes, over kept connections and over new ones. No request is tried again.
type load struct {
	user  shop.User
	order shop.Order
	// over makes a request over kept connections, or over a new one.
	over [2]*shop.Client

	stopped context.CancelFunc
	working sync.WaitGroup
	begin   time.Time

	mu        sync.Mutex
	latencies []time.Duration
	failures  []string
	// complete says that the load was stopped before its limit.
	complete bool
	lasted   time.Duration
}

func startLoad(ctx context.Context, user shop.User, order shop.Order) *load {
	limited, cancel := context.WithTimeout(ctx, loadLimit)
	l := &load{user: user, order: order, stopped: cancel, begin: time.Now(), over: [2]*shop.Client{newCustomer(false), newCustomer(true)}}
	DeferCleanup(cancel)
	pace(limited, &l.working, loadInterval, func(n int) { l.request(ctx, n) })
	return l
}

// request makes the n-th request: a write every other time, and a new
// connection for every other two.
func (l *load) request(ctx context.Context, n int) {
	client, what := l.over[n/2%2], "GET"
	begin := time.Now()
	err := once(ctx, func(ctx context.Context) (err error) {
		if n%2 == 0 {
			_, err = client.Order(ctx, l.order.ID)
			return err
		}
		what = "POST"
		_, err = client.CreateOrder(ctx, newOrder(l.user))
		return err
	})
	took := time.Since(begin)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.latencies = append(l.latencies, took)
	if err != nil {
		l.failures = append(l.failures, fmt.Sprintf("request %d (%s, new connection: %t) %s after the start, after %s: %s",
			n, what, n/2%2 == 1, begin.Sub(l.begin).Round(time.Millisecond), took.Round(time.Millisecond), err))
	}
}

// stop ends the load and waits for the requests under way.
func (l *load) stop() {
	l.lasted = time.Since(l.begin)
	l.complete = l.lasted < loadLimit
	l.stopped()
	l.working.Wait()
}

// String sums up what came of the load.
func (l *load) String() string {
	slices.Sort(l.latencies)
	at := func(share float64) time.Duration {
		return l.latencies[int(share*float64(len(l.latencies)-1))].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("%d requests in %s (%.1f a second), %d failed; latency p50 %s, p90 %s, p99 %s, max %s",
		len(l.latencies), l.lasted.Round(100*time.Millisecond), float64(len(l.latencies))/l.lasted.Seconds(), len(l.failures),
		at(.5), at(.9), at(.99), at(1)) + strings.Join(append([]string{""}, l.failures...), "\n")
}
