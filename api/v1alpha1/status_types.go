// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MicroserviceStatus is the observed state of a service.
// +kubebuilder:validation:MinProperties=0
type MicroserviceStatus struct {
	// observedGeneration is the generation of the spec that this status
	// describes. It is -1 until Atoll has observed the object.
	// +optional
	// +kubebuilder:validation:Minimum=-1
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions describe the state of the service. Ready is always present and
	// summarizes the others. Reconciling and Stalled are present only while
	// they are True.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// replicas is the number of existing pods.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Replicas int32 `json:"replicas,omitempty"`

	// readyReplicas is the number of ready pods.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ReadyReplicas int32 `json:"readyReplicas,omitempty"`

	// ready is readyReplicas and the desired number of pods, such as 2/3, for
	// display.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Ready string `json:"ready,omitempty"`

	// selector is the label selector of the service's pods, for the scale
	// subresource.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Selector string `json:"selector,omitempty"`

	// urls are the addresses of the routes from outside the cluster.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=2048
	URLs []string `json:"urls,omitempty"`

	// ports are the ports that the service's pods listen on, by the names in
	// spec.ports. During a rollout they include the ports of the previous pods.
	// The isolation permits callers to reach these ports.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Ports []PortStatus `json:"ports,omitempty"`

	// database is the database in use.
	// +optional
	Database *DatabaseStatus `json:"database,omitempty"`

	// dependencies are the states of the services that this service calls.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	Dependencies []DependencyStatus `json:"dependencies,omitempty"`

	// calls are the connections that the isolation permits the running pods to
	// open: those of the spec and, during a rollout, those that pods of an
	// earlier template still need. Unset means none.
	// +optional
	Calls *Calls `json:"calls,omitempty"`

	// dependents is the number of Microservices that declare this one as a
	// dependency and that it permits: the services that a failure would affect.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Dependents int32 `json:"dependents,omitempty"`

	// deletionGuard is a copy of the Topology's deletionGuard, for the
	// admission policy that enforces it.
	// +optional
	DeletionGuard DeletionGuard `json:"deletionGuard,omitempty"`
}

// PortStatus says where the pods of a service listen.
type PortStatus struct {
	// name is the name of the port.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	Name string `json:"name,omitempty"`

	// targetPorts are the container ports. There are several while pods of
	// different templates run.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	TargetPorts []int32 `json:"targetPorts,omitempty"`
}

// DatabaseStatus is the database in use.
// +kubebuilder:validation:MinProperties=0
type DatabaseStatus struct {
	// engine is the database engine.
	// +optional
	Engine DatabaseEngine `json:"engine,omitempty"`

	// version is the engine's version. Unset when the database is External.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=32
	Version string `json:"version,omitempty"`

	// host is the DNS name of the database. Unset when the database is
	// External.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Host string `json:"host,omitempty"`

	// secretName is the name of the binding Secret. It has the keys host, port,
	// username, password, database and uri. Unless the database is External, it
	// also has the keys type, provider and address.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// lastBackup is the newest verified backup. Unset means that there is none.
	// +optional
	LastBackup *BackupStatus `json:"lastBackup,omitempty"`
}

// Calls are connections that the pods of a service may open.
// +kubebuilder:validation:MinProperties=0
type Calls struct {
	// dependencies are the ports of other services. Unset means none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=128
	Dependencies []DependencyCall `json:"dependencies,omitempty"`

	// egress are addresses outside the cluster. Unset means none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=128
	Egress []EgressRule `json:"egress,omitempty"`

	// databases are the service's own databases. Unset means none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=8
	Databases []DatabaseCall `json:"databases,omitempty"`
}

// DependencyCall is a service that the pods of another one may call.
type DependencyCall struct {
	// namespace is the namespace of the called service. Unset means the same
	// namespace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// name is the name of the called service.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name,omitempty"`

	// ports are the names of the called ports.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=15
	Ports []string `json:"ports,omitempty"`

	// numbers are the port numbers under which the pods may call the called
	// service. During a rollout they include those that the previous pods use.
	// The called service's Service keeps them. Unset means that they are not
	// known.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=32
	Numbers []PortNumber `json:"numbers,omitempty"`
}

// PortNumber is the number that a port has in a Service.
type PortNumber struct {
	// port is the name of the port.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	Port string `json:"port,omitempty"`

	// number is the port's number.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Number int32 `json:"number,omitempty"`
}

// DatabaseCall is a database that the pods of its service may call.
type DatabaseCall struct {
	// engine is the database engine.
	// +required
	Engine DatabaseEngine `json:"engine,omitempty"`

	// provider runs the database. Unset means BuiltIn.
	// +optional
	Provider DatabaseProvider `json:"provider,omitempty"`
}

// DependencyStatus is the state of a service that this service calls.
type DependencyStatus struct {
	// namespace is the namespace of the dependency. Unset means the same
	// namespace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`

	// name is the name of the dependency.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	Name string `json:"name,omitempty"`

	// ready is True if the dependency is Ready and not suspended, Unknown if
	// Atoll has not observed it, and else False.
	// +required
	// +kubebuilder:validation:Enum=True;False;Unknown
	Ready metav1.ConditionStatus `json:"ready,omitempty"`
}
