// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"sync"

	"github.com/atoll-dev/atoll/internal/components/routes"
)

// hostMemory remembers the oldest claim on each host, so that a reconcile does not compare all
// routes with a host. An event of a route makes it forget all. Its zero value is ready to use.
type hostMemory struct {
	mu sync.Mutex
	// events counts the events of routes.
	events uint64
	first  map[string]*routes.Claim
}

// of returns the oldest claim on a host, which find finds in the cache. A result that an event
// has overtaken is not remembered: the cache has a change before its event is handled.
func (m *hostMemory) of(hostKey string, find func() (*routes.Claim, error)) (*routes.Claim, error) {
	m.mu.Lock()
	first, known := m.first[hostKey]
	events := m.events
	m.mu.Unlock()
	if known {
		return first, nil
	}
	first, err := find()
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.events == events {
		if m.first == nil {
			m.first = map[string]*routes.Claim{}
		}
		m.first[hostKey] = first
	}
	return first, nil
}

// forget drops all that is remembered.
func (m *hostMemory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.events++
	m.first = nil
}
