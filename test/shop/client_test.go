// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package shop

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// TestCallFollowsRetryAfter repeats what was not accepted, and nothing else.
func TestCallFollowsRetryAfter(t *testing.T) {
	for name, tc := range map[string]struct {
		retryFor   time.Duration
		retryAfter string
		statuses   []int
		wantCode   int
		wantCalls  int64
		wantPause  time.Duration
	}{
		"accepted at once":                   {time.Minute, "", []int{201}, 0, 1, 0},
		"busy, then accepted":                {time.Minute, "1", []int{503, 201}, 0, 2, time.Second},
		"too many requests, then accepted":   {time.Minute, "0", []int{429, 201}, 0, 2, 0},
		"busy for an unknown time":           {time.Minute, "", []int{503, 503, 201}, 0, 3, 0},
		"busy for longer than it waits":      {time.Second, "60", []int{503}, 503, 1, 0},
		"a failure that may have had effect": {time.Minute, "0", []int{502}, 502, 1, 0},
		"a client that does not repeat":      {0, "0", []int{503}, 503, 1, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var calls atomic.Int64
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				if tc.retryAfter != "" {
					w.Header().Set("Retry-After", tc.retryAfter)
				}
				w.WriteHeader(tc.statuses[min(int(calls.Add(1)), len(tc.statuses))-1])
			}))
			defer server.Close()
			client := &Client{BaseURL: server.URL, RetryFor: tc.retryFor}
			begin := time.Now()
			err := client.Call(t.Context(), http.MethodPost, "/orders", nil, nil, nil)
			var status *StatusError
			if errors.As(err, &status); (status == nil) != (tc.wantCode == 0) || status != nil && status.Code != tc.wantCode {
				t.Errorf("Call returned %v, want status %d", err, tc.wantCode)
			}
			if got := calls.Load(); got != tc.wantCalls {
				t.Errorf("the server saw %d calls, want %d", got, tc.wantCalls)
			}
			if took := time.Since(begin); took < tc.wantPause {
				t.Errorf("the call took %v, want at least %v", took, tc.wantPause)
			}
		})
	}
}
