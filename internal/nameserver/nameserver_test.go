// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package nameserver

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// addresses returns different addresses.
func addresses(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("10.0.0.%d", i+1)
	}
	return all
}

func TestFromResolvConf(t *testing.T) {
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
		got, err := FromResolvConf(strings.NewReader(tc.text))
		if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); err != nil || diff != "" {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	many := "nameserver " + strings.Join(addresses(40), "\nnameserver ")
	if got, err := FromResolvConf(strings.NewReader(many)); err != nil || len(got) != maxAddresses {
		t.Errorf("%d name servers, %v", len(got), err)
	}
}

func TestParseList(t *testing.T) {
	for name, tc := range map[string]struct {
		list    string
		want    []string
		wantErr string
	}{
		"one address":              {list: "10.96.0.10", want: []string{"10.96.0.10"}},
		"two families":             {list: "fd00:10:96::a,10.96.0.10", want: []string{"10.96.0.10", "fd00:10:96::a"}},
		"IPv4 written as IPv6":     {list: "::ffff:10.0.0.1,10.0.0.1", want: []string{"10.0.0.1"}},
		"IPv6 in another notation": {list: "FD00:0::A", want: []string{"fd00::a"}},
		"one of them twice":        {list: strings.Join(append(addresses(9), addresses(9)...), ","), want: addresses(9)},
		"a name":                   {list: "10.0.0.1,dns.example.com", wantErr: `"dns.example.com" is not an IP address`},
		"a space":                  {list: "10.0.0.1, 10.0.0.2", wantErr: `" 10.0.0.2" is not an IP address`},
		"nothing after a comma":    {list: "10.0.0.1,", wantErr: `"" is not an IP address`},
		"a zone":                   {list: "fe80::1%eth0", wantErr: `"fe80::1%eth0" has a zone, which only one machine knows`},
		"the loopback interface":   {list: "::ffff:127.0.0.1", wantErr: `"::ffff:127.0.0.1" is not the address of a server that pods can reach`},
		"no address in particular": {list: "0.0.0.0", wantErr: `"0.0.0.0" is not the address of a server that pods can reach`},
		"a group of machines":      {list: "224.0.0.251", wantErr: `"224.0.0.251" is not the address of a server that pods can reach`},
		"too many":                 {list: strings.Join(addresses(17), ","), wantErr: "17 addresses are too many: at most 16 can be given"},
	} {
		got, err := ParseList(tc.list)
		message := ""
		if err != nil {
			message = err.Error()
		}
		if diff := cmp.Diff(tc.want, got, cmpopts.EquateEmpty()); diff != "" || message != tc.wantErr {
			t.Errorf("%s: error %q, want %q (-want +got):\n%s", name, message, tc.wantErr, diff)
		}
	}
	if got, err := ParseList(strings.Join(addresses(maxAddresses), ",")); err != nil || len(got) != maxAddresses {
		t.Errorf("%d name servers, %v", len(got), err)
	}
}
