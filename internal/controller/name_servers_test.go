// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestNameServers(t *testing.T) {
	many := ""
	for i := range 40 {
		many += fmt.Sprintf("nameserver 10.0.0.%d\n", i+1)
	}
	for name, tc := range map[string]struct {
		text string
		want []string
	}{
		"a Service":            {"search shop.svc.cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n", []string{"10.96.0.10"}},
		"a cache of each node": {"nameserver 169.254.25.10", []string{"169.254.25.10"}},
		"two families":         {"nameserver fd00:10:96::a\nnameserver 10.96.0.10\nnameserver 10.96.0.10\n", []string{"10.96.0.10", "fd00:10:96::a"}},
		"comments":             {"# nameserver 10.0.0.1\n; nameserver 10.0.0.2\n", nil},
		"the machine's":        {"nameserver 127.0.0.53\nnameserver ::1\nnameserver fe80::1%eth0\n", nil},
		"no address":           {"nameserver dns.example.com\nnameserver\n", nil},
	} {
		got, err := NameServers(strings.NewReader(tc.text))
		if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	if got, err := NameServers(strings.NewReader(many)); err != nil || len(got) != maxNameServers {
		t.Errorf("%d name servers, %v", len(got), err)
	}
}
