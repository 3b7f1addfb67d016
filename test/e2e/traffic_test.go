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
	"net/http"
	"strings"
	"sync"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// trafficInterval is the time between two requests to one service, so that
// three services get 50 a second.
const trafficInterval = 60 * time.Millisecond

// traffic is a steady stream of requests to a service: reads and writes, over
// kept connections and over new ones. No request is tried again.
type traffic struct {
	notes   *notes
	begin   time.Time
	cancel  context.CancelFunc
	working sync.WaitGroup

	mu       sync.Mutex
	answered int
	failures []string
}

func startTraffic(ctx context.Context, n *notes) *traffic {
	GinkgoHelper()
	n.write(ctx, 1)
	limited, cancel := context.WithCancel(ctx)
	t := &traffic{notes: n, begin: time.Now(), cancel: cancel}
	DeferCleanup(cancel)
	pace(limited, &t.working, trafficInterval, func(i int) { t.request(ctx, i) })
	return t
}

// request makes the i-th request: a write every other time, and a new
// connection for every other two.
func (t *traffic) request(ctx context.Context, i int) {
	n, over, method := t.notes, t.notes.over[i/2%2], http.MethodGet
	begin := time.Now()
	err := once(ctx, func(ctx context.Context) error {
		if i%2 == 0 {
			_, err := n.call(ctx, over, http.MethodGet, "/notes/note-0", "")
			return err
		}
		method = http.MethodPut
		return n.put(ctx, over, fmt.Sprintf("traffic-%d-%d", t.begin.UnixNano(), i), "in traffic")
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	t.answered++
	if err != nil {
		t.failures = append(t.failures, fmt.Sprintf("request %d (%s, new connection: %t) %s after the start, after %s: %s",
			i, method, i/2%2 == 1, begin.Sub(t.begin).Round(time.Millisecond), time.Since(begin).Round(time.Millisecond), err))
	}
}

// expectUnharmed ends the traffic and expects every request to have been
// answered.
func (t *traffic) expectUnharmed() {
	GinkgoHelper()
	lasted := time.Since(t.begin)
	t.cancel()
	t.working.Wait()
	AddReportEntry("traffic to "+t.notes.name(), fmt.Sprintf("%d requests in %s, %d failed", t.answered, lasted.Round(100*time.Millisecond), len(t.failures)))
	Expect(t.failures).To(BeEmpty(), "%s: %d of %d requests failed:\n%s", t.notes.name(), len(t.failures), t.answered, strings.Join(t.failures, "\n"))
	Expect(t.answered).To(BeNumerically(">=", lasted/trafficInterval/2), "%s: the traffic was not steady", t.notes.name())
}
