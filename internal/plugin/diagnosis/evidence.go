// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package diagnosis finds the cause of a service that is not healthy. It starts at the
// condition that is False and follows the failing objects to the cause. It is pure: the
// caller passes in what it read from the cluster as Evidence.
package diagnosis

import (
	"slices"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// Evidence is what was read about one service. Objects that could not be read are
// absent and named in Unread. In maps, a nil entry means that the object does not
// exist, and a missing entry that it was not read.
type Evidence struct {
	Microservice *v1alpha1.Microservice
	// Services are all visible services, and Graph finds the neighbours of this one.
	Services []*v1alpha1.Microservice
	Graph    graph.Services
	// Topology is that of topologyRef; nil where the service has none, or where it does
	// not exist.
	Topology *v1alpha1.Topology
	// Gateways are the parents of the routes, by namespace/name, and Classes their
	// GatewayClasses.
	Gateways map[string]*gatewayv1.Gateway
	Classes  map[string]*gatewayv1.GatewayClass

	// Deployments, Budgets, Policies and Quotas are all of the namespace, of any owner.
	Deployments []appsv1.Deployment
	Budgets     []policyv1.PodDisruptionBudget
	Quotas      []corev1.ResourceQuota
	// Policies also include those of the callees' namespaces.
	Policies []networkingv1.NetworkPolicy

	// The following objects carry Atoll's labels of the service.
	ReplicaSets []appsv1.ReplicaSet
	StatefulSet *appsv1.StatefulSet
	Jobs        []batchv1.Job
	// Pods are those of all components, and strays that carry the same labels.
	Pods       []corev1.Pod
	Service    *corev1.Service
	HTTPRoutes []gatewayv1.HTTPRoute
	GRPCRoutes []gatewayv1.GRPCRoute
	Autoscaler *autoscalingv2.HorizontalPodAutoscaler
	// Claims are the PersistentVolumeClaims that the pods mount.
	Claims map[string]*corev1.PersistentVolumeClaim
	// Nodes are the nodes of the pods.
	Nodes map[string]*corev1.Node

	// Callees holds one pod of each callee, by namespace/name.
	Callees map[string]*corev1.Pod
	// Namespaces holds the labels of namespaces. For a missing entry, only the label
	// that every namespace has is known.
	Namespaces map[string]map[string]string

	// Events are by the UID of their object, the latest last.
	Events map[types.UID][]corev1.Event
	// Logs are the ends of the logs that LogsWanted returned.
	Logs map[Log]string
	// Operators are the Deployments of Atoll itself; nil where the caller did not look
	// for them.
	Operators []appsv1.Deployment

	// Unread names what could not be read.
	Unread []string
	// Now is the time at which the evidence was read.
	Now time.Time
}

// Log identifies the log of a container.
type Log struct {
	Pod, Container string
	// Previous selects the log of the previous run.
	Previous bool
}

// read reports whether the caller may read a kind, so that an absent object does not exist.
func (e *Evidence) read(kind string) bool { return !slices.Contains(e.Unread, kind) }

// deployment returns the service's Deployment, and nil where there is none.
func (e *Evidence) deployment() *appsv1.Deployment {
	for i := range e.Deployments {
		if d := &e.Deployments[i]; d.Name == e.Microservice.Name && d.Labels[v1alpha1.LabelManagedBy] == v1alpha1.ManagedByAtoll {
			return d
		}
	}
	return nil
}

// shown returns the name of another service, with its namespace where that differs from
// this service's.
func (e *Evidence) shown(namespace, name string) string {
	if namespace == e.Microservice.Namespace {
		return name
	}
	return namespace + "/" + name
}
