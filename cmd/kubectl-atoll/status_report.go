// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// serviceStatus is a row of the table of all services.
type serviceStatus struct {
	Name      string      `json:"name"`
	Namespace string      `json:"namespace"`
	State     graph.State `json:"state"`
	// Reason and Message are those of the condition Ready if it is not True.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Pods is the number of ready pods of all pods, such as 2/3.
	Pods     string          `json:"pods,omitempty"`
	URLs     []string        `json:"urls"`
	Database *databaseStatus `json:"database,omitempty"`
	Calls    []callStatus    `json:"calls"`
	CalledBy []string        `json:"calledBy"`
	// Traffic is what Prometheus knows of the requests; nil without --prometheus.
	Traffic *traffic `json:"traffic,omitempty"`
}

// databaseStatus is the database of a service.
type databaseStatus struct {
	*graph.DatabaseNode
	Provider   v1alpha1.DatabaseProvider `json:"provider"`
	Host       string                    `json:"host,omitempty"`
	SecretName string                    `json:"secretName,omitempty"`
	LastBackup *v1alpha1.BackupStatus    `json:"lastBackup,omitempty"`
}

// callStatus is a call of a service.
type callStatus struct {
	Service  string      `json:"service"`
	State    graph.State `json:"state"`
	Port     int32       `json:"port,omitempty"`
	Resolved bool        `json:"resolved"`
	Reason   string      `json:"reason,omitempty"`
	Message  string      `json:"message,omitempty"`
}

// detailedStatus is the complete status of one service.
type detailedStatus struct {
	serviceStatus
	Topology   string             `json:"topology,omitempty"`
	Image      string             `json:"image"`
	Rollout    *rollout           `json:"rollout"`
	Routes     []routeStatus      `json:"routes"`
	Conditions []metav1.Condition `json:"conditions"`
}

func newServiceStatus(ms *v1alpha1.Microservice, n *graph.Node) serviceStatus {
	s := serviceStatus{
		Name: ms.Name, Namespace: ms.Namespace, State: n.Health, Reason: n.Reason, Message: n.Message, Pods: ms.Status.Ready,
		URLs: append([]string{}, n.URLs...), Calls: []callStatus{}, CalledBy: []string{},
	}
	if n.Database != nil {
		s.Database = &databaseStatus{DatabaseNode: n.Database, Provider: databaseProvider(ms)}
		if of := ms.Status.Database; of != nil {
			s.Database.Host, s.Database.SecretName, s.Database.LastBackup = of.Host, of.SecretName, of.LastBackup
		}
	}
	for _, call := range n.Calls {
		s.Calls = append(s.Calls, callStatus{call.To, call.Callee.Health, call.Port, call.Resolved, call.Reason, call.Message})
	}
	for _, call := range n.Callers {
		s.CalledBy = append(s.CalledBy, call.From)
	}
	return s
}

func databaseProvider(ms *v1alpha1.Microservice) v1alpha1.DatabaseProvider {
	if ms.Spec.Database.Provider == "" {
		return v1alpha1.ProviderBuiltIn
	}
	return ms.Spec.Database.Provider
}

// readDetailedStatus reads the parts of the status that are in other objects.
func readDetailedStatus(ctx context.Context, c client.Reader, ms *v1alpha1.Microservice, n *graph.Node, from *inventory) (*detailedStatus, error) {
	s := &detailedStatus{serviceStatus: newServiceStatus(ms, n), Image: ms.Spec.Image, Routes: []routeStatus{}, Conditions: []metav1.Condition{}}
	var topology *v1alpha1.Topology
	if ref := ms.Spec.TopologyRef; ref != nil {
		s.Topology = graph.TopologyOf(ms)
		if from.memberOf(ms) != "" {
			topology = from.memberships.readableTopology(types.NamespacedName{Namespace: namespaceOr(ref.Namespace, ms.Namespace), Name: ref.Name})
		}
	}
	var err error
	if s.Rollout, err = readRollout(ctx, c, ms); err != nil {
		return nil, err
	}
	routes, err := readRoutes(ctx, c, ms, topology)
	if err != nil {
		return nil, err
	}
	s.Routes = append(s.Routes, routes...)
	s.Conditions = append(s.Conditions, ms.Status.Conditions...)
	return s, nil
}
