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

import corev1 "k8s.io/api/core/v1"

// WorkloadType says whether a service answers requests.
// +kubebuilder:validation:Enum=Server;Worker
type WorkloadType string

const (
	// WorkloadServer is a service that listens on at least one port.
	WorkloadServer WorkloadType = "Server"
	// WorkloadWorker is a service that listens on none.
	WorkloadWorker WorkloadType = "Worker"
)

// Port is a port that the service listens on.
type Port struct {
	// name is how routes, dependencies and probes refer to the port.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=15
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$') && self.matches('[a-z]') && !self.contains('--')",message="name must be lower case letters and digits, with single '-' between them and at least one letter"
	Name string `json:"name,omitempty"`

	// port is the port of the Service, which others call.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port int32 `json:"port,omitempty"`

	// targetPort is the port that the container listens on. Unset means port.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	TargetPort int32 `json:"targetPort,omitempty"`

	// protocol is what is spoken on the port: HTTP, GRPC or TCP. It decides the
	// kind of route and the scheme of URLs. Unset means HTTP.
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
// +kubebuilder:validation:XValidation:rule="!has(self.name) || !has(self.annotations) || self.annotations.size() == 0",message="name and annotations are mutually exclusive: an existing ServiceAccount is left as it is"
// +kubebuilder:validation:MinProperties=1
type ServiceAccount struct {
	// name is an existing ServiceAccount to run as. Unset means the one that
	// Atoll makes.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// annotations are set on the ServiceAccount that Atoll makes, for instance
	// to bind it to a cloud identity. Unset means none.
	// +optional
	// +kubebuilder:validation:MaxProperties=32
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Probes say how the kubelet sees that a pod is well.
// +kubebuilder:validation:MinProperties=1
type Probes struct {
	// path is an HTTP path on the first port that answers 2xx or 3xx when the
	// pod is well. It is used for readiness, liveness and startup where these
	// are not set.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="path must begin with '/'"
	Path string `json:"path,omitempty"`

	// readiness decides whether the pod gets requests. Unset means path, and
	// without path that the first port accepts a TCP connection.
	// +optional
	Readiness *corev1.Probe `json:"readiness,omitempty"`

	// liveness decides whether the container is restarted. Unset means path,
	// and without path none.
	// +optional
	Liveness *corev1.Probe `json:"liveness,omitempty"`

	// startup holds the other probes off while the container starts. Unset means
	// path for up to five minutes, and without path none.
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

// RolloutStrategy is how old pods give way to new ones.
// +kubebuilder:validation:Enum=RollingUpdate;Recreate
type RolloutStrategy string

const (
	// RolloutRollingUpdate starts new pods before it ends old ones.
	RolloutRollingUpdate RolloutStrategy = "RollingUpdate"
	// RolloutRecreate ends all old pods before it starts new ones.
	RolloutRecreate RolloutStrategy = "Recreate"
)
