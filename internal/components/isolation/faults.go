// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package isolation

import (
	"fmt"
	"net/netip"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// policyFault says why the API server would refuse the NetworkPolicy of a service; nil if it
// would not. An object that was stored before a validation rule existed can break the rule.
func policyFault(in *inputs.Inputs) *condition.Problem {
	for i := range in.Microservice.Spec.Egress {
		for j, cidr := range in.Microservice.Spec.Egress[i].CIDRs {
			if !isBlock(cidr) {
				return invalidBlock(fmt.Sprintf("egress[%d].cidrs[%d]", i, j), cidr)
			}
		}
	}
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
// API server refuses a NetworkPolicy with such a selector.
func InvalidPeers(topology *v1alpha1.Topology) *condition.Problem {
	peers := map[string]*v1alpha1.PodPeer{"monitoring": topology.Spec.Monitoring}
	if gateway := topology.Spec.Gateway; gateway != nil {
		peers["gateway.dataPlane"] = gateway.DataPlane
	}
	for _, field := range []string{"gateway.dataPlane", "monitoring"} {
		peer := peers[field]
		if peer == nil {
			continue
		}
		selectors := map[string]*metav1.LabelSelector{"namespaceSelector": peer.NamespaceSelector, "podSelector": peer.PodSelector}
		for _, name := range []string{"namespaceSelector", "podSelector"} {
			if _, err := metav1.LabelSelectorAsSelector(selectors[name]); err != nil {
				return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: condition.Message{
					Field: field + "." + name, Cause: fmt.Sprintf("is invalid: %s", err), Remedy: "correct the selector"}}
			}
		}
	}
	return nil
}

func invalidBlock(field, cidr string) *condition.Problem {
	remedy := "write an address block, such as 203.0.113.0/24"
	if block, err := netip.ParsePrefix(cidr); err == nil && !block.Addr().Is4In6() {
		address := netip.PrefixFrom(block.Addr(), block.Addr().BitLen())
		remedy = fmt.Sprintf("write %s for the block, or %s for the one address", block.Masked(), address)
	}
	return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: condition.Message{
		Field: field, Cause: fmt.Sprintf("%q is no address block that a NetworkPolicy accepts", cidr), Remedy: remedy}}
}
