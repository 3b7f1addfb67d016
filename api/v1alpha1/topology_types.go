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
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Topology is what a set of services shares: the gateway in front of them, the
// isolation between them and the defaults of their settings. Microservices join
// it with topologyRef, and its status sums them up.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=topo,categories=atoll,path=topologies
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Services",type=integer,JSONPath=`.status.services`
// +kubebuilder:printcolumn:name="Ready Services",type=integer,JSONPath=`.status.readyServices`
// +kubebuilder:printcolumn:name="URL",type=string,JSONPath=`.status.urls[0]`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Message",type=string,priority=1,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 63 && self.metadata.name.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="metadata.name must be at most 63 characters: lower case letters, digits and '-', beginning and ending with a letter or digit",fieldPath=".metadata"
type Topology struct {
	metav1.TypeMeta `json:",inline"`
	// metadata is the standard object metadata.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec is what the members share.
	// +optional
	Spec TopologySpec `json:"spec,omitzero"`

	// status sums up the members.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1,"services":0,"readyServices":0}
	Status TopologyStatus `json:"status,omitzero"`
}

// TopologyList is a list of Topologies.
// +kubebuilder:object:root=true
type TopologyList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []Topology `json:"items"`
}

// TopologySpec is what the members of a Topology share.
type TopologySpec struct {
	// gateway is where requests from outside come in. Unset means that members'
	// routes need their own parentRefs.
	// +optional
	Gateway *TopologyGateway `json:"gateway,omitempty"`

	// allowedNamespaces says from which namespaces Microservices may join. Unset
	// means the Topology's own.
	// +optional
	AllowedNamespaces *AllowedNamespaces `json:"allowedNamespaces,omitempty"`

	// deletionGuard says which members are protected from being deleted: Dependents
	// those that others depend on, None none. It takes the ValidatingAdmissionPolicy
	// that Atoll is installed with, and lets through the deletion of a namespace, what
	// the garbage collector deletes, and a Microservice with the annotation
	// atoll.dev/deletion-guard: override. Unset means None.
	// +optional
	DeletionGuard DeletionGuard `json:"deletionGuard,omitempty"`

	// isolation says which connections of members are let through: Strict denies
	// both directions but for what is declared (dependencies, routes, monitoring,
	// egress, the service's own database, DNS), Ingress denies what comes in, None
	// denies nothing. It is up to the cluster's network plugin to enforce it. With
	// the annotation atoll.dev/isolation: audit nothing is denied. Unset means
	// Strict.
	// +optional
	Isolation Isolation `json:"isolation,omitempty"`

	// monitoring says whose pods may reach every port of the members, to scrape
	// them. Unset means nobody's.
	// +optional
	Monitoring *PodPeer `json:"monitoring,omitempty"`

	// defaults are settings for members that don't set their own.
	// +optional
	Defaults *TopologyDefaults `json:"defaults,omitempty"`
}

// TopologyGateway is where requests from outside come in.
// +kubebuilder:validation:XValidation:rule="has(self.className) != has(self.ref)",message="exactly one of className (a Gateway made for this Topology) and ref (an existing Gateway) must be set"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || has(self.className)",message="tls goes with className only: an existing Gateway has its own certificates"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || !has(self.tls.issuerRef) || (has(self.hostnames) && self.hostnames.size() > 0)",message="tls.issuerRef needs hostnames: a certificate is issued for names"
type TopologyGateway struct {
	// className is the GatewayClass of a Gateway that Atoll makes, with the
	// Topology's name.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClassName string `json:"className,omitempty"`

	// ref is an existing Gateway to attach the members' routes to.
	// +optional
	Ref *GatewayReference `json:"ref,omitempty"`

	// hostnames are the names that members' routes answer to unless they have
	// their own. Unset means every name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=16
	Hostnames []Hostname `json:"hostnames,omitempty"`

	// dataPlane says whose pods forward requests to the members' routed ports.
	// Unset means that any pod may reach a routed port; so it is with the ports of
	// routes that attach to other Gateways.
	// +optional
	DataPlane *PodPeer `json:"dataPlane,omitempty"`

	// tls makes the Gateway listen with HTTPS on port 443 instead of HTTP on port
	// 80. Unset means HTTP.
	// +optional
	TLS *TopologyTLS `json:"tls,omitempty"`
}

