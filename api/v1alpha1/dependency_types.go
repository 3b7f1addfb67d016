// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Dependency is a service that this service calls.
// +kubebuilder:validation:XValidation:rule="!has(self.env) || self.env.all(e, !has(e.port) || has(self.port) && self.port == e.port || has(self.morePorts) && e.port in self.morePorts)",message="env[].port must be one of the ports that the dependency calls: add it to morePorts",fieldPath=".env"
// +kubebuilder:validation:XValidation:rule="!has(self.optional) || !self.optional || !has(self.startup) || self.startup == 'Ignore'",message="optional: true and startup: Wait or WaitForAll are mutually exclusive: a service that works without a dependency does not wait for it; remove one of them",fieldPath=".optional"
type Dependency struct {
	// name is the name of a Microservice.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="name must be the name of a Microservice: lower case letters, digits and '-'; its namespace belongs in namespace"
	Name string `json:"name,omitempty"`

	// port is the name of the port to call. Unset means the dependency's first
	// port.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	Port string `json:"port,omitempty"`

	// envPrefix begins the names of the variables, in place of the dependency's
	// name. Set it where the name would give two variables the same name. Unset
	// means the name in upper case with '_' for '-'.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z_][A-Z0-9_]*$')",message="envPrefix must consist of upper case letters, digits and '_', and must not begin with a digit"
	EnvPrefix string `json:"envPrefix,omitempty"`

	// morePorts are the names of additional ports to call. Each one sets
	// <NAME>_<PORT>_URL and <NAME>_<PORT>_PORT. Unset means none.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=15
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=15
	MorePorts []string `json:"morePorts,omitempty"`

	// namespace is the dependency's namespace. Unset means the same namespace.
	// Callers in the same Topology need no access rule. Within one namespace,
	// none is needed either if the caller or the dependency sets no
	// topologyRef. In all other cases the access of the dependency must name
	// this caller.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// startup says whether the first rollout of this service waits for the
	// dependency. Wait waits until it is Ready; Ignore does not. Ready says
	// nothing about what the dependency itself calls: WaitForAll waits until all
	// services that it requires, directly or through others, are Ready too.
	// Later rollouts never wait, and services that would wait for each other in
	// a cycle do not wait. Unset means Ignore.
	// +optional
	Startup StartupPolicy `json:"startup,omitempty"`

	// optional set to true means that the service works without the dependency:
	// while it is not ready, DependenciesReady stays True. The dependency must
	// exist all the same. Unset means false.
	// +optional
	Optional *bool `json:"optional,omitempty"`

	// env sets parts of the dependency's address as additional environment
	// variables, for code that expects other names than <NAME>_URL, <NAME>_HOST
	// and <NAME>_PORT. Unset means none.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Env []DependencyEnvVar `json:"env,omitempty"`
}

// StartupPolicy says whether the first rollout waits for a dependency.
// +kubebuilder:validation:Enum=Ignore;Wait;WaitForAll
type StartupPolicy string

const (
	// StartupIgnore does not wait.
	StartupIgnore StartupPolicy = "Ignore"
	// StartupWait waits until the dependency is Ready.
	StartupWait StartupPolicy = "Wait"
	// StartupWaitForAll also waits until all services are Ready that the dependency
	// requires, directly or through others.
	StartupWaitForAll StartupPolicy = "WaitForAll"
)

// Waits reports whether the first rollout waits for the dependency.
func (p StartupPolicy) Waits() bool { return p == StartupWait || p == StartupWaitForAll }

// DependencyEnvVar is an environment variable that contains a part of a
// dependency's address.
type DependencyEnvVar struct {
	// name is the name of the environment variable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_.-]*$')",message="name must be a valid environment variable name: letters, digits, '_', '.' and '-', beginning with a letter or '_'"
	Name string `json:"name,omitempty"`

	// value is the part of the address: URL (http://users.shop.svc:8080),
	// Address (users.shop.svc:8080), Host or Port. For a GRPC port, URL
	// (dns:///users-headless.shop.svc:9000) and Address lead to the pods, and
	// Host and Port to the Service. For a TCP port, URL is the Address.
	// +required
	Value AddressPart `json:"value,omitempty"`

	// port is the name of a port in morePorts. Unset means the port of the
	// dependency.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	Port string `json:"port,omitempty"`
}

// AddressPart is a part of a dependency's address.
// +kubebuilder:validation:Enum=URL;Address;Host;Port
type AddressPart string

const (
	// AddressPartURL is the complete URL, such as http://users.shop.svc:8080;
	// dns:///host:port for a GRPC port, and host:port for a TCP port.
	AddressPartURL AddressPart = "URL"
	// AddressPartAddress is host:port.
	AddressPartAddress AddressPart = "Address"
	// AddressPartHost is the host without the port.
	AddressPartHost AddressPart = "Host"
	// AddressPartPort is the port number without the host.
	AddressPartPort AddressPart = "Port"
)
