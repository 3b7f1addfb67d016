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
