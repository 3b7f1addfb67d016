// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package inputs is what the builders of components read: the Microservice, and
// everything in the cluster that decides its objects. Assemble fills an Inputs
// from a Source, so that the operator, the plugin and the tests do it the same
// way. Nothing here talks to a cluster.
package inputs

import (
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// Inputs is everything that decides what children a Microservice has, gathered
// beforehand. Nothing in it may be changed: it is shared with the cache.
type Inputs struct {
	// Microservice has the defaults of its Topology in place of what it does not set.
	Microservice *v1alpha1.Microservice
	// InheritedEnv is how many of its variables, at the beginning, are defaults of its
	// Topology.
	InheritedEnv int
	// Topology is the one that the Microservice is a member of; nil unless Standing is
	// Member.
	Topology *v1alpha1.Topology
	// Standing is how the Microservice stands to the Topology that it names.
	Standing graph.Standing
	// Edges are the resolved dependencies, in the spec's order.
	Edges []graph.Edge
	// EarlierEdges are the calls beyond the spec that pods of an earlier template may
	// still make.
	EarlierEdges []graph.Edge
	// Callers are the services whose declared dependency on this one resolves.
	Callers []Caller
	// CalledNumbers are the port numbers under which pods of other services may call the
	// Service.
	CalledNumbers []v1alpha1.PortNumber
	// RoutesBehind means that a gateway may send requests to port numbers of the Service
	// that the spec no longer has.
	RoutesBehind bool
	// Dependents is the number of Microservices that declare this one as a dependency
	// and that it permits.
	Dependents int
	// AwaitedBehind names services behind dependencies with startup: WaitForAll for which the
	// first rollout waits.
	AwaitedBehind []string
	// WaitsInCycle says that the service would wait for itself if it waited for its
	// dependencies to start.
	WaitsInCycle bool
	// DatabaseState is what exists of the database.
	DatabaseState State
	// References is what was found of the ConfigMaps and Secrets that the pods
	// use.
	References References
	// Deployment, Service, StatefulSet and ObjectStore are the live ones; nil when
	// there are none.
	Deployment  *appsv1.Deployment
	Service     *corev1.Service
	StatefulSet *appsv1.StatefulSet
	ObjectStore *unstructured.Unstructured
	// Jobs are the live Jobs of all components.
	Jobs []*batchv1.Job
	// RcloneImage is the image that copies backups to and from buckets.
	RcloneImage string
	// CloudNativePGNamespace is where CloudNativePG's operator runs; empty means where
	// it is installed by default.
	CloudNativePGNamespace string
	// BackupSince is when the CronJob of the backups, or what CloudNativePG has in its
	// place, was made; zero while there is none.
	BackupSince metav1.Time
	// BackupOverdue says that the time has passed at which a backup was overdue.
	BackupOverdue bool
	// OwnServiceAccount says that the ServiceAccount of the Microservice's name is
	// one that Atoll made.
	OwnServiceAccount bool
	// AwaitsTurn says that a change which the Microservice did not ask for waits until
	// other services have rolled it out.
	AwaitsTurn bool
	// Pods are the live pods of all components.
	Pods []corev1.Pod
	// Gateways are the Gateways that routes attach to, by namespace/name. One that
	// is not there does not exist.
	Gateways map[string]*gatewayv1.Gateway
	// GatewayClasses are the classes of those Gateways, by name.
	GatewayClasses map[string]*gatewayv1.GatewayClass
	// RefusedBy are the Gateways that let no routes of the service's namespace attach,
	// as namespace/name/section.
	RefusedBy map[string]bool
	// TakenHosts are the hosts of the routes that belong to others.
	TakenHosts []TakenHost
	// TakenRoutes are the names of live routes that do not stay, because a Topology has their host.
	TakenRoutes []string
	// RouteConflicts are the claims of the live routes that other Microservices make too.
	RouteConflicts []RouteConflict
	// ForeignAutoscalers are the HorizontalPodAutoscalers that scale the Deployment and that
	// Atoll did not make.
	ForeignAutoscalers []string
	// PublicPorts are the ports at which clients outside the cluster reach Gateways.
	PublicPorts PublicPorts
	// NameServers are the addresses of name servers beside those that every cluster may have.
	NameServers []string
	// MissingCRDs are the optional kinds that are not installed.
	MissingCRDs map[string]bool
	// Policies are the live NetworkPolicies that were made for the Microservice, by the
	// component of the pods that they select.
	Policies map[string]*networkingv1.NetworkPolicy
	// PolicyFailures say why NetworkPolicies are not as desired, by that component.
	PolicyFailures map[string]*condition.Problem
}

// Caller is a service that calls this one, and the name of the port that it calls.
type Caller struct {
	Namespace, Name string
	Port            string
}

// References is what was found of the ConfigMaps and Secrets that pods use.
type References struct {
	// Hash is over the content of all of them.
	Hash string
	// Missing are the objects and keys that do not exist; empty when all do.
	Missing []MissingReference
}
