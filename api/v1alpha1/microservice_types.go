// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Microservice describes one service: its image, its database, its scaling, the
// services that it calls and the routes that lead to it. Atoll creates the
// Deployment, the Service, the routes, the autoscaler and the database from it,
// and repairs drift.
//
// The name has at most 40 characters, so that the names derived from it stay
// within the limit of 63 characters.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:subresource:scale:specpath=.spec.scaling.replicas,statuspath=.status.replicas,selectorpath=.status.selector
// +kubebuilder:resource:shortName=ms,categories=atoll
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Replicas",type=string,JSONPath=`.status.ready`
// +kubebuilder:printcolumn:name="Database",type=string,JSONPath=`.status.database.engine`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.urls[0]`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40 && self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be at most 40 characters: lower case letters, digits and '-', beginning with a letter and ending with a letter or digit",fieldPath=".metadata"
// +kubebuilder:validation:XValidation:rule="!has(self.spec.dependencies) || self.spec.dependencies.all(d, d.name != self.metadata.name || has(d.namespace))",message="dependencies must not name the service itself: remove the entry with the name of this Microservice",fieldPath=".spec.dependencies"
type Microservice struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is the desired state of the service. Atoll never changes it.
	// +required
	Spec MicroserviceSpec `json:"spec,omitzero"`

	// status is the observed state of the service.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status MicroserviceStatus `json:"status,omitzero"`
}

// MicroserviceList is a list of Microservices.
// +kubebuilder:object:root=true
type MicroserviceList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Microservice `json:"items"`
}

