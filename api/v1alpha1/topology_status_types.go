// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TopologyStatus summarizes the members of a Topology.
// +kubebuilder:validation:MinProperties=0
type TopologyStatus struct {
	// observedGeneration is the generation of the spec that this status
	// describes. It is -1 until Atoll has observed the object.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions describe the state of the Topology. Ready is always present
	// and summarizes the others. Reconciling and Stalled are present only while
	// they are True.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// services is the number of members.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Services int32 `json:"services"`

	// ready is the number of members that are ready and the number of members,
	// such as 2/3. A suspended member is not ready.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Ready string `json:"ready,omitempty"`

	// readyServices is the number of members that are ready. A suspended member
	// is not.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ReadyServices int32 `json:"readyServices"`

	// urls are the addresses of the gateway.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	URLs []string `json:"urls,omitempty"`

	// nameServers are the name servers of Atoll's own pod, where members may
	// resolve names.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=45
	NameServers []string `json:"nameServers,omitempty"`

	// cycles are the cycles among the dependencies of members, such as "orders
	// -> payments -> orders". They block nothing, but services in a cycle fail
	// together.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=4096
	Cycles []string `json:"cycles,omitempty"`

	// missing are the dependencies of members on a service or a port that does
	// not exist, such as "orders -> users".
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Missing []string `json:"missing,omitempty"`

	// unpermitted are the dependencies of members that the dependency does not
	// permit, such as "orders -> reporting/ledger".
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=256
	Unpermitted []string `json:"unpermitted,omitempty"`
}
