// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package nameserver knows which addresses of name servers pods can use. It is pure.
package nameserver

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// maxAddresses is the number of name servers that Atoll uses, and that the status of a Topology
// has room for. The resolver of most images uses three.
const maxAddresses = 16

// Parse returns the address of a name server that pods can reach. An IPv4 address that is
// written as IPv6 becomes IPv4, because NetworkPolicies accept no other form.
func Parse(text string) (netip.Addr, error) {
	address, err := netip.ParseAddr(text)
	switch {
	case err != nil:
		return netip.Addr{}, fmt.Errorf("%q is not an IP address", text)
	case address.Zone() != "":
		return netip.Addr{}, fmt.Errorf("%q has a zone, which only one machine knows", text)
	}
	address = address.Unmap()
	if address.IsLoopback() || address.IsUnspecified() || address.IsMulticast() {
		return netip.Addr{}, fmt.Errorf("%q is not the address of a server that pods can reach", text)
	}
	return address, nil
}

// ParseList returns the addresses of a list that is separated by commas, in order.
func ParseList(list string) ([]string, error) {
	var servers []string
	for text := range strings.SplitSeq(list, ",") {
		address, err := Parse(text)
		if err != nil {
			return nil, err
		}
		servers = append(servers, address.String())
	}
	servers = sorted(servers)
	if len(servers) > maxAddresses {
		return nil, fmt.Errorf("%d addresses are too many: at most %d can be given", len(servers), maxAddresses)
	}
	return servers, nil
}

// FromResolvConf returns the addresses of the name servers in a resolv.conf, in order. In a pod
// they are those of all pods with the DNS policy ClusterFirst. A server on the loopback
// interface is one of the machine.
func FromResolvConf(resolvConf io.Reader) ([]string, error) {
	var servers []string
	lines := bufio.NewScanner(resolvConf)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		if address, err := Parse(fields[1]); err == nil {
			servers = append(servers, address.String())
		}
	}
	servers = sorted(servers)
	return servers[:min(len(servers), maxAddresses)], lines.Err()
}

// sorted returns the addresses in order, each once.
func sorted(servers []string) []string {
	slices.Sort(servers)
	return slices.Compact(servers)
}
