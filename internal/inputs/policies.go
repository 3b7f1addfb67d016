// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	"maps"
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/kube"
)

// Isolation returns the isolation of a Microservice, which is its Topology's. A Microservice
// without a Topology has none.
func (in *Inputs) Isolation() v1alpha1.Isolation {
	switch {
	case in.Topology == nil:
		return v1alpha1.IsolationNone
	case in.Topology.Spec.Isolation == "":
		return v1alpha1.IsolationStrict
	}
	return in.Topology.Spec.Isolation
}

// WithPolicyFailure returns the inputs for the case that the NetworkPolicy of a component's
// pods can't be built or applied. Builders then start no pod that would run without it.
func (in *Inputs) WithPolicyFailure(component string, failure *condition.Problem) *Inputs {
	hold := *failure
	hold.Message.Cause += "; no pod starts or rolls out without its NetworkPolicy"
	held := *in
	held.PolicyFailures = maps.Clone(in.PolicyFailures)
	if held.PolicyFailures == nil {
		held.PolicyFailures = map[string]*condition.Problem{}
	}
	held.PolicyFailures[component] = &hold
	return &held
}

// PolicyFailure says why the NetworkPolicy of a component's pods is not as desired; nil if it
// is, or none is desired.
func (in *Inputs) PolicyFailure(component string) *condition.Problem {
	return in.PolicyFailures[component]
}

// Unisolated reports whether pods with some labels would start without a NetworkPolicy that
// is desired. A live one of an earlier spec still isolates them.
func (in *Inputs) Unisolated(component string, pods map[string]string) bool {
	if in.PolicyFailure(component) == nil {
		return false
	}
	live := in.Policies[component]
	return live == nil || !isolates(live, pods, in.directions(component))
}

// directions returns the directions in which a component's pods are isolated at least.
func (in *Inputs) directions(component string) []networkingv1.PolicyType {
	directions := []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}
	if component == v1alpha1.ComponentService && in.Isolation() == v1alpha1.IsolationStrict {
		directions = append(directions, networkingv1.PolicyTypeEgress)
	}
	return directions
}

// isolates reports whether a policy selects pods and applies to all of some directions.
func isolates(policy *networkingv1.NetworkPolicy, pods map[string]string, directions []networkingv1.PolicyType) bool {
	selector, err := metav1.LabelSelectorAsSelector(&policy.Spec.PodSelector)
	return err == nil && selector.Matches(labels.Set(pods)) &&
		!slices.ContainsFunc(directions, func(direction networkingv1.PolicyType) bool {
			return !slices.Contains(policy.Spec.PolicyTypes, direction)
		})
}

// addPolicy adds a live NetworkPolicy of a component, unless it belongs to another owner.
func (in *Inputs) addPolicy(component string, o kube.Object) {
	policy, ok := o.(*networkingv1.NetworkPolicy)
	if owner := metav1.GetControllerOfNoCopy(o); !ok || owner != nil && owner.UID != in.Microservice.UID {
		return
	}
	if in.Policies == nil {
		in.Policies = map[string]*networkingv1.NetworkPolicy{}
	}
	in.Policies[component] = policy
}
