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
	// only is the namespace whose routes may attach; empty if the listener admits others.
	only string
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
		from := gatewayv1.NamespacesFromSame
		if l.AllowedRoutes != nil && l.AllowedRoutes.Namespaces != nil {
			from = ptr.Deref(l.AllowedRoutes.Namespaces.From, from)
		}
		if from == gatewayv1.NamespacesFromSame {
			all[i].only = gateway.Namespace
		}
	}
	return all
}

// served returns the hosts that a claim gets: what its hostname and those of its listeners have in
// common. A claim without a hostname and a section gets every host: a listener may be added.
func (ls listenerHosts) served(c *Claim) []v1alpha1.Hostname {
	if len(ls) == 0 {
		return []v1alpha1.Hostname{c.Hostname}
	}
	var hosts []v1alpha1.Hostname
	for _, l := range ls {
		if c.section != "" && c.section != l.section || l.only != "" && l.only != c.Microservice.Namespace {
			continue
		}
		switch {
		case includes(c.Hostname, l.host):
			hosts = append(hosts, l.host)
		case includes(l.host, c.Hostname):
			hosts = append(hosts, c.Hostname)
		}
	}
	if c.Hostname == "" && c.section == "" && len(hosts) > 0 {
		hosts = append(hosts, "")
	}
	return hosts
}

// judged returns the hosts that a new claim must be entitled to: those that it gets, and its hostname,
// for which a listener may be added.
func (ls listenerHosts) judged(c *Claim) []v1alpha1.Hostname {
	hosts := ls.served(c)
	if c.Hostname != "" || c.section == "" {
		hosts = append(hosts, c.Hostname)
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
