//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"fmt"
	"net/http/httptrace"
	"sync"
	"sync/atomic"
	"time"
)

// loadWorkers is the maximum number of concurrent requests.
const loadWorkers = 8

// runAtPace sends numbered requests at a steady pace until ctx ends. Requests in
// flight then complete: the caller waits for them with inFlight.
func runAtPace(ctx context.Context, inFlight *sync.WaitGroup, interval time.Duration, request func(n int)) {
	numbers := make(chan int)
	inFlight.Go(func() {
		defer close(numbers)
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for n := 0; ; n++ {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
				numbers <- n
			}
		}
	})
	for range loadWorkers {
		inFlight.Go(func() {
			for n := range numbers {
				request(n)
			}
		})
	}
}

// sendOnce sends a request and fails if the transport sent it more than once. The
// transport retries some requests when a kept-alive connection is closed.
func sendOnce(ctx context.Context, request func(context.Context) error) error {
	var sent atomic.Int32
	err := request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Add(1) }}))
	if err == nil && sent.Load() != 1 {
		return fmt.Errorf("request was sent %d times, want once", sent.Load())
	}
	return err
}
