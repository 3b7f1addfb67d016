// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import corev1 "k8s.io/api/core/v1"

// WorkloadType says whether a service answers requests.
// +kubebuilder:validation:Enum=Server;Worker
type WorkloadType string

const (
	// WorkloadServer is a service that listens on at least one port.
	WorkloadServer WorkloadType = "Server"
	// WorkloadWorker is a service that listens on no port.
	WorkloadWorker WorkloadType = "Worker"
)

// Port is a port that the service listens on.
type Port struct {
	// name identifies the port in routes, dependencies and probes.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.matches('[a-z]') && !self.contains('--')",message="name must consist of lower case letters, digits and single '-' between them, with at least one letter"
	Name string `json:"name,omitempty"`

	// port is the port of the Service, which callers use.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// targetPort is the port that the container listens on. Unset means port.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	TargetPort int32 `json:"targetPort,omitempty"`

	// protocol is the application protocol: HTTP, GRPC or TCP. It determines
	// the kind of the route and the scheme of URLs. Unset means HTTP.
	// +optional
	Protocol PortProtocol `json:"protocol,omitempty"`
}

// PortProtocol is the application protocol of a port.
// +kubebuilder:validation:Enum=HTTP;GRPC;TCP
type PortProtocol string

const (
	// ProtocolHTTP is HTTP/1.1 or HTTP/2.
	ProtocolHTTP PortProtocol = "HTTP"
	// ProtocolGRPC is gRPC over cleartext HTTP/2.
	ProtocolGRPC PortProtocol = "GRPC"
	// ProtocolTCP is anything else over TCP.
	ProtocolTCP PortProtocol = "TCP"
)

// ServiceAccount is the identity of the pods.
// +kubebuilder:validation:XValidation:rule="!has(self.name) || !has(self.annotations) || self.annotations.size() == 0",message="name and annotations are mutually exclusive: Atoll does not change an existing ServiceAccount"
// +kubebuilder:validation:MinProperties=1
type ServiceAccount struct {
	// name is the name of an existing ServiceAccount. Unset means the one that
	// Atoll creates.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// annotations are set on the ServiceAccount that Atoll creates, for example
	// to bind it to a cloud identity. Unset means none.
	// +optional
	// +kubebuilder:validation:MinProperties=0
	// +kubebuilder:validation:MaxProperties=32
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Probes say how the kubelet checks the pods.
// +kubebuilder:validation:MinProperties=1
type Probes struct {
	// path is an HTTP path on the first port. It returns 2xx or 3xx while the
	// pod is healthy. It applies to each of readiness, liveness and startup
	// that is unset. Unset means no HTTP probe.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="path must begin with '/'"
	Path string `json:"path,omitempty"`

	// readiness decides whether the pod receives requests. Unset means path or,
	// without path, a TCP connection to the first port.
	// +optional
	Readiness *corev1.Probe `json:"readiness,omitempty"`

	// liveness decides when the container is restarted. Unset means path or,
	// without path, no liveness probe.
	// +optional
	Liveness *corev1.Probe `json:"liveness,omitempty"`

	// startup delays the other probes while the container starts. Unset means
	// path for up to five minutes or, without path, no startup probe.
	// +optional
	Startup *corev1.Probe `json:"startup,omitempty"`
}

// Rollout says how a change reaches the pods.
type Rollout struct {
	// strategy is RollingUpdate or Recreate. RollingUpdate deletes an old pod
	// only when a new pod is ready. Recreate deletes all old pods before it
	// creates a new one, for a service that must not run twice.
	// +required
	Strategy RolloutStrategy `json:"strategy,omitempty"`
}

// RolloutStrategy says how new pods replace old pods.
// +kubebuilder:validation:Enum=RollingUpdate;Recreate
type RolloutStrategy string

const (
	// RolloutRollingUpdate starts new pods before it deletes old pods.
	RolloutRollingUpdate RolloutStrategy = "RollingUpdate"
	// RolloutRecreate deletes all old pods before it starts new pods.
	RolloutRecreate RolloutStrategy = "Recreate"
)
