// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePublicPorts(t *testing.T) {
	for list, want := range map[string]PublicPorts{
		"":                   {},
		"80=8080":            {80: 8080},
		"80=8080, 443=8443,": {80: 8080, 443: 8443},
	} {
		got, err := ParsePublicPorts(list)
		if err != nil {
			t.Errorf("%q: %v", list, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", list, diff)
		}
	}
	for list, want := range map[string]string{
		"80":              `"80" is no pair of ports such as 80=8080: "" is no port from 1 to 65535`,
		"http=8080":       `"http=8080" is no pair of ports such as 80=8080: "http" is no port from 1 to 65535`,
		"80=65536":        `"80=65536" is no pair of ports such as 80=8080: "65536" is no port from 1 to 65535`,
		"80=0":            `"80=0" is no pair of ports such as 80=8080: "0" is no port from 1 to 65535`,
		"80=8080,80=8081": "port 80 is there twice",
	} {
		if _, err := ParsePublicPorts(list); err == nil || err.Error() != want {
			t.Errorf("%q: the error is %v, want %s", list, err, want)
		}
	}
	ports := PublicPorts{80: 8080}
	if ports.Of(80) != 8080 || ports.Of(443) != 443 || PublicPorts(nil).Of(80) != 80 {
		t.Error("a port is not as given, or one that is not given is not kept")
	}
}
