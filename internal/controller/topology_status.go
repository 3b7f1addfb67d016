// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/atoll-dev/atoll/internal/components"

	"k8s.io/apimachinery/pkg/api/equality"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/isolation"
	"github.com/atoll-dev/atoll/internal/components/monitoring"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// maxNames is the number of services that a message names.
const maxNames = 10

func (r *TopologyReconciler) writeStatus(ctx context.Context, state *topologyState, changed bool, problem *condition.Problem) error {
	old := state.topology
	updated := *old
	updated.Status = *old.Status.DeepCopy()
	setTopologyStatus(&updated, state, changed, problem)
	if state.known.err != nil {
		return state.known.err
	}
	if equality.Semantic.DeepEqual(&old.Status, &updated.Status) {
		return nil
	}
	if err := patchStatus(ctx, r.Client, updated.DeepCopy(), old); err != nil {
		return client.IgnoreNotFound(err)
	}
	recordTransition(ctx, r.Recorder, &updated, old.Status.Conditions, updated.Status.Conditions)
	return nil
}

func setTopologyStatus(topology *v1alpha1.Topology, state *topologyState, changed bool, problem *condition.Problem) {
	status := &topology.Status
	status.ObservedGeneration = topology.Generation
	if state.incomplete {
		set := newConditions(&status.Conditions, topology.Generation)
		defer set.prune()
		set.summarize(progressingHealth(v1alpha1.ReasonApplyFailed, condition.Message{Cause: "Atoll could not read what the Topology depends on, and retries", Remedy: "see Atoll's log if it persists"}))
		set.keepObserved()
		return
	}
	status.Services = int32(len(state.members))
	status.Cycles = truncateCycles(graph.Cycles(topology.Namespace, state.members, state.known.find))
	calls := unresolved(state)
	missing, unpermitted := slices.Concat(calls.missing, calls.own), slices.Concat(calls.unpermitted, calls.secluded)
	slices.Sort(missing)
	slices.Sort(unpermitted)
	status.Missing, status.Unpermitted = missing[:min(len(missing), maxListed)], unpermitted[:min(len(unpermitted), maxListed)]
	status.NameServers = state.nameServers
	status.URLs = nil
	if topology.Spec.Gateway != nil {
		section := ""
		if ref := topology.Spec.Gateway.Ref; ref != nil {
			section = ref.SectionName
		}
		status.URLs = routes.GatewayURLs(state.gateway, state.publicPorts, section, topology.Spec.Gateway.Hostnames)
	}

	set := newConditions(&status.Conditions, topology.Generation)
	defer set.prune()
	services := servicesHealth(state, &status.ReadyServices)
	status.Ready = fmt.Sprintf("%d/%d", status.ReadyServices, status.Services)
	set.set(v1alpha1.ConditionServicesReady, services)
	set.set(v1alpha1.ConditionGraphSound, graphHealth(&calls, status.Cycles))
	ready := condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.Say("Members can use the Topology")}
	if topology.Spec.Gateway != nil {
		gateway := gatewayHealth(state, changed, problem)
		set.set(v1alpha1.ConditionGatewayReady, gateway)
		ready = condition.Worse(ready, gateway)
	}
	if problem := isolation.InvalidAnnotation(topology); problem != nil {
		ready = problem.Health()
	}
	for _, problem := range []*condition.Problem{isolation.InvalidPeers(topology), monitoring.InvalidMetrics(topology)} {
		if problem != nil {
			ready = problem.Health()
		}
	}
	if allowed := topology.Spec.AllowedNamespaces; allowed != nil {
		if _, err := metav1.LabelSelectorAsSelector(allowed.Selector); err != nil {
			ready = condition.Health{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true,
				Message: condition.Message{Field: "allowedNamespaces.selector", Cause: fmt.Sprintf("is invalid and selects no namespace: %s", err), Remedy: "correct the selector"}}
		}
	}
	set.summarize(ready)
}

func gatewayHealth(state *topologyState, changed bool, problem *condition.Problem) condition.Health {
	spec := state.topology.Spec.Gateway
	switch {
	case !state.gatewayAPI:
		return components.MissingCRD(v1alpha1.ConditionGatewayReady, "Gateway", &gatewayCRD).Health()
	case problem != nil:
		return problem.Health()
	case state.classMissing:
		return progressingHealth(v1alpha1.ReasonNotAccepted,
			condition.Message{Object: condition.Object{Kind: "GatewayClass", Name: spec.ClassName}, Cause: "does not exist", Remedy: "install a gateway that provides it, or correct gateway.className (kubectl get gatewayclass lists the classes)"})
	case state.gateway == nil && spec.Ref != nil:
		return progressingHealth(v1alpha1.ReasonNoGateway,
			condition.Message{Object: condition.Object{Kind: "Gateway", Name: spec.Ref.Name}, Cause: "does not exist", Remedy: "create it, or correct gateway.ref"})
	case state.gateway == nil || changed:
		return condition.Progressing("Gateway %q is being updated", state.topology.Name)
	}
	return routes.GatewayHealth(state.gateway)
}

