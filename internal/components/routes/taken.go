// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// isTaken reports whether others have a host of the i-th route at a Gateway.
func isTaken(in *inputs.Inputs, i int, gateway string, hostname v1alpha1.Hostname) bool {
	return slices.ContainsFunc(in.TakenHosts, func(t inputs.TakenHost) bool {
		return t.Route == i && t.Gateway == gateway && t.Hostname == hostname
	})
}

// WithoutTaken returns the claims of a Microservice's routes on hosts that others do not have.
func WithoutTaken(in *inputs.Inputs, claims []Claim) []Claim {
	routes := declared(in.Microservice)
	return slices.DeleteFunc(slices.Clone(claims), func(c Claim) bool { return isTaken(in, slices.Index(routes, c.route), c.Gateway, c.Hostname) })
}

// openPart returns the Gateways and hostnames that the i-th route attaches with; no Gateway if it
// must not attach. One object has all its hostnames at all its Gateways. So it leaves out the
// Gateways where a host is taken and, if one is taken at each of them, these hosts.
func openPart(in *inputs.Inputs, i int) (refs []v1alpha1.GatewayReference, hostnames []v1alpha1.Hostname) {
	route := &in.Microservice.Spec.Routes[i]
	all, hosts := GatewayRefs(in.Microservice, route, in.Topology), hostsOf(route, in.Topology)
	taken := func(ref v1alpha1.GatewayReference, host v1alpha1.Hostname) bool {
		return isTaken(in, i, RefKey(&ref, in.Microservice.Namespace), host)
	}
	refs = slices.DeleteFunc(slices.Clone(all), func(ref v1alpha1.GatewayReference) bool {
		return slices.ContainsFunc(hosts, func(host v1alpha1.Hostname) bool { return taken(ref, host) })
	})
	if len(refs) > 0 {
		return refs, Hostnames(route, in.Topology)
	}
	open := slices.DeleteFunc(slices.Clone(hosts), func(host v1alpha1.Hostname) bool {
		return slices.ContainsFunc(all, func(ref v1alpha1.GatewayReference) bool { return taken(ref, host) })
	})
	if len(open) == 0 {
		return nil, nil
	}
	return all, open
}

// takenProblem reports the hosts of the i-th route that others have; nil if they have none.
func takenProblem(in *inputs.Inputs, i int) *condition.Problem {
	var messages []condition.Message
	for j := range in.TakenHosts {
		if t := &in.TakenHosts[j]; t.Route == i {
			messages = append(messages, takenMessage(in, t))
		}
	}
	if len(messages) == 0 {
		return nil
	}
	return &condition.Problem{Reason: v1alpha1.ReasonHostAlreadyClaimed, Stalled: true, Message: condition.Join(firstMessages(messages)...)}
}

// takenMessage says who has a host, or a path on it, and what to do.
func takenMessage(in *inputs.Inputs, t *inputs.TakenHost) condition.Message {
	host := cmp.Or(string(t.Host), "every host")
	if t.Host != t.Hostname {
		host += ", which the route includes,"
	}
	message := condition.Message{Field: fmt.Sprintf("routes[%d]", t.Route)}
	topology := ""
	if in.Topology != nil {
		topology = keyOf(in.Topology)
	}
	switch {
	case t.Path != "" && t.Topology != "":
		message.Cause = fmt.Sprintf("Topology %q delegates %s on %s to no service of namespace %q", t.Topology, t.Path, host, in.Microservice.Namespace)
		message.Remedy = "use a path that gateway.delegatedPaths of the Topology has for the namespace, or have its owner add this one"
	case t.Path != "":
		message.Cause = fmt.Sprintf("%s on %s belongs to namespace %q, which has a route for it", t.Path, host, t.Namespace)
		message.Remedy = fmt.Sprintf("use another path, or have the owner of Topology %q delegate paths to namespaces (gateway.delegatedPaths)", topology)
	case t.Topology != "":
		message.Cause = fmt.Sprintf("%s belongs to Topology %q, and this service is not a member of it", host, t.Topology)
		message.Remedy = "join that Topology (topologyRef), or use another hostname"
	default:
		message.Cause = fmt.Sprintf("%s belongs to namespace %q, which has a route for it", host, t.Namespace)
		message.Remedy = "use another hostname, or join a Topology with the services of that namespace"
	}
	return message
}
