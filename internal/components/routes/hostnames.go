// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"slices"
	"strings"

	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// listenerHost is the host of a listener of a Gateway; empty means every host.
type listenerHost struct {
	section string
	host    v1alpha1.Hostname
}

// listenerHosts are those of one Gateway; none if the Gateway is not known.
type listenerHosts []listenerHost

func listenersOf(gateway *gatewayv1.Gateway) listenerHosts {
	if gateway == nil {
		return nil
	}
	all := make(listenerHosts, len(gateway.Spec.Listeners))
	for i := range all {
		l := &gateway.Spec.Listeners[i]
		all[i] = listenerHost{section: string(l.Name), host: v1alpha1.Hostname(ptr.Deref(l.Hostname, ""))}
	}
	return all
}

// served returns the hosts that a claim gets: what its hostname and those of its listeners have in
// common. A hostname counts also without a listener for it, because one may be added.
func (ls listenerHosts) served(c *Claim) []v1alpha1.Hostname {
	var hosts []v1alpha1.Hostname
	add := func(host v1alpha1.Hostname) {
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	if c.Hostname != "" || len(ls) == 0 {
		add(c.Hostname)
	}
	for _, l := range ls {
		switch {
		case c.section != "" && c.section != l.section:
		case includes(c.Hostname, l.host):
			add(l.host)
		case includes(l.host, c.Hostname):
			add(c.Hostname)
		}
	}
	return hosts
}

// includes reports whether a hostname matches every host that another one matches.
func includes(hostname, other v1alpha1.Hostname) bool {
	if suffix, isWildcard := strings.CutPrefix(string(hostname), "*"); isWildcard {
		return strings.HasSuffix(strings.TrimPrefix(string(other), "*"), suffix)
	}
	return hostname == "" || hostname == other
}

// specificity returns how exactly one of the hostnames matches a host: more for a longer one, and
// for one without a wildcard. It is -1 if none matches. None means every host.
func specificity(hostnames []v1alpha1.Hostname, host v1alpha1.Hostname) int {
	if len(hostnames) == 0 {
		return 0
	}
	longest := -1
	for _, hostname := range hostnames {
		if !includes(hostname, host) {
			continue
		}
		exact := 2 * len(hostname)
		if !strings.HasPrefix(string(hostname), "*") {
			exact++
		}
		longest = max(longest, exact)
	}
	return longest
}

// includesAll reports whether the hostnames of a Topology match all hosts. None means every host.
func includesAll(hostnames, hosts []v1alpha1.Hostname) bool {
	return !slices.ContainsFunc(hosts, func(host v1alpha1.Hostname) bool { return specificity(hostnames, host) < 0 })
}

// narrowest returns the first of the hostnames that a host includes, or the host.
func narrowest(host v1alpha1.Hostname, hostnames []v1alpha1.Hostname) v1alpha1.Hostname {
	for _, hostname := range hostnames {
		if includes(host, hostname) {
			return hostname
		}
	}
	return host
}
