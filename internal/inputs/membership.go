// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"fmt"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// MembershipProblem says why a Microservice that names a Topology keeps what it has; nil
// where it is a member, or names none. Only its number of pods follows the spec then.
func (in *Inputs) MembershipProblem() *condition.Problem {
	key, _ := graph.TopologyKey(in.Microservice)
	topology := condition.Object{Kind: "Topology", Namespace: key.Namespace, Name: key.Name}
	switch {
	case in.Standing != graph.NotFound && in.Standing != graph.NotAllowed:
		return nil
	case key.Namespace == in.Microservice.Namespace:
		return &condition.Problem{Condition: v1alpha1.ConditionReady, Reason: v1alpha1.ReasonTopologyNotFound,
			Message: condition.Message{Object: topology, Cause: "does not exist", Remedy: "create it, or correct topologyRef"}}
	}
	// One answer for both: see graph.Edge.Secluded.
	return &condition.Problem{Condition: v1alpha1.ConditionReady, Reason: v1alpha1.ReasonNotPermitted,
		Message: condition.Message{Object: topology, Cause: fmt.Sprintf("does not exist, or does not allow members from namespace %q", in.Microservice.Namespace),
			Remedy: "correct topologyRef, or create it with the namespace in its allowedNamespaces"}}
}
