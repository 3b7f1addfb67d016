// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"testing"
)

func TestParseNamespaces(t *testing.T) {
	for name, tc := range map[string]struct {
		list string
		want []string
		ok   bool
	}{
		"an empty list means all":      {list: "", ok: true},
		"one":                          {list: "shop", want: []string{"shop"}, ok: true},
		"several":                      {list: "shop,front-1", want: []string{"shop", "front-1"}, ok: true},
		"a space is no part of a name": {list: "shop, front"},
		"an empty name is not all":     {list: "shop,"},
		"a pattern":                    {list: "team-*"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseNamespaces(tc.list)
			if !slices.Equal(got, tc.want) || (err == nil) != tc.ok {
				t.Errorf("got %q, %v", got, err)
			}
		})
	}
}
