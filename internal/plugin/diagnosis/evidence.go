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

// Package diagnosis finds out why a service is not as it should be: from the
// condition that is red, by way of the object that fails, to the cause. It is pure:
// what was read of the cluster is passed in as Evidence.
package diagnosis

import (
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

// Evidence is what was read of one service. What could not be read is left empty
// and named in Unread. In maps of objects, an entry of nil says that there is no
// such object, and no entry that it was not read.
type Evidence struct {
	Microservice *v1alpha1.Microservice
	// Services are all that can be seen, and how the service's neighbours are found.
	Services []*v1alpha1.Microservice
	Graph    graph.Services
	// Topology is the one that the service names; nil when it names none, or one that
	// does not exist.
	Topology *v1alpha1.Topology
	// Gateways are those that the routes attach to, by namespace/name, and Classes
	// their GatewayClasses.
	Gateways map[string]*gatewayv1.Gateway
	Classes  map[string]*gatewayv1.GatewayClass

	// Deployments, Budgets, Policies and Quotas are all of the namespace, whosever
	// they are.
	Deployments []appsv1.Deployment
	Budgets     []policyv1.PodDisruptionBudget
	Quotas      []corev1.ResourceQuota
	// Policies are also those of the namespaces of services that are called.
	Policies []networkingv1.NetworkPolicy

	// What follows is the service's, by Atoll's label.
	ReplicaSets []appsv1.ReplicaSet
	StatefulSet *appsv1.StatefulSet
	Jobs        []batchv1.Job
	// Pods are of all components, and others that carry their labels.
	Pods       []corev1.Pod
	Service    *corev1.Service
	HTTPRoutes []gatewayv1.HTTPRoute
	GRPCRoutes []gatewayv1.GRPCRoute
	Autoscaler *autoscalingv2.HorizontalPodAutoscaler
	// Claims are the volume claims that the pods name.
	Claims map[string]*corev1.PersistentVolumeClaim
	// Nodes are those that the pods run on.
	Nodes map[string]*corev1.Node

	// Callees has a pod of each service that is called, by namespace/name.
	Callees map[string]*corev1.Pod
	// Namespaces are the labels of namespaces. Of one that is not there, only the
	// label that every namespace has is known.
	Namespaces map[string]map[string]string

	// Events are by the UID of the object that they are about, the latest last.
	Events map[types.UID][]corev1.Event
	// Logs are the ends of the logs that LogsWanted asked for.
	Logs map[Log]string
	// Operators are the Deployments of Atoll itself; nil when it was not looked for.
	Operators []appsv1.Deployment

	// Unread is what could not be read.
	Unread []string
	// Now is when the evidence was read.
	Now time.Time
}

// Log names a log of a container.
type Log struct {
	Pod, Container string
	// Previous is the log of the container that ran before.
	Previous bool
}

// deployment is the service's own; nil when there is none.
func (e *Evidence) deployment() *appsv1.Deployment {
	for i := range e.Deployments {
		if d := &e.Deployments[i]; d.Name == e.Microservice.Name && d.Labels[v1alpha1.LabelManagedBy] == v1alpha1.ManagedByAtoll {
			return d
		}
	}
	return nil
}

// shown is how another service is written for the readers of this one's
// namespace.
func (e *Evidence) shown(namespace, name string) string {
	if namespace == e.Microservice.Namespace {
		return name
	}
	return namespace + "/" + name
}
