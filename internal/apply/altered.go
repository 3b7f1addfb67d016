// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"slices"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/internal/condition"
)

// AlteredError means that an admission policy or webhook changed a NetworkPolicy so that it
// does not isolate the pods. What it adds to the rules is the administrator's decision.
type AlteredError struct{ Kind, Name string }

// Error returns the message as text.
func (e *AlteredError) Error() string { return e.Message().String() }

// Message names the object, and says what to do.
func (e *AlteredError) Message() condition.Message {
	return condition.Message{Object: condition.Object{Kind: e.Kind, Name: e.Name},
		Cause:  "is changed by an admission policy or webhook, and no longer isolates the pods",
		Remedy: "exclude the object from that policy or webhook"}
}

// checkIsolates returns an *AlteredError for a live NetworkPolicy that selects other pods than
// the desired one, or does not apply to all of its directions.
func checkIsolates(desired, live client.Object) error {
	d, isPolicy := desired.(*networkingv1.NetworkPolicy)
	l, isLivePolicy := live.(*networkingv1.NetworkPolicy)
	if !isPolicy || !isLivePolicy {
		return nil
	}
	lacks := func(direction networkingv1.PolicyType) bool { return !slices.Contains(l.Spec.PolicyTypes, direction) }
	if equality.Semantic.DeepEqual(d.Spec.PodSelector, l.Spec.PodSelector) && !slices.ContainsFunc(d.Spec.PolicyTypes, lacks) {
		return nil
	}
	return &AlteredError{Kind: "NetworkPolicy", Name: desired.GetName()}
}

// checkApplied does the same for the API server's answer to an apply.
func checkApplied(desired client.Object, applied *unstructured.Unstructured) error {
	if _, isPolicy := desired.(*networkingv1.NetworkPolicy); !isPolicy {
		return nil
	}
	live := &networkingv1.NetworkPolicy{}
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(applied.Object, live); err != nil {
		return err
	}
	return checkIsolates(desired, live)
}
