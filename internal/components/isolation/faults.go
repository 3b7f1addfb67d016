// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// policyFault says why the API server would refuse the NetworkPolicy of a service; nil if it
// would not.
func policyFault(in *inputs.Inputs) *condition.Problem {
	problem := InvalidPeers(in.Topology)
	if problem != nil {
		problem.Message.Object = condition.Object{Kind: "Topology", Name: in.Topology.Name}
		if in.Topology.Namespace != in.Microservice.Namespace {
			problem.Message.Object.Namespace = in.Topology.Namespace
		}
	}
	return problem
}

// InvalidPeers says which selector of pods in a Topology is invalid; nil if all are valid. The
// schema does not check selectors, and the API server refuses a NetworkPolicy with an invalid one.
func InvalidPeers(topology *v1alpha1.Topology) *condition.Problem {
	type selector struct {
		field string
		*metav1.LabelSelector
	}
	var selectors []selector
	add := func(field string, peer *v1alpha1.PodPeer) {
		if peer != nil {
			selectors = append(selectors, selector{field + ".namespaceSelector", peer.NamespaceSelector}, selector{field + ".podSelector", peer.PodSelector})
		}
	}
	if gateway := topology.Spec.Gateway; gateway != nil {
		add("gateway.dataPlane", gateway.DataPlane)
	}
	if monitoring := topology.Spec.Monitoring; monitoring != nil {
		add("monitoring", &monitoring.PodPeer)
	}
	for _, s := range selectors {
		if _, err := metav1.LabelSelectorAsSelector(s.LabelSelector); err != nil {
			return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: condition.Message{
				Field: s.field, Cause: fmt.Sprintf("must be a valid selector (%s)", err), Remedy: "correct the selector"}}
		}
	}
	return nil
}
