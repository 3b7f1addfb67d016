// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"go.opentelemetry.io/otel/trace"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/tracing"
)

// TopologyReconciler reconciles the Gateways of Topologies and summarizes their
// members.
type TopologyReconciler struct {
	// Client reads from the cache and writes.
	client.Client
	// Foreign reads from the cache of objects that Atoll does not own.
	Foreign  client.Reader
	Applier  *apply.Applier
	Optional *OptionalKinds
	Recorder events.EventRecorder
	// NameServers are the addresses of the cluster's name servers.
	NameServers []string
	// PublicPorts are the ports at which clients outside the cluster reach Gateways.
	PublicPorts inputs.PublicPorts
	// Traces makes spans of reconciles; nil means that none are made.
	Traces trace.TracerProvider
}

// topologyState is everything that one reconcile reads.
type topologyState struct {
	topology *v1alpha1.Topology
	members  []*v1alpha1.Microservice
	// known finds any Microservice: members may depend on services that are not
	// members.
	known *serviceLookup
	// gateway is the one that the Topology owns or refers to; nil when it does not
	// exist.
	gateway *gatewayv1.Gateway
	// unused is the Topology's former Gateway, which its spec no longer wants; nil when
	// there is none.
	unused *gatewayv1.Gateway
	// classMissing means that the GatewayClass does not exist.
	classMissing bool
	// gatewayAPI means that the Gateway API is installed.
	gatewayAPI bool
	// nameServers are the addresses of the cluster's name servers.
	nameServers []string
	publicPorts inputs.PublicPorts
	// incomplete means that something could not be read.
	incomplete bool
}

// Reconcile brings the Gateway of one Topology in line with its spec, and its status up
// to date.
func (r *TopologyReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	topology := &v1alpha1.Topology{}
	if err := r.Get(ctx, req.NamespacedName, topology); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if topology.DeletionTimestamp != nil {
		return ctrl.Result{}, nil
	}
	gathering, span := tracing.Start(ctx, "Gather")
	state, err := r.gather(gathering, topology)
	span.End(err)
	if err != nil {
		unread := &topologyState{topology: topology, incomplete: true, known: &serviceLookup{ctx: ctx, reader: r.Client, foreign: r.Foreign}}
		return ctrl.Result{}, errors.Join(err, r.writeStatus(ctx, unread, false, nil))
	}
	changed, problem, err := r.applyGateway(ctx, state)
	return ctrl.Result{RequeueAfter: pollAfter(problem, err)}, errors.Join(err, r.writeStatus(ctx, state, changed, problem))
}

func (r *TopologyReconciler) gather(ctx context.Context, topology *v1alpha1.Topology) (*topologyState, error) {
	state := &topologyState{topology: topology, nameServers: r.NameServers, publicPorts: r.PublicPorts, gatewayAPI: r.Optional.Installed(gatewayKind.crd)}
	members := &v1alpha1.MicroserviceList{}
	if err := r.List(ctx, members, client.MatchingFields{indexTopology: client.ObjectKeyFromObject(topology).String()}); err != nil {
		return nil, fmt.Errorf("listing members: %w", err)
	}
	for i := range members.Items {
		member := &members.Items[i]
		allowed, err := allows(ctx, r.Foreign, topology, member.Namespace)
		if err != nil {
			return nil, err
		}
		if allowed && member.DeletionTimestamp == nil {
			state.members = append(state.members, member)
		}
	}
	state.known = &serviceLookup{ctx: ctx, reader: r.Client, foreign: r.Foreign}
	if !state.gatewayAPI {
		return state, nil
	}
	return state, r.gatherGateway(ctx, state)
}

func (r *TopologyReconciler) gatherGateway(ctx context.Context, state *topologyState) error {
	own := types.NamespacedName{Namespace: state.topology.Namespace, Name: state.topology.Name}
	spec := state.topology.Spec.Gateway
	var err error
	switch {
	case spec == nil:
		state.unused, err = r.gateway(ctx, own)
	case spec.Ref == nil:
		if state.gateway, err = r.gateway(ctx, own); err == nil {
			err = r.gatherClass(ctx, state)
		}
	default:
		referred := types.NamespacedName{Namespace: spec.Ref.Namespace, Name: spec.Ref.Name}
		if referred.Namespace == "" {
			referred.Namespace = own.Namespace
		}
		state.gateway, err = r.gateway(ctx, referred)
		if err == nil && referred != own {
			state.unused, err = r.gateway(ctx, own)
		}
	}
	return err
}

// gateway returns the Gateway of a name, or nil.
func (r *TopologyReconciler) gateway(ctx context.Context, key types.NamespacedName) (*gatewayv1.Gateway, error) {
	gateway := &gatewayv1.Gateway{}
	err := r.Foreign.Get(ctx, key, gateway)
	if apierrors.IsNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading Gateway %q: %w", key, err)
	}
	return gateway, nil
}

func (r *TopologyReconciler) gatherClass(ctx context.Context, state *topologyState) error {
	if !r.Optional.Installed(gatewayClassKind.crd) {
		return nil
	}
	name := state.topology.Spec.Gateway.ClassName
	err := r.Foreign.Get(ctx, types.NamespacedName{Name: name}, &gatewayv1.GatewayClass{})
	state.classMissing = apierrors.IsNotFound(err)
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("reading GatewayClass %q: %w", name, err)
	}
	return nil
}

// guestNamespaces returns the namespaces of members, except the Topology's own.
func (s *topologyState) guestNamespaces() []string {
	var namespaces []string
	for _, ms := range s.members {
		if ms.Namespace != s.topology.Namespace && !slices.Contains(namespaces, ms.Namespace) {
			namespaces = append(namespaces, ms.Namespace)
		}
	}
	return namespaces
}

// applyGateway creates, updates or deletes the Gateway that the Topology owns. problem
// is for the user; err is retried.
func (r *TopologyReconciler) applyGateway(ctx context.Context, state *topologyState) (changed bool, problem *condition.Problem, err error) {
	if !state.gatewayAPI {
		return false, nil, nil
	}
	desired := routes.Gateway(state.topology, state.guestNamespaces())
	if desired == nil {
		if state.unused != nil {
			changed, err = r.Applier.Prune(ctx, state.topology, []client.Object{state.unused}, func(client.Object) bool { return false })
		}
		return changed, nil, err
	}
	desired.OwnerReferences = []metav1.OwnerReference{{
		APIVersion: v1alpha1.GroupVersion.String(), Kind: "Topology", Name: state.topology.Name, UID: state.topology.UID,
		Controller: ptr.To(true), BlockOwnerDeletion: ptr.To(true),
	}}
	object := apply.Object{Desired: desired}
	if state.gateway != nil {
		object.Live = state.gateway
	}
	applying, span := tracing.StartObject(ctx, "Apply", "Gateway", desired.Name)
	changed, err = r.Applier.Apply(applying, state.topology, object)
	span.EndChanged(changed, err)
	if err == nil {
		return changed, nil, nil
	}
	problem, retry := applyProblem("Gateway", desired.Name, v1alpha1.ConditionGatewayReady, err)
	return changed, problem, retry
}
