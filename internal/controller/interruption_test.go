// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"io"
	"net/http"
	"strings"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
)

// interruption ends the operator, as far as one namespace is concerned, at a
// certain one of its writes: every later request about the namespace fails.
type interruption struct {
	// at is the number of the write, from 1 on.
	at int
	// done says that the write itself reached the API server, and that its answer
	// was lost; otherwise the write was.
	done bool

	writes int
	dead   bool
}

// interruptions are those that are in force, by namespace.
type interruptions struct {
	mu sync.Mutex
	by map[string]*interruption
}

// interrupt puts interruptions into force, until the test ends or they are lifted.
func interrupt(by map[string]*interruption) *interruptions {
	all := &interruptions{by: by}
	requestsFor.failWith(all.fault)
	requestsFor.mu.Lock()
	defer requestsFor.mu.Unlock()
	requestsFor.lose = all.lost
	DeferCleanup(all.lift)
	return all
}

func (i *interruptions) of(r *http.Request) *interruption {
	for ns, one := range i.by {
		// Events are sent by the way, at no certain time.
		if strings.Contains(r.URL.Path, "/namespaces/"+ns+"/") && !strings.Contains(r.URL.Path, "/events") {
			return one
		}
	}
	return nil
}

func (i *interruptions) fault(r *http.Request) *http.Response {
	i.mu.Lock()
	defer i.mu.Unlock()
	one := i.of(r)
	if one == nil {
		return nil
	}
	if !one.dead && r.Method != http.MethodGet {
		one.writes++
		one.dead = one.writes == one.at && !one.done
	}
	if !one.dead {
		return nil
	}
	return &http.Response{
		StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Content-Type": {"application/json"}}, Request: r,
		Body: io.NopCloser(strings.NewReader(`{"kind":"Status","apiVersion":"v1","status":"Failure","message":"interrupted","reason":"ServiceUnavailable"}`)),
	}
}

func (i *interruptions) lost(r *http.Request) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	one := i.of(r)
	if one == nil || r.Method == http.MethodGet || one.dead || one.writes != one.at {
		return false
	}
	one.dead = true
	return true
}

// happened says whether the operator came as far as an interruption.
func (i *interruptions) happened(ns string) bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.by[ns].dead
}

// lift ends all interruptions.
func (i *interruptions) lift() {
	i.mu.Lock()
	i.by = nil
	i.mu.Unlock()
	requestsFor.mu.Lock()
	defer requestsFor.mu.Unlock()
	requestsFor.lose = nil
}

// interruptedNamespaces makes a namespace for each of the first writes, and for
// the loss of the write and of its answer.
func interruptedNamespaces(ctx SpecContext, writes int) map[string]*interruption {
	GinkgoHelper()
	by := map[string]*interruption{}
	for at := 1; at <= writes; at++ {
		for _, done := range []bool{false, true} {
			by[newNamespace(ctx)] = &interruption{at: at, done: done}
		}
	}
	Expect(by).To(HaveLen(2 * writes))
	return by
}
