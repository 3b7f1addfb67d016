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

package v1alpha1

// Dependency is a service that this one calls.
type Dependency struct {
	// name is the name of a Microservice in the same namespace.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name,omitempty"`

	// port is the name of the port to call. Unset means the dependency's first.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	Port string `json:"port,omitempty"`

	// env gives parts of the dependency's address under further names, beside
	// <NAME>_URL, <NAME>_HOST and <NAME>_PORT, for code that expects its own.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Env []DependencyEnvVar `json:"env,omitempty"`
}

// DependencyEnvVar is an environment variable that holds a part of a
// dependency's address.
type DependencyEnvVar struct {
	// name is the name of the environment variable.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z_][A-Za-z0-9_.-]*$')",message="name must be that of an environment variable: letters, digits, '_', '.' and '-', not beginning with a digit"
	Name string `json:"name,omitempty"`

	// value is the part of the address: URL (http://users.shop.svc:8080),
	// Address (users.shop.svc:8080), Host or Port.
	// +required
	Value AddressPart `json:"value,omitempty"`
}

// AddressPart is a part of a dependency's address.
// +kubebuilder:validation:Enum=URL;Address;Host;Port
type AddressPart string

const (
	// AddressPartURL is the whole URL, http://users.shop.svc:8080.
	AddressPartURL AddressPart = "URL"
	// AddressPartAddress is host:port.
	AddressPartAddress AddressPart = "Address"
	// AddressPartHost is the host alone.
	AddressPartHost AddressPart = "Host"
	// AddressPartPort is the port number alone.
	AddressPartPort AddressPart = "Port"
)
