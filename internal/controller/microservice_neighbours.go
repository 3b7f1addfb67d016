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

package controller

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

func (r *MicroserviceReconciler) gatherTopology(ctx context.Context, g *gathered, seen *fingerprint) error {
	key, wanted := topologyKey(g.Microservice)
	if !wanted {
		return nil
	}
	topology := &v1alpha1.Topology{}
	err := r.Get(ctx, key, topology)
	if apierrors.IsNotFound(err) {
		g.topologyMissing = true
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading Topology %q: %w", key.Name, err)
	}
	// Its status changes with every member; of it nothing matters here.
	seen.text(string(topology.UID), strconv.FormatInt(topology.Generation, 10), topology.Annotations[v1alpha1.AnnotationIsolation])
	allowed, err := allows(ctx, r.Foreign, topology, g.Microservice.Namespace)
	if err != nil {
		return err
	}
	seen.text(strconv.FormatBool(allowed))
	if !allowed {
		g.topologyRefuses = true
		return nil
	}
	g.Topology = topology
	return nil
}

func (r *MicroserviceReconciler) gatherGraph(ctx context.Context, g *gathered, seen *fingerprint) error {
	known := &services{ctx: ctx, reader: r.Client, foreign: r.Foreign}
	g.Edges = graph.Resolve(g.Microservice, known.graph())
	for i := range g.Edges {
		if callee := g.Edges[i].Callee; callee != nil {
			for _, port := range g.Edges[i].Ports() {
				seen.text(fmt.Sprint(graph.ServingPorts(callee, port)))
			}
			seen.text(string(callee.UID), strconv.FormatInt(callee.Generation, 10), string(readyStatus(callee.Status.Conditions)), strconv.FormatBool(g.Edges[i].Permitted))
		}
	}
	// It matters to a first rollout only.
	g.WaitsInCircle = graph.WaitsInCycle(g.Microservice, known.find)
	seen.text(strconv.FormatBool(g.WaitsInCircle))

	callers := &v1alpha1.MicroserviceList{}
	if err := r.List(ctx, callers, client.MatchingFields{indexDependency: client.ObjectKeyFromObject(g.Microservice).String()}); err != nil {
		return fmt.Errorf("listing dependents: %w", err)
	}
	slices.SortFunc(callers.Items, func(a, b v1alpha1.Microservice) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
	})
	for i := range callers.Items {
		caller := &callers.Items[i]
		seen.text(string(caller.UID), strconv.FormatInt(caller.Generation, 10))
		for _, edge := range graph.Resolve(caller, known.graph()) {
			if edge.Callee == nil || edge.Callee.UID != g.Microservice.UID || !edge.Permitted {
				continue
			}
			if caller.DeletionTimestamp == nil {
				seen.text("depends")
				g.dependents++
			}
			for _, port := range edge.Ports() {
				// Whether it is let in depends on more than its spec.
				seen.text("calls", port.Name)
				g.Callers = append(g.Callers, inputs.Caller{Namespace: caller.Namespace, Name: caller.Name, Port: port.Name})
			}
		}
	}
	return known.failed
}

func (r *MicroserviceReconciler) gatherGateways(ctx context.Context, g *gathered, seen *fingerprint) error {
	if len(g.Microservice.Spec.Routes) == 0 || !r.Optional.Installed(gatewayKind.crd) {
		return nil
	}
	g.Gateways = map[string]*gatewayv1.Gateway{}
	for i := range g.Microservice.Spec.Routes {
		for _, ref := range routes.GatewayRefs(g.Microservice, &g.Microservice.Spec.Routes[i], g.Topology) {
			key := gatewayKey(ref, g.Microservice.Namespace)
			gateway := &gatewayv1.Gateway{}
			err := r.Foreign.Get(ctx, key, gateway)
			if apierrors.IsNotFound(err) {
				continue
			}
			if err != nil {
				return fmt.Errorf("reading Gateway %q: %w", key, err)
			}
			g.Gateways[key.String()] = gateway
			seen.add(gateway)
			admits, err := r.admits(ctx, g.Microservice, g.Topology, gateway, ref.SectionName, "")
			if err != nil {
				return err
			}
			if !admits {
				if g.RefusedBy == nil {
					g.RefusedBy = map[string]bool{}
				}
				g.RefusedBy[key.String()+"/"+ref.SectionName] = true
				seen.text("refused", key.String(), ref.SectionName)
			}
			if err := r.gatherGatewayClass(ctx, g, string(gateway.Spec.GatewayClassName), seen); err != nil {
				return err
			}
		}
	}
	return nil
}

// gatewayKey is the Gateway that a route of a namespace refers to.
func gatewayKey(ref v1alpha1.GatewayReference, namespace string) types.NamespacedName {
	if ref.Namespace != "" {
		namespace = ref.Namespace
	}
	return types.NamespacedName{Namespace: namespace, Name: ref.Name}
}

func (r *MicroserviceReconciler) gatherGatewayClass(ctx context.Context, g *gathered, name string, seen *fingerprint) error {
	if g.GatewayClasses[name] != nil || !r.Optional.Installed(gatewayClassKind.crd) {
		return nil
	}
	class := &gatewayv1.GatewayClass{}
	if err := r.Foreign.Get(ctx, types.NamespacedName{Name: name}, class); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("reading GatewayClass %q: %w", name, err)
	}
	if g.GatewayClasses == nil {
		g.GatewayClasses = map[string]*gatewayv1.GatewayClass{}
	}
	g.GatewayClasses[name] = class
	seen.add(class)
	return nil
}