// AllowedNamespaces says from which namespaces Microservices may join.
// +kubebuilder:validation:XValidation:rule="(self.from == 'Selector') == has(self.selector)",message="selector and from: Selector go together"
type AllowedNamespaces struct {
	// from is Same (the Topology's own), All, or Selector (those that selector
	// selects, and the Topology's own).
	// +required
	From NamespacesFrom `json:"from,omitempty"`

	// selector selects namespaces by their labels.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// NamespacesFrom is a way to choose namespaces.
// +kubebuilder:validation:Enum=Same;All;Selector
type NamespacesFrom string

const (
	// NamespacesFromSame is the Topology's own namespace.
	NamespacesFromSame NamespacesFrom = "Same"
	// NamespacesFromAll is every namespace.
	NamespacesFromAll NamespacesFrom = "All"
	// NamespacesFromSelector is the namespaces that a selector selects.
	NamespacesFromSelector NamespacesFrom = "Selector"
)

// DeletionGuard says which members of a Topology are protected from being
// deleted.
// +kubebuilder:validation:Enum=None;Dependents
type DeletionGuard string

const (
	// DeletionGuardNone protects none.
	DeletionGuardNone DeletionGuard = "None"
	// DeletionGuardDependents protects those that others depend on.
	DeletionGuardDependents DeletionGuard = "Dependents"
)

// Isolation says which connections of members are let through.
// +kubebuilder:validation:Enum=Strict;Ingress;None
type Isolation string

const (
	// IsolationStrict denies both directions but for what is declared.
	IsolationStrict Isolation = "Strict"
	// IsolationIngress denies what comes in but for what is declared.
	IsolationIngress Isolation = "Ingress"
	// IsolationNone denies nothing.
	IsolationNone Isolation = "None"
)

// PodPeer selects pods. Both selectors must match; an unset one matches all.
// +kubebuilder:validation:MinProperties=1
type PodPeer struct {
	// namespaceSelector selects the pods' namespaces by their labels. Unset means
	// every namespace.
	// +optional
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`

	// podSelector selects pods by their labels. Unset means every pod of the
	// namespaces.
	// +optional
	PodSelector *metav1.LabelSelector `json:"podSelector,omitempty"`
}

// TopologyTLS says where the Gateway's certificate comes from.
// +kubebuilder:validation:XValidation:rule="has(self.secretName) != has(self.issuerRef)",message="exactly one of secretName and issuerRef must be set"
type TopologyTLS struct {
	// secretName is a Secret of type kubernetes.io/tls in the same namespace.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// issuerRef is a cert-manager issuer that makes the certificate, in the
	// Secret <topology>-tls.
	// +optional
	IssuerRef *IssuerReference `json:"issuerRef,omitempty"`
}

// IssuerReference names a cert-manager issuer.
type IssuerReference struct {
	// kind is Issuer (of the same namespace) or ClusterIssuer. Unset means
	// Issuer.
	// +optional
	// +kubebuilder:validation:Enum=Issuer;ClusterIssuer
	Kind string `json:"kind,omitempty"`

	// name is the issuer's name.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// TopologyDefaults are settings for members that don't set their own.
type TopologyDefaults struct {
	// imagePullSecrets are used by members that set none.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`

	// resources are used by members that set none.
	// +optional
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// database are settings for members' databases, except External ones. The storage class and
	// the major version are taken up when a database is made and not changed
	// later; the minor version and the deletion policy apply at once, also to
	// databases that exist.
	// +optional
	Database *DatabaseDefaults `json:"database,omitempty"`
}

// DatabaseDefaults are settings for members' databases.
type DatabaseDefaults struct {
	// engine is the engine that version is one of: members with another engine
	// take no version from here. Unset means PostgreSQL.
	// +optional
	Engine DatabaseEngine `json:"engine,omitempty"`

	// version is the engine's version, major or major.minor.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,4}(\\\\.[0-9]{1,4})?$')",message="version must be major or major.minor, such as \"17\" or \"17.2\""
	Version string `json:"version,omitempty"`

	// storageClassName is the class of the volumes. Unset means the cluster's
	// default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	StorageClassName string `json:"storageClassName,omitempty"`

	// deletionPolicy says what becomes of the data when a member, or its database,
	// is removed. Unset means Retain.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// TopologyStatus sums up the members of a Topology.
type TopologyStatus struct {
	// observedGeneration is the generation of the spec that this status is
	// about; -1 until Atoll has seen the object.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// conditions say how the Topology is. Ready is always there and sums up
	// the others; Reconciling and Stalled are there only while true.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// services is the number of members.
	// +optional
	Services int32 `json:"services"`

	// readyServices is the number of members that are Ready.
	// +optional
	ReadyServices int32 `json:"readyServices"`

	// urls are the addresses that the gateway answers at.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=2048
	URLs []string `json:"urls,omitempty"`

	// cycles are the circles among the members' dependencies, such as
	// "orders -> payments -> orders". They stop nothing; they are told because
	// services in a circle fail together.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=4096
	Cycles []string `json:"cycles,omitempty"`

	// missing are the members' dependencies on a service, or a port of it, that does
	// not exist, such as "orders -> users".
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=256
	Missing []string `json:"missing,omitempty"`

	// unpermitted are the members' dependencies that the other side does not permit,
	// such as "orders -> reporting/ledger".
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MaxLength=256
	Unpermitted []string `json:"unpermitted,omitempty"`
}