// memberState is how a Microservice is at its current generation. Only one that Atoll has
// observed at that generation is ready or suspended.
type memberState struct{ ready, suspended bool }

func stateOf(ms *v1alpha1.Microservice) memberState {
	if ms.Status.ObservedGeneration != ms.Generation {
		return memberState{}
	}
	return memberState{
		ready:     condition.Serving(ms.Status.Conditions) == metav1.ConditionTrue,
		suspended: condition.IsSuspended(ms.Status.Conditions),
	}
}

func servicesHealth(state *topologyState, ready *int32) condition.Health {
	*ready = 0
	var notReady, suspended []string
	for _, ms := range state.members {
		name := state.shown(ms.Namespace, ms.Name)
		switch member := stateOf(ms); {
		case member.ready:
			*ready++
		case member.suspended:
			suspended = append(suspended, name)
		default:
			notReady = append(notReady, name)
		}
	}
	switch {
	case len(state.members) == 0:
		return condition.Health{Ready: true, Reason: v1alpha1.ReasonNoServices, Message: condition.Message{Cause: "No Microservice is a member yet", Remedy: "set topologyRef on those that should be"}}
	case len(notReady) > 0:
		return progressingHealth(v1alpha1.ReasonServicesNotReady, condition.Say("Not ready: %s", joinNames(notReady)))
	}
	if len(suspended) > 0 {
		return condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.Say("All services are ready that are not suspended; suspended: %s", joinNames(suspended))}
	}
	return condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.Say("All services are ready")}
}

// shown returns the name of a service as readers of the Topology know it.
func (s *topologyState) shown(namespace, name string) string {
	return graph.DisplayName(s.topology.Namespace, namespace, name)
}

// unresolvedCalls are the dependencies of members that do not resolve, as caller -> callee.
type unresolvedCalls struct {
	// own are those of services that name themselves.
	missing, own, unpermitted, secluded []string
}

func unresolved(state *topologyState) unresolvedCalls {
	var calls unresolvedCalls
	for _, ms := range state.members {
		for _, edge := range graph.Resolve(ms, state.known.graph()) {
			reason, _ := edge.Problem()
			list := &calls.missing
			switch {
			case reason == "":
				continue
			case reason == v1alpha1.ReasonInvalidSpec:
				list = &calls.own
			case edge.Secluded():
				list = &calls.secluded
			case reason == v1alpha1.ReasonNotPermitted:
				list = &calls.unpermitted
			}
			*list = append(*list, state.shown(ms.Namespace, ms.Name)+" -> "+state.shown(edge.Namespace(), edge.Dependency.Name))
		}
	}
	for _, list := range [][]string{calls.missing, calls.own, calls.unpermitted, calls.secluded} {
		slices.Sort(list)
	}
	return calls
}

func graphHealth(calls *unresolvedCalls, cycles []string) condition.Health {
	var reason string
	var messages []condition.Message
	for _, wrong := range []struct {
		found                []string
		reason, says, remedy string
	}{
		{calls.unpermitted, v1alpha1.ReasonNotPermitted, "The callee does not permit the call: ", "add the caller to the callee's access"},
		{calls.secluded, v1alpha1.ReasonNotPermitted, "The callee does not exist, or does not permit the call: ", "correct dependencies, or create it with the caller in its access"},
		{calls.missing, v1alpha1.ReasonDependencyNotFound, "The service or port does not exist: ", "create it, or correct dependencies"},
		{calls.own, v1alpha1.ReasonInvalidSpec, "The service names itself: ", "remove the dependency"},
		{cycles, v1alpha1.ReasonCycle, "Services depend on each other in a cycle and fail together: ", "remove one of the dependencies"},
	} {
		if len(wrong.found) > 0 {
			reason = cmp.Or(reason, wrong.reason)
			messages = append(messages, condition.Message{Cause: wrong.says + joinNames(wrong.found), Remedy: wrong.remedy})
		}
	}
	if reason != "" {
		return condition.Health{Reason: reason, Message: condition.Join(messages...)}
	}
	return condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.Say("All dependencies resolve, without a cycle")}
}

// maxListed is the number of entries that the API accepts in each list of status,
// maxCycle the length of one of status.cycles.
const (
	maxListed = 64
	maxCycle  = 4096
)

func truncateCycles(all []string) []string {
	shown := slices.Clone(all[:min(len(all), maxListed)])
	for i, cycle := range shown {
		if len(cycle) > maxCycle {
			half := (maxCycle - len(" ... ")) / 2
			shown[i] = cycle[:half] + " ... " + cycle[len(cycle)-half:]
		}
	}
	return shown
}

// joinNames lists names in order, up to maxNames.
func joinNames(all []string) string {
	slices.Sort(all)
	if len(all) > maxNames {
		return strings.Join(all[:maxNames], ", ") + fmt.Sprintf(" and %d more", len(all)-maxNames)
	}
	return strings.Join(all, ", ")
}
