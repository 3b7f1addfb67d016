// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"testing"
)

func TestImageVersion(t *testing.T) {
	for image, wantVersion := range map[string]string{
		"orders":                   "latest",
		"orders:1.4.0":             "1.4.0",
		"localhost:5000/orders":    "latest",
		"localhost:5000/orders:v2": "v2",
		"orders@sha256:0123456789abcdef0123456789":      "0123456789ab",
		"orders:1.4.0@sha256:0123456789abcdef":          "1.4.0",
		"localhost:5000/orders@sha256:0123456789abcdef": "0123456789ab",
		"orders@sha256:abc":                             "abc",
		"orders@":                                       "",
	} {
		if got := imageVersion(image); got != wantVersion {
			t.Errorf("imageVersion(%q) is %q, want %q", image, got, wantVersion)
		}
	}
}
