// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Topology is what a set of services shares: the gateway, the isolation between
// the services and the defaults of their settings. Microservices join it with
// topologyRef. Its status summarizes them.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:shortName=topo,categories=atoll,path=topologies
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`
// +kubebuilder:printcolumn:name="Services",type=string,JSONPath=`.status.ready`
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

	// status summarizes the members.
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
// +kubebuilder:validation:MinProperties=0
type TopologySpec struct {
	// gateway is where requests from outside the cluster enter. Unset means
	// that the routes of members need their own parentRefs.
	// +optional
	Gateway *TopologyGateway `json:"gateway,omitempty"`

	// allowedNamespaces says from which namespaces Microservices may join.
	// Unset means only the Topology's own namespace.
	// +optional
	AllowedNamespaces *AllowedNamespaces `json:"allowedNamespaces,omitempty"`

	// deletionGuard says which members are protected from deletion. Dependents
	// protects members that other Microservices depend on; None protects no
	// member. The guard requires the ValidatingAdmissionPolicy that Atoll
	// installs. The policy permits the deletion of a whole namespace, deletions
	// by the garbage collector, and the deletion of a Microservice with the
	// annotation atoll.dev/deletion-guard: override. Unset means None.
	// +optional
	DeletionGuard DeletionGuard `json:"deletionGuard,omitempty"`

	// isolation says which connections of members are denied. Strict denies
	// ingress and egress, except what is declared (dependencies, routes,
	// monitoring, egress, the service's own database and DNS). Ingress denies
	// only ingress, with the same exceptions. None denies nothing. The
	// cluster's network plugin must enforce it. The annotation
	// atoll.dev/isolation: audit turns enforcement off. Unset means Strict.
	// +optional
	Isolation Isolation `json:"isolation,omitempty"`

	// nameServers are addresses where members may resolve names, on port 53, beside
	// those that Atoll finds: kube-dns and CoreDNS in kube-system, OpenShift's,
	// caches at link-local addresses (169.254.0.0/16), and the name servers of
	// Atoll's own pod. Unset means no others.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=45
	// +kubebuilder:validation:XValidation:rule="self.all(a, isIP(a))",message="nameServers must be IP addresses, such as 10.96.0.10"
	NameServers []string `json:"nameServers,omitempty"`

	// mesh is the service mesh that the members belong to. It opens what the
	// proxies of the mesh need in an isolated Topology, and in the policies of
	// databases. Unset means none.
	// +optional
	Mesh *Mesh `json:"mesh,omitempty"`

	// monitoring selects the pods that may reach every port of the members, to
	// scrape metrics, and says how requests are measured. Unset means no pods.
	// +optional
	Monitoring *Monitoring `json:"monitoring,omitempty"`

	// defaults are settings for members that do not set their own. Unset means
	// Atoll's defaults.
	// +optional
	Defaults *TopologyDefaults `json:"defaults,omitempty"`
}

// TopologyGateway is where requests from outside the cluster enter.
// +kubebuilder:validation:XValidation:rule="has(self.className) != has(self.ref)",message="exactly one of className (Atoll creates a Gateway) and ref (an existing Gateway) must be set"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || has(self.className)",message="tls requires className: an existing Gateway has its own certificates; remove tls"
// +kubebuilder:validation:XValidation:rule="!has(self.tls) || !has(self.tls.issuerRef) || (has(self.hostnames) && self.hostnames.size() > 0)",message="tls.issuerRef requires hostnames: a certificate is issued for host names; set hostnames"
// +kubebuilder:validation:MinProperties=1
type TopologyGateway struct {
	// className is the GatewayClass of a Gateway that Atoll creates with the
	// name of the Topology. Unset means the existing Gateway in ref.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	ClassName string `json:"className,omitempty"`

	// ref is an existing Gateway that the routes of members attach to. Unset
	// means the Gateway that Atoll creates from className.
	// +optional
	Ref *GatewayReference `json:"ref,omitempty"`

	// hostnames are the host names of members' routes that have no hostnames of
	// their own. If the Gateway is in the Topology's namespace, only members may
	// use them there. Unset means every host name.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	Hostnames []Hostname `json:"hostnames,omitempty"`

	// delegatedPaths are the paths that members in other namespaces may serve
	// on the Topology's hosts. Members in the Topology's own namespace may serve
	// every path. Unset means that a member may serve each path for which no
	// other namespace has a route.
	// +optional
	// +listType=map
	// +listMapKey=namespace
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=256
	DelegatedPaths []DelegatedPaths `json:"delegatedPaths,omitempty"`

	// dataPlane selects the pods that forward requests to the routed ports of
	// members. Unset means that any client may reach a routed port. This is
	// also the case for the ports of routes that attach to other Gateways.
	// +optional
	DataPlane *PodPeer `json:"dataPlane,omitempty"`

	// tls makes the Gateway listen with HTTPS on port 443 instead of HTTP on
	// port 80. Unset means HTTP.
	// +optional
	TLS *TopologyTLS `json:"tls,omitempty"`
}

// DelegatedPaths are the paths that the members in a namespace may serve.
type DelegatedPaths struct {
	// namespace is the namespace of the members.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Label().validate(self).hasValue()",message="namespace must be the name of a namespace: lower case letters, digits and '-'"
	Namespace string `json:"namespace,omitempty"`

	// prefixes are prefixes of the request path, by whole segments, as in path
	// of a route. Of two prefixes that match a path, the longer one counts.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.all(p, p.startsWith('/') && !p.contains('//'))",message="prefixes must be plain prefixes such as /orders, each beginning with '/'"
	Prefixes []string `json:"prefixes,omitempty"`
}

// AllowedNamespaces says from which namespaces Microservices may join.
// +kubebuilder:validation:XValidation:rule="(self.from == 'Selector') == has(self.selector)",message="selector and from: Selector require each other: set both or neither"
type AllowedNamespaces struct {
	// from is Same (the Topology's own namespace), All, or Selector (the
	// namespaces that selector selects, and the Topology's own).
	// +required
	From NamespacesFrom `json:"from,omitempty"`

	// selector selects namespaces by their labels. Required with from:
	// Selector, unset otherwise.
	// +optional
	Selector *metav1.LabelSelector `json:"selector,omitempty"`
}

// NamespacesFrom says how namespaces are selected.
// +kubebuilder:validation:Enum=Same;All;Selector
type NamespacesFrom string

const (
	// NamespacesFromSame is the Topology's own namespace.
	NamespacesFromSame NamespacesFrom = "Same"
	// NamespacesFromAll is every namespace.
	NamespacesFromAll NamespacesFrom = "All"
	// NamespacesFromSelector is the namespaces that a selector selects, and the
	// Topology's own.
	NamespacesFromSelector NamespacesFrom = "Selector"
)

// DeletionGuard says which members of a Topology are protected from deletion.
// +kubebuilder:validation:Enum=None;Dependents
type DeletionGuard string

const (
	// DeletionGuardNone protects no member.
	DeletionGuardNone DeletionGuard = "None"
	// DeletionGuardDependents protects members that other Microservices depend
	// on.
	DeletionGuardDependents DeletionGuard = "Dependents"
)

// Isolation says which connections of members are denied.
// +kubebuilder:validation:Enum=Strict;Ingress;None
type Isolation string

const (
	// IsolationStrict denies ingress and egress that is not declared.
	IsolationStrict Isolation = "Strict"
	// IsolationIngress denies ingress that is not declared.
	IsolationIngress Isolation = "Ingress"
	// IsolationNone denies nothing.
	IsolationNone Isolation = "None"
)

// PodPeer selects pods. Both selectors must match.
// +kubebuilder:validation:XValidation:rule="has(self.namespaceSelector)",message="namespaceSelector must be set: name the namespace with matchLabels {kubernetes.io/metadata.name: ...}, or write {} for every namespace",fieldPath=".namespaceSelector"
// +kubebuilder:validation:MinProperties=1
type PodPeer struct {
	// namespaceSelector selects the namespaces of the pods by their labels; {}
	// selects every namespace. It must be set. Unset, in an object from before
	// that rule, means the Topology's own namespace.
	// +optional
	NamespaceSelector *metav1.LabelSelector `json:"namespaceSelector,omitempty"`

	// podSelector selects pods by their labels. Unset means every pod in the
	// namespaces.
	// +optional
	PodSelector *metav1.LabelSelector `json:"podSelector,omitempty"`
}

// TopologyTLS is the source of the Gateway's certificate.
// +kubebuilder:validation:XValidation:rule="has(self.secretName) != has(self.issuerRef)",message="exactly one of secretName and issuerRef must be set"
// +kubebuilder:validation:MinProperties=1
type TopologyTLS struct {
	// secretName is the name of a Secret of type kubernetes.io/tls in the same
	// namespace. Unset means that issuerRef issues the certificate.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	SecretName string `json:"secretName,omitempty"`

	// issuerRef is a cert-manager issuer. It issues the certificate into the
	// Secret <topology>-tls. Unset means the certificate in secretName.
	// +optional
	IssuerRef *IssuerReference `json:"issuerRef,omitempty"`
}

// IssuerReference names a cert-manager issuer.
type IssuerReference struct {
	// kind is Issuer (in the same namespace) or ClusterIssuer. Unset means
	// Issuer.
	// +optional
	// +kubebuilder:validation:Enum=Issuer;ClusterIssuer
	Kind string `json:"kind,omitempty"`

	// name is the name of the issuer.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}
