// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Route makes a service reachable through a gateway. An HTTP port results in an
// HTTPRoute, a GRPC port in a GRPCRoute.
type Route struct {
	// hostnames are the host names that the route matches. Unset means the
	// hostnames of the Topology's gateway. At a Gateway that several namespaces
	// share, a host belongs to one Topology or one namespace.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Hostnames []Hostname `json:"hostnames,omitempty"`

	// path is the prefix of the request path, by whole segments: /orders
	// matches /orders and /orders/1, but not /ordersx. For a GRPC port it is
	// /package.Service or /package.Service/Method. Unset means every path.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^/([-A-Za-z0-9/._~!$&\\'()*+,;=:@]|%[0-9A-Fa-f]{2})*$') && !self.matches('//|%2[Ff]|/[.]{1,2}(/|$)')",message="path must be a plain prefix such as /orders: it must begin with '/' and must not contain '//', '/./', '/../', '%2F', '?', '#', braces or white space"
	Path string `json:"path,omitempty"`

	// rewrite replaces path before the request reaches the service. With path
	// /orders and rewrite /, the service receives /1 for /orders/1. Unset means
	// that the path does not change. HTTP ports only.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="rewrite must begin with '/'"
	Rewrite string `json:"rewrite,omitempty"`

	// port is the name of the service's port. Unset means the first port.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	Port string `json:"port,omitempty"`

	// timeout is how long the gateway waits for the complete response, such as
	// 5s. Unset means the gateway's default. HTTP ports only. RoutesReady
	// reports a timeout that the gateway does not support.
	// +optional
	// +kubebuilder:validation:Type=string
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^([0-9]{1,5}(h|m|s|ms)){1,4}$')",message="timeout must be a duration such as 5s or 1m30s"
	Timeout *metav1.Duration `json:"timeout,omitempty"`

	// headers are request headers that must all have exactly these values.
	// Unset means that headers are ignored.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Headers []HeaderMatch `json:"headers,omitempty"`

	// parentRefs are the Gateways to attach to. Unset means the Topology's
	// Gateway.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=8
	ParentRefs []GatewayReference `json:"parentRefs,omitempty"`
}

// Hostname is a host name. The first label may be '*'.
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=253
// +kubebuilder:validation:XValidation:rule="self.matches('^(\\\\*\\\\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="hostnames must be lower case names such as shop.example.com or *.example.com, without scheme, port or path"
type Hostname string

// HeaderMatch is a request header and its required value.
type HeaderMatch struct {
	// name is the name of the header. Case is ignored.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9!#$%&\\'*+.^_|~-]+$')",message="name must be an HTTP header name"
	Name string `json:"name,omitempty"`

	// value is the exact value.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=4096
	Value string `json:"value,omitempty"`
}

// GatewayReference names a Gateway.
type GatewayReference struct {
	// name is the name of the Gateway.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// namespace is the namespace of the Gateway. Unset means the same
	// namespace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// sectionName is the name of the listener to attach to. Unset means every
	// listener that matches.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SectionName string `json:"sectionName,omitempty"`
}
