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
	"github.com/atoll-dev/atoll/internal/kube"
)

// conflictsWith reports whether two claims are on the same requests. A gateway tells
// all others apart: the more specific match wins.
func (c *Claim) conflictsWith(other *Claim) bool {
	return c.Microservice != other.Microservice && !c.rejected && !other.rejected && c.Key() == other.Key() && c.headers == other.headers &&
		(c.section == other.section || c.section == "" || other.section == "")
}

// StandsIn reports whether a live route claims something that the spec declares and that no route
// of applied claims. Such a route stays until the object that replaces it exists.
func StandsIn(in *inputs.Inputs, live kube.Object, applied []kube.Object) bool {
	if slices.Contains(in.TakenRoutes, live.GetName()) {
		return false
	}
	var replaced []Claim
	for _, o := range applied {
		replaced = append(replaced, Claims(o)...)
	}
	wanted := slices.DeleteFunc(declaredClaims(in), func(c Claim) bool { return slices.ContainsFunc(replaced, c.isLike) })
	return slices.ContainsFunc(Claims(live), func(c Claim) bool { return !c.rejected && slices.ContainsFunc(wanted, c.isLike) })
}

// Conflicts returns the claims of a Microservice's routes that other Microservices make
// too. A conflict that is lost names the one that gets the requests; a conflict that is
// won names each of the others.
func Conflicts(ms *v1alpha1.Microservice, own, others []Claim) []inputs.RouteConflict {
	var conflicts []inputs.RouteConflict
	for i := range own {
		route := slices.IndexFunc(declared(ms), func(name string) bool { return name == own[i].route })
		if route < 0 {
			// The route was removed from the spec and is about to be pruned.
			continue
		}
		first := &own[i]
		var contenders []*Claim
		for j := range others {
			if own[i].conflictsWith(&others[j]) {
				contenders = append(contenders, &others[j])
				if others[j].Precedes(first) {
					first = &others[j]
				}
			}
		}
		if first != &own[i] {
			contenders = []*Claim{first}
		}
		for _, other := range contenders {
			conflicts = append(conflicts, inputs.RouteConflict{
				Route: route, Gateway: own[i].Gateway, Hostname: own[i].Hostname, Path: own[i].Path, Lost: other == first,
				Namespace: other.Microservice.Namespace, Name: other.Microservice.Name,
			})
		}
	}
	slices.SortFunc(conflicts, func(a, b inputs.RouteConflict) int {
		return cmp.Or(cmp.Compare(a.Route, b.Route), cmp.Compare(a.Hostname, b.Hostname), cmp.Compare(a.Gateway, b.Gateway),
			cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
	// Two routes may conflict at more than one listener.
	return slices.Compact(conflicts)
}

// RouteConflictHealth reports the conflicts that the Microservice lost; nil where there
// are none.
func RouteConflictHealth(in *inputs.Inputs) *condition.Health {
	lost := conflictMessages(in, true)
	if len(lost) == 0 {
		return nil
	}
	lost[0].Remedy = "give one of the two another path, hostname or header"
	return &condition.Health{Reason: v1alpha1.ReasonRouteConflict, Stalled: true, Message: condition.Join(lost...)}
}

// wonConflicts is the end of a message, which names the conflicts that the Microservice
// won; empty where there are none.
func wonConflicts(in *inputs.Inputs) string {
	text := ""
	for _, message := range conflictMessages(in, false) {
		text += "; " + message.String()
	}
	return text
}

// maxMessages is the number of conflicts, or of hosts, that a condition names.
const maxMessages = 5

// conflictMessages returns a message for each conflict that was lost, or for each that
// was won.
func conflictMessages(in *inputs.Inputs, lost bool) []condition.Message {
	format := "%s%s is also claimed by %s, which gets no requests"
	if lost {
		format = "%s%s already belongs to %s"
	}
	var messages []condition.Message
	for _, conflict := range in.RouteConflicts {
		if conflict.Lost != lost {
			continue
		}
		other := condition.Object{Kind: "Microservice", Name: conflict.Name}
		if conflict.Namespace != in.Microservice.Namespace {
			other.Namespace = conflict.Namespace
		}
		message := condition.Message{
			Field: fmt.Sprintf("routes[%d]", conflict.Route),
			Cause: fmt.Sprintf(format, cmp.Or(string(conflict.Hostname), "(every host)"), conflict.Path, other),
		}
		messages = append(messages, message)
	}
	return firstMessages(messages)
}

// firstMessages returns the first messages, each once, and the number of the others. The same may
// be so at two Gateways.
func firstMessages(all []condition.Message) []condition.Message {
	var messages []condition.Message
	for _, message := range all {
		if !slices.Contains(messages, message) {
			messages = append(messages, message)
		}
	}
	if len(messages) > maxMessages {
		messages = append(messages[:maxMessages], condition.Say("and %d more", len(messages)-maxMessages))
	}
	return messages
}
