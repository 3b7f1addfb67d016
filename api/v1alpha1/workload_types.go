// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

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
	// the kind of the route and the URL that callers get. A GRPC port also gets
	// a headless Service, <name>-headless, so that clients can balance their
	// calls over the pods. Unset means HTTP.
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
// +kubebuilder:validation:XValidation:rule="!has(self.name) || !has(self.annotations) || self.annotations.size() == 0",message="name and annotations are mutually exclusive: Atoll does not change an existing ServiceAccount; remove one of them"
// +kubebuilder:validation:MinProperties=1
type ServiceAccount struct {
	// name is the name of an existing ServiceAccount. Unset means the one that
	// Atoll creates.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="name must be the name of a ServiceAccount: lower case letters, digits, '-' and '.'"
	Name string `json:"name,omitempty"`

	// annotations are set on the ServiceAccount that Atoll creates, for example
	// to bind it to a cloud identity. Unset means none.
	// +optional
	// +kubebuilder:validation:MinProperties=0
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k.lowerAscii()).hasValue())",message="annotations must have names of at most 63 letters, digits, '-', '_' and '.', such as eks.amazonaws.com/role-arn"
	Annotations map[string]string `json:"annotations,omitempty"`
}

// Probes say how the kubelet checks the pods.
// +kubebuilder:validation:XValidation:rule="!has(self.startupSeconds) || has(self.path) && !has(self.startup)",message="startupSeconds is the limit of the startup probe of path: set path, and remove startup",fieldPath=".startupSeconds"
// +kubebuilder:validation:MinProperties=1
type Probes struct {
	// path is an HTTP path on the first port, which must have protocol HTTP. It
	// returns 2xx or 3xx while the pod is healthy. It applies to each of
	// readiness, liveness and startup that is unset. Unset means no HTTP probe.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.startsWith('/')",message="path must begin with '/'"
	Path string `json:"path,omitempty"`

	// readiness decides whether the pod receives requests. Unset means path or,
	// without path, a TCP connection to the first port, and for a GRPC port its
	// health service (grpc.health.v1).
	// +optional
	// +kubebuilder:validation:XValidation:rule="[has(self.exec), has(self.httpGet), has(self.tcpSocket), has(self.grpc)].filter(h, h).size() == 1",message="a probe must have exactly one of exec, httpGet, tcpSocket and grpc"
	Readiness *corev1.Probe `json:"readiness,omitempty"`

	// liveness decides when the container is restarted. Unset means path or,
	// without path, no liveness probe.
	// +optional
	// +kubebuilder:validation:XValidation:rule="[has(self.exec), has(self.httpGet), has(self.tcpSocket), has(self.grpc)].filter(h, h).size() == 1",message="a probe must have exactly one of exec, httpGet, tcpSocket and grpc"
	// +kubebuilder:validation:XValidation:rule="!has(self.successThreshold) || self.successThreshold <= 1",message="successThreshold must be 1: only a readiness probe can ask for more",fieldPath=".successThreshold"
	Liveness *corev1.Probe `json:"liveness,omitempty"`

	// startup delays the other probes while the container starts. Unset means
	// path for startupSeconds or, without path, no startup probe.
	// +optional
	// +kubebuilder:validation:XValidation:rule="[has(self.exec), has(self.httpGet), has(self.tcpSocket), has(self.grpc)].filter(h, h).size() == 1",message="a probe must have exactly one of exec, httpGet, tcpSocket and grpc"
	// +kubebuilder:validation:XValidation:rule="!has(self.successThreshold) || self.successThreshold <= 1",message="successThreshold must be 1: only a readiness probe can ask for more",fieldPath=".successThreshold"
	Startup *corev1.Probe `json:"startup,omitempty"`

	// startupSeconds is the time in which path must succeed for the first time.
	// After it the container is restarted. Unset means 300.
	// +optional
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=86400
	StartupSeconds *int32 `json:"startupSeconds,omitempty"`
}

// Rollout says how a change reaches the pods.
// +kubebuilder:validation:XValidation:rule="!has(self.strategy) || self.strategy != 'Recreate' || !(has(self.maxSurge) || has(self.maxUnavailable))",message="maxSurge and maxUnavailable apply only to strategy: RollingUpdate; remove them"
// +kubebuilder:validation:XValidation:rule="!has(self.maxSurge) || !(self.maxSurge == 0 || self.maxSurge == '0%') || has(self.maxUnavailable) && !(self.maxUnavailable == 0 || self.maxUnavailable == '0%')",message="maxSurge and maxUnavailable must not both be 0: no pod could be replaced; unset maxUnavailable means 0",fieldPath=".maxSurge"
// +kubebuilder:validation:MinProperties=1
type Rollout struct {
	// strategy is RollingUpdate or Recreate. RollingUpdate deletes an old pod
	// only when a new pod is ready. Recreate deletes all old pods before it
	// creates a new one, for a service that must not run twice. Unset means
	// RollingUpdate.
	// +optional
	Strategy RolloutStrategy `json:"strategy,omitempty"`

	// maxSurge is how many pods a RollingUpdate may add, as a number or as a
	// percentage of the pods, rounded up. Set it to 0, and maxUnavailable to at
	// least 1, for pods that hold a scarce device or volume. Unset means 25%.
	// +optional
	// +kubebuilder:validation:XValidation:rule="type(self) == string ? self.matches('^(100|[1-9]?[0-9])%$') : self >= 0 && self <= 10000",message="maxSurge must be a number of pods or a percentage from 0% to 100%"
	MaxSurge *intstr.IntOrString `json:"maxSurge,omitempty"`

	// maxUnavailable is how many pods a RollingUpdate may remove before their
	// replacements are ready, as a number or as a percentage of the pods,
	// rounded down. Unset means 0.
	// +optional
	// +kubebuilder:validation:XValidation:rule="type(self) == string ? self.matches('^(100|[1-9]?[0-9])%$') : self >= 0 && self <= 10000",message="maxUnavailable must be a number of pods or a percentage from 0% to 100%"
	MaxUnavailable *intstr.IntOrString `json:"maxUnavailable,omitempty"`

	// progressDeadlineSeconds is the time without progress after which a rollout
	// counts as failed. Unset means the time that the probes permit the pods to
	// start and five minutes more, and at least ten minutes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	ProgressDeadlineSeconds *int32 `json:"progressDeadlineSeconds,omitempty"`
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
