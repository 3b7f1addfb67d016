// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/metrics"
)

// LeaderElectionID is the name of the Lease by which managers elect a leader. The alert AtollNoLeader
// names it too.
const LeaderElectionID = "manager.atoll.dev"

// The manager's rights, and the reason for each.
//
// Atoll's own kinds: read the spec, write the status. Of the spec, Atoll writes only a default
// of scaling.replicas. Before it changes one, it reads the owner of the field.
// +kubebuilder:rbac:groups=atoll.dev,resources=microservices;topologies,verbs=list;watch
// +kubebuilder:rbac:groups=atoll.dev,resources=microservices,verbs=get;patch
// +kubebuilder:rbac:groups=atoll.dev,resources=microservices/status;topologies/status,verbs=patch
//
// Owner references with blockOwnerDeletion need this where the API server checks
// it (OwnerReferencesPermissionEnforcement, as on OpenShift).
// +kubebuilder:rbac:groups=atoll.dev,resources=microservices/finalizers;topologies/finalizers,verbs=update
//
// Rules for kinds that a cluster may lack are in ClusterRoles of their own (roleName), so
// that a cluster without them need not grant them.
//
// Children: patch is server-side apply, create lets it create objects, update removes
// list items that others added, delete prunes, get reads what no cache holds.
// +kubebuilder:rbac:groups=apps,resources=deployments;statefulsets,verbs=get;list;watch;create;patch;update;delete
// +kubebuilder:rbac:groups="",resources=services,verbs=get;list;watch;create;patch;update;delete
// +kubebuilder:rbac:groups="",resources=serviceaccounts,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:groups=autoscaling,resources=horizontalpodautoscalers,verbs=get;list;watch;create;patch;update;delete
// +kubebuilder:rbac:groups=policy,resources=poddisruptionbudgets,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:roleName=gateway-manager-role,groups=gateway.networking.k8s.io,resources=httproutes;grpcroutes;gateways,verbs=get;list;watch;create;patch;update;delete
// +kubebuilder:rbac:groups=networking.k8s.io,resources=networkpolicies,verbs=get;list;watch;create;patch;update;delete
// +kubebuilder:rbac:groups=batch,resources=cronjobs,verbs=get;list;watch;create;patch;update;delete
// +kubebuilder:rbac:groups=batch,resources=jobs,verbs=get;list;watch;create;patch;delete
// +kubebuilder:rbac:roleName=cloudnativepg-manager-role,groups=postgresql.cnpg.io,resources=clusters;scheduledbackups,verbs=get;list;watch;create;patch;update;delete
// +kubebuilder:rbac:roleName=cloudnativepg-manager-role,groups=barmancloud.cnpg.io,resources=objectstores,verbs=get;list;watch;create;patch;update;delete
// +kubebuilder:rbac:roleName=prometheus-manager-role,groups=monitoring.coreos.com,resources=podmonitors;prometheusrules,verbs=get;list;watch;create;patch;update;delete
//
// Binding Secrets are children too. Secrets that pods use are read to report one that
// is missing, or lacks a key, and to roll pods when it changes.
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;patch;delete
//
// ConfigMaps that pods use are read for the same reason.
// +kubebuilder:rbac:groups="",resources=configmaps,verbs=get;list;watch
//
// Topologies select by the labels of Namespaces which of them may have members.
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
//
// StatefulSets create claims, and Atoll never deletes one. It grows them, and keeps
// them when their StatefulSet is deleted.
// +kubebuilder:rbac:groups="",resources=persistentvolumeclaims,verbs=get;list;watch;patch
//
// Pods show why a service is not ready.
// +kubebuilder:rbac:groups="",resources=pods,verbs=list;watch
//
// These report a GatewayClass that does not exist, and start optional kinds when they
// are installed.
// +kubebuilder:rbac:roleName=gateway-manager-role,groups=gateway.networking.k8s.io,resources=gatewayclasses,verbs=list;watch
// +kubebuilder:rbac:groups=apiextensions.k8s.io,resources=customresourcedefinitions,verbs=list;watch
//
// Changes of readiness are recorded as events.
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Settings are the decisions of the platform team.
type Settings struct {
	// Workers is the number of Microservices that are reconciled at the same time.
	Workers int
	// RcloneImage copies backups to and from buckets. It needs rclone and sh.
	RcloneImage string
	// CloudNativePGNamespace is the namespace of CloudNativePG's operator, which must
	// reach its servers. Empty means where its manifests install it.
	CloudNativePGNamespace string
	// NameServers are the addresses of the cluster's name servers, which NetworkPolicies
	// permit.
	NameServers []string
	// PublicPorts are the ports at which clients outside the cluster reach Gateways.
	PublicPorts inputs.PublicPorts
	// Namespaces are those that the caches hold, as for CacheOptions. Empty means all.
	Namespaces []string
	// Metrics is where Atoll's metrics are registered; nil means nowhere.
	Metrics prometheus.Registerer
	// Traces makes spans of reconciles; nil means that none are made.
	Traces trace.TracerProvider
	// Now is the clock; nil means the machine's.
	Now func() time.Time
}

// Setup adds all controllers to the manager. foreign is a cache made with
// NewForeignCache.
func Setup(mgr ctrl.Manager, foreign cache.Cache, settings Settings) error {
	optional := NewOptionalKinds(mgr, foreign, settings.Namespaces)
	services := NewMicroserviceReconciler(mgr, foreign, optional)
	services.RcloneImage, services.CloudNativePGNamespace = settings.RcloneImage, settings.CloudNativePGNamespace
	// Not nil: without an address, the status of a Topology must not count.
	services.NameServers = append([]string{}, settings.NameServers...)
	services.PublicPorts, services.Traces = settings.PublicPorts, settings.Traces
	if settings.Now != nil {
		services.Now = settings.Now
	}
	if settings.Metrics != nil {
		if err := metrics.Register(settings.Metrics, services.Activity, &metrics.State{Cache: mgr.GetCache(), Elected: mgr.Elected()}); err != nil {
			return err
		}
	}
	if err := services.SetupWithManager(mgr, foreign, settings.Workers); err != nil {
		return fmt.Errorf("setting up the Microservice controller: %w", err)
	}
	topologies := &TopologyReconciler{Client: services.Client, Foreign: services.Foreign, Applier: services.Applier, Optional: optional, Recorder: services.Recorder,
		NameServers: services.NameServers, PublicPorts: services.PublicPorts, Traces: services.Traces}
	if err := topologies.SetupWithManager(mgr, foreign); err != nil {
		return fmt.Errorf("setting up the Topology controller: %w", err)
	}
	if err := optional.SetupWithManager(mgr); err != nil {
		return fmt.Errorf("setting up the optional kinds: %w", err)
	}
	return nil
}
