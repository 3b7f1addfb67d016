// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"testing"

	"github.com/atoll-dev/atoll/internal/components/routes"
)

func TestHostMemory(t *testing.T) {
	var m hostMemory
	found := 0
	find := func(claim *routes.Claim) *routes.Claim {
		t.Helper()
		got, err := m.of("infra/edge shop.example.com", func() (*routes.Claim, error) { found++; return claim, nil })
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	first, second := &routes.Claim{Path: "/a"}, &routes.Claim{Path: "/b"}
	if _, err := m.of("infra/edge shop.example.com", func() (*routes.Claim, error) { return nil, errors.New("not listed yet") }); err == nil {
		t.Fatal("an error is dropped")
	}
	if find(first) != first || find(second) != first || found != 1 {
		t.Errorf("the claim is looked up %d times, want once", found)
	}
	m.forget()
	if find(second) != second {
		t.Error("a claim is remembered in spite of an event")
	}

	// An event while the cache is read: what was read may be older.
	m.forget()
	got, err := m.of("infra/edge shop.example.com", func() (*routes.Claim, error) { m.forget(); return first, nil })
	if got != first || err != nil || find(second) != second {
		t.Error("a claim is remembered that an event has overtaken")
	}
	// That nobody has the host is remembered too.
	m.forget()
	if find(nil) != nil || find(first) != nil {
		t.Error("a free host is looked up again")
	}
}
