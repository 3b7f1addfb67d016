// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import corev1 "k8s.io/api/core/v1"

// EgressRule permits connections to addresses outside the cluster.
type EgressRule struct {
	// cidrs are the address blocks in CIDR notation, such as 203.0.113.0/24. A
	// block leaves out the addresses where clouds serve the metadata of nodes
	// (169.254.169.254, fd00:ec2::254 and fd20:ce::254): a cidr of that address
	// alone, such as 169.254.169.254/32, permits it.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=43
	// +kubebuilder:validation:XValidation:rule="self.all(c, isCIDR(c))",message="cidrs must be address blocks in CIDR notation, such as 203.0.113.0/24 or 2001:db8::/32"
	// +kubebuilder:validation:XValidation:rule="self.all(c, !isCIDR(c) || cidr(c).masked() == cidr(c))",message="cidrs must begin with the first address of their block: 10.0.0.0/8 and not 10.0.0.1/8, or 10.0.0.1/32 for one address"
	CIDRs []string `json:"cidrs,omitempty"`

	// protocol is the protocol of the connections. Unset means TCP with ports,
	// and every protocol without them.
	// +optional
	// +kubebuilder:validation:Enum=TCP;UDP;SCTP
	Protocol corev1.Protocol `json:"protocol,omitempty"`

	// ports are the ports. Unset means every port.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:Minimum=1
	// +kubebuilder:validation:items:Maximum=65535
	Ports []int32 `json:"ports,omitempty"`
}

// AccessRule permits a caller to declare this service as a dependency. A rule
// that names the service itself lets its own pods call each other on every
// port, as the members of a clustered application do.
type AccessRule struct {
	// name is the name of the calling Microservice.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="name must be the name of a Microservice: lower case letters, digits and '-'; its namespace belongs in namespace"
	Name string `json:"name,omitempty"`

	// namespace is the namespace of the caller. Unset means the same namespace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
}
