// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"bufio"
	"io"
	"net/netip"
	"slices"
	"strings"
)

// maxNameServers is the number of name servers that Atoll uses. The resolver of most images
// uses three.
const maxNameServers = 16

// NameServers returns the addresses of the name servers in a resolv.conf, in order. In a pod
// they are those of all pods with the DNS policy ClusterFirst. A server on the loopback
// interface is one of the machine.
func NameServers(resolvConf io.Reader) ([]string, error) {
	var servers []string
	lines := bufio.NewScanner(resolvConf)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) < 2 || fields[0] != "nameserver" {
			continue
		}
		address, err := netip.ParseAddr(fields[1])
		if err != nil || address.IsLoopback() || address.IsUnspecified() || address.Zone() != "" {
			continue
		}
		servers = append(servers, address.Unmap().String())
	}
	slices.Sort(servers)
	servers = slices.Compact(servers)
	return servers[:min(len(servers), maxNameServers)], lines.Err()
}
