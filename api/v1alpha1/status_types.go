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

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MicroserviceStatus is the service as Atoll sees it.
type MicroserviceStatus struct {
	// observedGeneration is the generation of the spec that this status is
	// about; -1 until Atoll has seen the object.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions say how the service is. Ready is always there and sums up
	// the others; Reconciling and Stalled are there only while true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// replicas is the number of pods that exist.
	// +optional
	Replicas int32 `json:"replicas,omitempty"`

	// readyReplicas is the number of pods that are ready.
	// +optional
	ReadyReplicas int32 `json:"readyReplicas,omitempty"`

	// ready is readyReplicas and the wanted number, as in 2/3, for people.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Ready string `json:"ready,omitempty"`

	// selector selects the service's pods, for the scale subresource.
	// +optional
	// +kubebuilder:validation:MaxLength=1024
	Selector string `json:"selector,omitempty"`

	// urls are the addresses that the routes are reachable at from outside.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=2048
	URLs []string `json:"urls,omitempty"`

	// ports are where the service's pods listen, by the names of spec.ports: during a
	// rollout those of the earlier pods too. Callers are let through to these.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Ports []PortStatus `json:"ports,omitempty"`

	// database is the database in use.
	// +optional
	Database *DatabaseStatus `json:"database,omitempty"`

	// dependencies are the states of the services that this one calls.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=64
	Dependencies []DependencyStatus `json:"dependencies,omitempty"`

	// dependents is the number of Microservices that declare this one as a
	// dependency, and that it permits: what would be hit if it failed.
	// +optional
	Dependents int32 `json:"dependents,omitempty"`

	// deletionGuard is the Topology's, for the admission policy that carries it out.
	// +optional
	DeletionGuard DeletionGuard `json:"deletionGuard,omitempty"`
}

// PortStatus is where the pods of a service listen.
type PortStatus struct {
	// name is the port's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	Name string `json:"name,omitempty"`

	// targetPorts are the ports that containers listen on; several while pods of
	// different templates run.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	TargetPorts []int32 `json:"targetPorts,omitempty"`
}

// DatabaseStatus is the database in use.
type DatabaseStatus struct {
	// engine is the kind of the database.
	// +optional
	Engine DatabaseEngine `json:"engine,omitempty"`

	// version is the engine's version. Unset when the database is External.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Version string `json:"version,omitempty"`

	// host is the DNS name of the database. Unset when the database is
	// External.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Host string `json:"host,omitempty"`

	// secretName is the binding Secret, with the keys host, port, username,
	// password, database and uri, and unless the database is External type,
	// provider and address.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// lastBackup is the newest backup that was verified. Unset while there is
	// none.
	// +optional
	LastBackup *BackupStatus `json:"lastBackup,omitempty"`
}

// DependencyStatus is the state of a service that this one calls.
type DependencyStatus struct {
	// namespace is the dependency's.
	// +optional
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// name is the dependency's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name,omitempty"`

	// ready is the dependency's own Ready condition: True, False or Unknown.
	// +required
	// +kubebuilder:validation:Enum=True;False;Unknown
	Ready metav1.ConditionStatus `json:"ready,omitempty"`
}
