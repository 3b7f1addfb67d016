// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"fmt"
	"strconv"
	"strings"
)

// PublicPorts are the ports at which clients outside the cluster reach the ports of Gateways, for
// example because a load balancer or a forwarded port is in between. A port that is not there is
// reached as it is.
type PublicPorts map[int32]int32

// ParsePublicPorts reads pairs of a Gateway's port and the public one, such as 80=8080,443=8443.
func ParsePublicPorts(list string) (PublicPorts, error) {
	ports := PublicPorts{}
	for pair := range strings.SplitSeq(list, ",") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		inside, outside, _ := strings.Cut(pair, "=")
		from, err := parsePort(inside)
		if err != nil {
			return nil, fmt.Errorf("%q is no pair of ports such as 80=8080: %w", pair, err)
		}
		to, err := parsePort(outside)
		if err != nil {
			return nil, fmt.Errorf("%q is no pair of ports such as 80=8080: %w", pair, err)
		}
		if _, twice := ports[from]; twice {
			return nil, fmt.Errorf("port %d is there twice", from)
		}
		ports[from] = to
	}
	return ports, nil
}

func parsePort(text string) (int32, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is no port from 1 to 65535", text)
	}
	return int32(n), nil
}

// Of returns the public port of a Gateway's port.
func (p PublicPorts) Of(port int32) int32 {
	if public, known := p[port]; known {
		return public
	}
	return port
}
