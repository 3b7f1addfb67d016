// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// State summarizes the conditions of a service.
type State string

// States, from the best to the worst.
const (
	// StateReady means that Ready is True for the latest generation.
	StateReady State = "Ready"
	// StateDegraded means that Ready is True, and that a service that it depends on is not
	// ready: requests may fail.
	StateDegraded State = "Degraded"
	// StateReconciling means that a change is in progress.
	StateReconciling State = "Reconciling"
	// StateNotReady means that it is not ready and no change is in progress, because it
	// is suspended.
	StateNotReady State = "NotReady"
	// StateUnknown means that Atoll has not observed it.
	StateUnknown State = "Unknown"
	// StateStalled means that no progress is possible until the user makes a change.
	StateStalled State = "Stalled"
	// StateMissing means that another service calls it, and it does not exist.
	StateMissing State = "Missing"
)

// States are all states, from the best to the worst.
var States = []State{StateReady, StateDegraded, StateReconciling, StateNotReady, StateUnknown, StateStalled, StateMissing}

// IsReady reports whether Ready is True in the state.
func (s State) IsReady() bool { return s == StateReady || s == StateDegraded }

// StateFromConditions summarizes the conditions Ready, Reconciling and Stalled. The
// reason and the message are empty for StateReady.
func StateFromConditions(conditions []metav1.Condition, generation int64) (state State, reason, message string) {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.Status == metav1.ConditionUnknown:
		return StateUnknown, "", "Atoll has not observed it yet"
	case ready.ObservedGeneration < generation:
		return StateReconciling, v1alpha1.ReasonProgressing, "Atoll has not observed the latest change yet"
	case condition.IsSuspended(conditions):
		return StateNotReady, ready.Reason, ready.Message
	case ready.Status == metav1.ConditionTrue:
		return StateReady, "", ""
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled):
		return StateStalled, ready.Reason, ready.Message
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling):
		return StateReconciling, ready.Reason, ready.Message
	}
	return StateNotReady, ready.Reason, ready.Message
}
