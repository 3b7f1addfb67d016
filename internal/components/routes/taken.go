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

// isTaken reports whether others have a host of the i-th route at one of its Gateways.
func isTaken(in *inputs.Inputs, i int, hostname v1alpha1.Hostname) bool {
	return slices.ContainsFunc(in.TakenHosts, func(t inputs.TakenHost) bool { return t.Route == i && t.Hostname == hostname })
}

// Open returns the claims of a Microservice's routes on hosts that others do not have.
func Open(in *inputs.Inputs, claims []Claim) []Claim {
	routes := declared(in.Microservice)
	return slices.DeleteFunc(slices.Clone(claims), func(c Claim) bool { return isTaken(in, slices.Index(routes, c.route), c.Hostname) })
}

// openHostnames returns the hostnames that the i-th route attaches with, and the problem of the
// others. attaches is false if none is left.
func openHostnames(in *inputs.Inputs, i int) (hostnames []v1alpha1.Hostname, attaches bool, problem *condition.Problem) {
	all := Hostnames(&in.Microservice.Spec.Routes[i], in.Topology)
	hostnames = slices.DeleteFunc(slices.Clone(all), func(hostname v1alpha1.Hostname) bool { return isTaken(in, i, hostname) })
	at := slices.IndexFunc(in.TakenHosts, func(t inputs.TakenHost) bool { return t.Route == i })
	if at < 0 {
		return all, true, nil
	}
	return hostnames, len(hostnames) > 0, &condition.Problem{Reason: v1alpha1.ReasonHostAlreadyClaimed, Stalled: true, Message: takenMessage(in, &in.TakenHosts[at])}
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
