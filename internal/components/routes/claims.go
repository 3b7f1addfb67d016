// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
)

// Claim is what an HTTPRoute or GRPCRoute asks for at one Gateway: the requests with a
// host, a path and headers. It is comparable.
type Claim struct {
	// Microservice is the one that the route belongs to.
	Microservice types.NamespacedName
	// Gateway is where the route attaches, as namespace/name.
	Gateway string
	// Hostname is empty for every host.
	Hostname v1alpha1.Hostname
	// Path has no slash at its end, which makes no difference to a gateway.
	Path string

	// route is the name of the route, and created its age in seconds since 1970.
	route   string
	created int64
	// section is empty for all listeners of the Gateway.
	section string
	// headers are sorted, one a line, with names in lower case.
	headers string
	// rejected means that the Gateway rejects the route, so that it gets no requests.
	rejected bool
}

// Key returns what claims on the same requests have in common. Claims of one key may
// still differ in their headers and listeners.
func (c *Claim) Key() string { return c.Gateway + " " + string(c.Hostname) + c.Path }

// isLike reports whether another claim is on the same requests, at any listener.
func (c *Claim) isLike(other Claim) bool { return c.Key() == other.Key() && c.headers == other.headers }

// Precedes reports whether the gateway prefers the route of c to that of other. This is
// the rule of Gateway API: the older route wins, and of two of the same age the one
// whose "namespace/name" comes first. A route that does not exist yet is the youngest.
func (c *Claim) Precedes(other *Claim) bool {
	return cmp.Or(cmp.Compare(c.created, other.created),
		strings.Compare(c.Microservice.Namespace+"/"+c.route, other.Microservice.Namespace+"/"+other.route)) < 0
}

// createdAt returns the age of a route in seconds since 1970. One that does not exist yet is the
// youngest.
func createdAt(route metav1.Object) int64 {
	if at := route.GetCreationTimestamp(); !at.IsZero() {
		return at.Unix()
	}
	return math.MaxInt64
}

// Claims returns what a route of Atoll claims. No other kind of object has a claim.
func Claims(o kube.Object) []Claim {
	var parents []gatewayv1.ParentReference
	var statuses []gatewayv1.RouteParentStatus
	var hostnames []gatewayv1.Hostname
	var claims []Claim
	switch route := o.(type) {
	case *gatewayv1.HTTPRoute:
		parents, statuses, hostnames = route.Spec.ParentRefs, route.Status.Parents, route.Spec.Hostnames
		for _, rule := range route.Spec.Rules {
			for i := range rule.Matches {
				claims = append(claims, httpClaim(&rule.Matches[i]))
			}
		}
	case *gatewayv1.GRPCRoute:
		parents, statuses, hostnames = route.Spec.ParentRefs, route.Status.Parents, route.Spec.Hostnames
		for _, rule := range route.Spec.Rules {
			if len(rule.Matches) == 0 {
				claims = append(claims, Claim{Path: "/"})
			}
			for i := range rule.Matches {
				claims = append(claims, grpcClaim(&rule.Matches[i]))
			}
		}
	}
	if len(hostnames) == 0 {
		hostnames = []gatewayv1.Hostname{""}
	}
	created := createdAt(o)
	var all []Claim
	for _, claim := range claims {
		claim.Microservice = types.NamespacedName{Namespace: o.GetNamespace(), Name: o.GetLabels()[v1alpha1.LabelMicroservice]}
		claim.route, claim.created = o.GetName(), created
		for _, parent := range parents {
			claim.rejected = rejectedBy(parent, statuses, o)
			claim.Gateway, claim.section = GatewayKey(parent, o.GetNamespace()), string(ptr.Deref(parent.SectionName, ""))
			for _, hostname := range hostnames {
				claim.Hostname = v1alpha1.Hostname(hostname)
				all = append(all, claim)
			}
		}
	}
	return all
}

func rejectedBy(parent gatewayv1.ParentReference, statuses []gatewayv1.RouteParentStatus, route metav1.Object) bool {
	return slices.ContainsFunc(statuses, func(status gatewayv1.RouteParentStatus) bool {
		accepted := meta.FindStatusCondition(status.Conditions, string(gatewayv1.RouteConditionAccepted))
		return inputs.SameParent(status.ParentRef, parent, route.GetNamespace()) &&
			answered(accepted, route.GetGeneration()) && accepted.Status == metav1.ConditionFalse
	})
}

func httpClaim(match *gatewayv1.HTTPRouteMatch) Claim {
	path, headers := "/", make([]string, len(match.Headers))
	if match.Path != nil {
		path = ptr.Deref(match.Path.Value, "/")
	}
	for i, header := range match.Headers {
		headers[i] = headerLine(string(header.Name), header.Value)
	}
	return claimOf(path, headers)
}

func grpcClaim(match *gatewayv1.GRPCRouteMatch) Claim {
	path, headers := "/", make([]string, len(match.Headers))
	if match.Method != nil {
		path += ptr.Deref(match.Method.Service, "") + "/" + ptr.Deref(match.Method.Method, "")
	}
	for i, header := range match.Headers {
		headers[i] = headerLine(string(header.Name), header.Value)
	}
	return claimOf(path, headers)
}

func headerLine(name, value string) string { return strings.ToLower(name) + ": " + value }

func claimOf(path string, headers []string) Claim {
	slices.Sort(headers)
	return Claim{Path: cmp.Or(strings.TrimSuffix(path, "/"), "/"), headers: strings.Join(headers, "\n")}
}

// declaredClaims returns the claims of all routes of the spec on hosts that others do not have,
// also of those that can't be built.
func declaredClaims(in *inputs.Inputs) []Claim {
	ms := in.Microservice
	var claims []Claim
	for i := range ms.Spec.Routes {
		route := &ms.Spec.Routes[i]
		headers := make([]string, len(route.Headers))
		for j, header := range route.Headers {
			headers[j] = headerLine(header.Name, header.Value)
		}
		claim := claimOf(pathOf(route), headers)
		for _, ref := range GatewayRefs(ms, route, in.Topology) {
			claim.Gateway = RefKey(&ref, ms.Namespace)
			for _, hostname := range hostsOf(route, in.Topology) {
				if isTaken(in, i, claim.Gateway, hostname) {
					continue
				}
				claim.Hostname = hostname
				claims = append(claims, claim)
			}
		}
	}
	return claims
}
