// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"slices"
	"strings"

	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// served returns the hosts that a route with a hostname gets at listeners with hostnames. It gets its
// own where the listeners are not known.
func served(listeners []v1alpha1.Hostname, hostname v1alpha1.Hostname) []v1alpha1.Hostname {
	if len(listeners) == 0 {
		return []v1alpha1.Hostname{hostname}
	}
	var hosts []v1alpha1.Hostname
	for _, listener := range listeners {
		host := hostname
		if includes(hostname, listener) {
			host = listener
		} else if !includes(listener, hostname) {
			continue
		}
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// including returns a host and the other hostnames with which a route gets its requests.
func including(listeners []v1alpha1.Hostname, host v1alpha1.Hostname) []v1alpha1.Hostname {
	hosts := []v1alpha1.Hostname{host}
	if host == "" {
		return hosts
	}
	_, parent, found := strings.Cut(strings.TrimPrefix(string(host), "*."), ".")
	for found {
		hosts = append(hosts, v1alpha1.Hostname("*."+parent))
		_, parent, found = strings.Cut(parent, ".")
	}
	// At a listener with a hostname, a route for every host is one for that hostname.
	if slices.ContainsFunc(listeners, func(listener v1alpha1.Hostname) bool { return listener != "" && includes(listener, host) }) {
		hosts = append(hosts, "")
	}
	return hosts
}

// listenerHosts returns the hostnames of the listeners of a Gateway; one without a name is for
// every host. An empty section means all listeners.
func listenerHosts(gateway *gatewayv1.Gateway, section string) []v1alpha1.Hostname {
	var hosts []v1alpha1.Hostname
	for i := range gateway.Spec.Listeners {
		l := &gateway.Spec.Listeners[i]
		if section != "" && section != string(l.Name) {
			continue
		}
		host := v1alpha1.Hostname("")
		if l.Hostname != nil {
			host = v1alpha1.Hostname(*l.Hostname)
		}
		if !slices.Contains(hosts, host) {
			hosts = append(hosts, host)
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

// specificity returns how exactly one of the hostnames matches a host: the length of the longest,
// and -1 if none matches. None means every host.
func specificity(hostnames []v1alpha1.Hostname, host v1alpha1.Hostname) int {
	if len(hostnames) == 0 {
		return 0
	}
	longest := -1
	for _, hostname := range hostnames {
		if includes(hostname, host) {
			longest = max(longest, len(hostname))
		}
	}
	return longest
}