// MicroserviceSpec is the desired state of a service.
//
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type != 'Worker' || !has(self.ports)",message="ports and type: Worker are mutually exclusive: a Worker listens on no port; remove ports, or set type: Server",fieldPath=".ports"
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type != 'Worker' || !has(self.routes) || self.routes.size() == 0",message="routes and type: Worker are mutually exclusive: a Worker has no port to route to; remove routes, or set type: Server",fieldPath=".routes"
// +kubebuilder:validation:XValidation:rule="!has(self.database) || !has(self.dependencies) || self.dependencies.all(d, !((has(d.envPrefix) ? d.envPrefix : d.name.upperAscii().replace('-', '_')) in (self.database.engine == 'Valkey' ? ['DATABASE', 'VALKEY', 'REDIS'] : (self.database.engine == 'MariaDB' ? ['DATABASE', 'MYSQL', 'MYSQL_TCP'] : ['DATABASE']))))",message="a dependency must not set the variables of the database: DATABASE_URL, and those of VALKEY and REDIS or of MYSQL for these engines; set envPrefix of the dependency",fieldPath=".dependencies"
// +kubebuilder:validation:XValidation:rule="!has(self.routes) || self.routes.all(r, !has(r.port) || (has(self.ports) ? self.ports.exists(p, p.name == r.port) : r.port == 'http'))",message="routes[].port must be the name of an entry in ports; without ports, the only port is http",fieldPath=".routes"
// +kubebuilder:validation:XValidation:rule="!has(self.routes) || !has(self.ports) || self.routes.all(r, !self.ports.exists(p, (has(r.port) ? p.name == r.port : p.name == self.ports[0].name) && has(p.protocol) && p.protocol == 'TCP'))",message="routes[].port must have protocol HTTP or GRPC: a TCP port can't be routed by host and path",fieldPath=".routes"
// +kubebuilder:validation:XValidation:rule="!has(self.type) || self.type != 'Worker' || !has(self.probes) || !has(self.probes.path)",message="probes.path and type: Worker are mutually exclusive: a Worker has no port to probe; set probes.liveness or probes.readiness with exec",fieldPath=".probes"
// +kubebuilder:validation:XValidation:rule="!(has(self.probes) && has(self.probes.path) && has(self.ports) && self.ports.size() > 0 && has(self.ports[0].protocol) && self.ports[0].protocol != 'HTTP') || oldSelf.hasValue() && has(oldSelf.value().probes) && has(oldSelf.value().probes.path) && has(oldSelf.value().ports) && oldSelf.value().ports.size() > 0 && has(oldSelf.value().ports[0].protocol) && oldSelf.value().ports[0].protocol != 'HTTP'",message="probes.path is an HTTP path on the first port, whose protocol must be HTTP: remove path for a probe of that port, set probes.readiness, or put an HTTP port first",fieldPath=".probes",optionalOldSelf=true
type MicroserviceSpec struct {
	// topologyRef names the Topology that the service joins. Unset means that
	// the service stands alone: its routes need their own parentRefs, and its
	// connections are not isolated.
	// +optional
	TopologyRef *TopologyReference `json:"topologyRef,omitempty"`

	// type is Server or Worker. A Server answers requests. A Worker has no
	// ports, no Service and no routes. Unset means Server.
	// +optional
	Type WorkloadType `json:"type,omitempty"`

	// image is the container image, by tag or, preferably, by digest.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="self.matches('^(([A-Za-z0-9-]+(([.][A-Za-z0-9-]+)+(:[0-9]+)?|:[0-9]+)|[[][0-9A-Fa-f:]+[]](:[0-9]+)?)/)?[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))?$')",message="image must be the reference of an image, such as ghcr.io/example/orders:1.4.0: without scheme or white space, with a repository in lower case, and without an empty tag or digest"
	Image string `json:"image,omitempty"`

	// imagePullPolicy says when the kubelet pulls the image. Unset means Always
	// for the tag latest and IfNotPresent for all other tags.
	// +optional
	// +kubebuilder:validation:Enum=Always;IfNotPresent;Never
	ImagePullPolicy corev1.PullPolicy `json:"imagePullPolicy,omitempty"`

	// imagePullSecrets are the names of the Secrets that are used to pull the
	// image. Unset means the Topology's default.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`

	// command replaces the image's entrypoint. Unset means the image's own
	// entrypoint.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=0
	// +kubebuilder:validation:items:MaxLength=4096
	Command []string `json:"command,omitempty"`

	// args replaces the image's arguments (CMD). Unset means the image's own
	// arguments, or none when command is set.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=0
	// +kubebuilder:validation:items:MaxLength=4096
	Args []string `json:"args,omitempty"`

	// env are environment variables of the service. They follow the variables
	// that Atoll sets for the database and the dependencies, so a value can
	// refer to them, for example as $(PGHOST). A variable with the same name
	// replaces Atoll's. Unset means none.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:XValidation:rule="!has(self.value) || self.value.size() == 0 || !has(self.valueFrom)",message="value and valueFrom are mutually exclusive: remove one of them",fieldPath=".valueFrom"
	// +kubebuilder:validation:items:XValidation:rule="!has(self.valueFrom) || [has(self.valueFrom.configMapKeyRef), has(self.valueFrom.secretKeyRef), has(self.valueFrom.fieldRef), has(self.valueFrom.resourceFieldRef), has(self.valueFrom.fileKeyRef)].filter(h, h).size() == 1",message="valueFrom must have exactly one source, such as secretKeyRef",fieldPath=".valueFrom"
	Env []corev1.EnvVar `json:"env,omitempty"`

	// envFrom sets all keys of ConfigMaps and Secrets as environment variables.
	// A variable in env takes precedence. A change of their content rolls the
	// pods, except for a source that is optional. Unset means none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:XValidation:rule="has(self.configMapRef) != has(self.secretRef)",message="exactly one of configMapRef and secretRef must be set"
	EnvFrom []corev1.EnvFromSource `json:"envFrom,omitempty"`

	// resources are the requests and limits of the service's container. Unset
	// means the Topology's default or, without one, none.
	// +optional
	// +kubebuilder:validation:XValidation:rule="['memory', 'ephemeral-storage'].all(r, (!has(self.limits) || !(r in self.limits) || !isQuantity(string(self.limits[r])) || quantity(string(self.limits[r])).compareTo(quantity('0')) == 0 || !quantity(string(self.limits[r])).isLessThan(quantity('1Mi'))) && (!has(self.requests) || !(r in self.requests) || !isQuantity(string(self.requests[r])) || quantity(string(self.requests[r])).compareTo(quantity('0')) == 0 || !quantity(string(self.requests[r])).isLessThan(quantity('1Mi'))))",message="memory and ephemeral-storage must be 0 or at least 1Mi, such as 512Mi: a number without a unit means bytes, and m means thousandths of a byte"
	// +kubebuilder:validation:XValidation:rule="!has(self.limits) || !has(self.requests) || ['cpu', 'memory', 'ephemeral-storage'].all(r, !(r in self.limits) || !(r in self.requests) || !isQuantity(string(self.limits[r])) || !isQuantity(string(self.requests[r])) || !quantity(string(self.requests[r])).isGreaterThan(quantity(string(self.limits[r]))))",message="requests must not exceed limits: lower the request, or raise the limit",fieldPath=".requests"
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// ports are the ports that the service listens on. Dependencies, routes and
	// probes that name no port use the first one. Unset means one port named
	// http with number 8080 and protocol HTTP, and no port for a Worker.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.port == b.port))",message="ports must not repeat a port number: give each entry its own number"
	Ports []Port `json:"ports,omitempty"`

	// serviceAccount is the identity of the pods. Unset means a ServiceAccount
	// that Atoll creates, with the name of the service. Its token is not
	// mounted.
	// +optional
	ServiceAccount *ServiceAccount `json:"serviceAccount,omitempty"`

	// probes say how the kubelet checks the pods. Unset means that a pod is
	// ready when its first port accepts a TCP connection. A Worker is then
	// ready while its process runs.
	// +optional
	Probes *Probes `json:"probes,omitempty"`

	// scaling is the number of pods, fixed or by load. Unset means 2 pods.
	// +optional
	Scaling *Scaling `json:"scaling,omitempty"`

	// database is the service's own database. Unset means none. Removing it
	// removes the database's pods; deletionPolicy says what happens to the
	// data.
	// +optional
	Database *Database `json:"database,omitempty"`

	// dependencies are the services that this service calls. Each one sets
	// <NAME>_URL, <NAME>_HOST and <NAME>_PORT in the pods, where <NAME> is its
	// envPrefix, or else its name in upper case with '_' for '-'. Where the Topology
	// isolates its members, it also permits the connection. Ready requires that
	// each dependency exists, has the port and permits this caller. The
	// condition DependenciesReady reports whether the dependencies are healthy;
	// it does not block this service. Unset means none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, a.name == b.name && has(a.__namespace__) == has(b.__namespace__) && (!has(a.__namespace__) || a.__namespace__ == b.__namespace__)))",message="dependencies must not name a service twice: list its further ports in morePorts"
	// +kubebuilder:validation:XValidation:rule="self.all(a, has(a.envPrefix) ? self.exists_one(b, has(b.envPrefix) && a.envPrefix == b.envPrefix) : self.exists_one(b, !has(b.envPrefix) && a.name == b.name))",message="two dependencies must not set the same variables: set envPrefix of one of them"
	// +kubebuilder:validation:XValidation:rule="self.all(a, has(a.envPrefix) || !has(a.morePorts) || !a.morePorts.exists(p, self.exists(b, !has(b.envPrefix) && b.name.size() == a.name.size() + p.size() + 1 && b.name.startsWith(a.name) && b.name.endsWith(p) && b.name.charAt(a.name.size()) == '-')))",message="the variables of a further port must not be those of another dependency: set envPrefix of one of them"
	Dependencies []Dependency `json:"dependencies,omitempty"`

	// egress lists what the service may reach outside the cluster when the
	// isolation of its Topology is Strict. Unset means nothing.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	Egress []EgressRule `json:"egress,omitempty"`

	// access names the callers that may declare this service as a dependency
	// and need permission. Callers of the same Topology need none, and neither
	// do callers of the same namespace where one of the two has no topologyRef.
	// Unset means that no other caller may.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	Access []AccessRule `json:"access,omitempty"`

	// routes make the service reachable through a gateway. Unset means that the
	// service is not reachable from outside the cluster.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.exists_one(b, (has(a.path) ? a.path : '/') == (has(b.path) ? b.path : '/') && (has(a.hostnames) ? a.hostnames : []) == (has(b.hostnames) ? b.hostnames : []) && (has(a.headers) ? a.headers : []) == (has(b.headers) ? b.headers : [])))",message="routes must differ in path, hostnames or headers: two entries match the same requests"
	Routes []Route `json:"routes,omitempty"`

	// slo is the service level objective. If the Prometheus operator is
	// installed, Atoll creates rules that measure it and alerts that fire when
	// the service fails too often. Unset means none.
	// +optional
	SLO *ServiceLevelObjective `json:"slo,omitempty"`

	// rollout says how a change reaches the pods. Unset means a rolling update
	// that never has fewer ready pods than desired.
	// +optional
	Rollout *Rollout `json:"rollout,omitempty"`

	// podTemplate is a strategic merge patch of the pod template
	// (PodTemplateSpec) that Atoll builds. Use it for sidecars, init
	// containers, volumes, a user ID and anything else that has no field here.
	// The service's container has the name of the Microservice. Unknown fields
	// are rejected and reported in the condition WorkloadReady. Unset means no
	// changes.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Type=object
	PodTemplate *runtime.RawExtension `json:"podTemplate,omitempty"`

	// suspend set to true removes all pods of the service and of its database.
	// Data, addresses and routes stay. Unset means false.
	// +optional
	Suspend *bool `json:"suspend,omitempty"`
}

// TopologyReference names a Topology.
type TopologyReference struct {
	// name is the name of the Topology.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`

	// namespace is the namespace of the Topology. Its allowedNamespaces must
	// permit members from this namespace. Unset means the namespace of the
	// Microservice.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Namespace string `json:"namespace,omitempty"`
}
