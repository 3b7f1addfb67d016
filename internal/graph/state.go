/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package graph

import (
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// State is how a service is, in one word.
type State string

// States, from the best to the worst.
const (
	// StateReady says that the condition Ready is True and about the latest spec.
	StateReady State = "Ready"
	// StateReconciling says that something is on its way.
	StateReconciling State = "Reconciling"
	// StateNotReady says that it is not ready and nothing is on its way: it is
	// suspended.
	StateNotReady State = "NotReady"
	// StateUnknown says that Atoll has not seen it.
	StateUnknown State = "Unknown"
	// StateStalled says that nothing moves until somebody changes something.
	StateStalled State = "Stalled"
	// StateMissing says that it is called and does not exist.
	StateMissing State = "Missing"
)

// States are all states, from the best to the worst.
var States = []State{StateReady, StateReconciling, StateNotReady, StateUnknown, StateStalled, StateMissing}

// StateOf sums up conditions of a kind that has Ready, Reconciling and Stalled.
func StateFromConditions(conditions []metav1.Condition, generation int64) (state State, reason, message string) {
	ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
	switch {
	case ready == nil || ready.Status == metav1.ConditionUnknown:
		return StateUnknown, "", "Atoll has not seen it yet"
	case ready.ObservedGeneration < generation:
		return StateReconciling, v1alpha1.ReasonProgressing, "Atoll has not seen the latest change yet"
	case ready.Status == metav1.ConditionTrue:
		return StateReady, "", ""
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionStalled):
		return StateStalled, ready.Reason, ready.Message
	case meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionReconciling):
		return StateReconciling, ready.Reason, ready.Message
	}
	return StateNotReady, ready.Reason, ready.Message
}
