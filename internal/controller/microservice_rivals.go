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

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/kube"
)

// routeCRDs are the kinds of routes.
var routeCRDs = map[string]bool{"httproutes.gateway.networking.k8s.io": true, "grpcroutes.gateway.networking.k8s.io": true}

// claimKey is what a route claims, as far as its Microservice tells: the path, and
// the host, or without one the Topology and the Gateways whose hosts it takes.
func claimKey(of, path string) string { return of + " " + path }

func byClaim(o client.Object) []string {
	ms := o.(*v1alpha1.Microservice)
	var keys []string
	for i := range ms.Spec.Routes {
		route := &ms.Spec.Routes[i]
		path := routes.ClaimedPath(route)
		if len(route.Hostnames) == 0 {
			keys = append(keys, claimKey(graph.TopologyOf(ms), path))
			for _, ref := range route.ParentRefs {
				keys = append(keys, claimKey("gateway "+gatewayKey(ref, ms.Namespace).String(), path))
			}
		}
		for _, hostname := range route.Hostnames {
			keys = append(keys, claimKey(string(hostname), path))
		}
	}
	return keys
}

// gatherRivals finds the services that claim what the routes claim.
func (r *MicroserviceReconciler) gatherRivals(ctx context.Context, g *gathered, seen *fingerprint) error {
	if len(g.Microservice.Spec.Routes) == 0 {
		return nil
	}
	found, err := r.claimants(ctx, g.Microservice, g.Topology)
	if err != nil || len(found) == 0 {
		return err
	}
	var failed error
	own, err := r.contender(ctx, g.Microservice, g.Topology, &failed)
	if err != nil {
		return err
	}
	var others []routes.Contender
	for _, ms := range found {
		topology, err := r.topologyOf(ctx, ms)
		if err != nil {
			return err
		}
		other, err := r.contender(ctx, ms, topology, &failed)
		if err != nil {
			return err
		}
		other.Held = topology == nil && ms.Spec.TopologyRef != nil
		others = append(others, other)
	}
	if g.Rivals = routes.RivalsOf(&own, others); failed != nil {
		return failed
	}
	for _, rival := range g.Rivals {
		seen.text(strconv.Itoa(rival.Route), rival.Gateway, string(rival.Hostname), rival.Namespace, rival.Name, strconv.FormatBool(rival.Wins))
	}
	return nil
}

// contender is a Microservice as one that claims routes.
func (r *MicroserviceReconciler) contender(ctx context.Context, ms *v1alpha1.Microservice, topology *v1alpha1.Topology, failed *error) (routes.Contender, error) {
	c := routes.Contender{Microservice: ms, Topology: topology}
	c.Admits = func(gateway, section string, hostname v1alpha1.Hostname) bool {
		key := types.NamespacedName{}
		key.Namespace, key.Name, _ = strings.Cut(gateway, "/")
		found, err := r.gateway(ctx, key)
		if err != nil {
			*failed = err
			return false
		}
		admits, err := r.admits(ctx, ms, topology, found, section, hostname)
		if err != nil {
			*failed = err
		}
		return admits
	}
	var err error
	c.Routes, err = r.routesOf(ctx, ms)
	return c, err
}

// gatewayKey is the Gateway that a route of a namespace refers to.
func gatewayKey(ref v1alpha1.GatewayReference, namespace string) types.NamespacedName {
	return types.NamespacedName{Namespace: cmp.Or(ref.Namespace, namespace), Name: ref.Name}
}

// admits says whether a Gateway lets a Microservice have a host at a listener. That
// of its own Topology does, or is about to.
func (r *MicroserviceReconciler) admits(ctx context.Context, ms *v1alpha1.Microservice, topology *v1alpha1.Topology, gateway *gatewayv1.Gateway, section string, hostname v1alpha1.Hostname) (bool, error) {
	if gateway != nil && topology != nil && metav1.IsControlledBy(gateway, topology) {
		return true, nil
	}
	return routes.GatewayAdmits(gateway, section, hostname, ms.Namespace, namespaceLabels(ctx, r.Foreign))
}

// gateway is the Gateway of a name, or nil.
func (r *MicroserviceReconciler) gateway(ctx context.Context, key types.NamespacedName) (*gatewayv1.Gateway, error) {
	if !r.Optional.Installed(gatewayKind.crd) {
		return nil, nil
	}
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

// claimants finds the other Microservices whose routes may claim what ms's do.
func (r *MicroserviceReconciler) claimants(ctx context.Context, ms *v1alpha1.Microservice, topology *v1alpha1.Topology) ([]*v1alpha1.Microservice, error) {
	keys := map[string]bool{}
	for i := range ms.Spec.Routes {
		route := &ms.Spec.Routes[i]
		path := routes.ClaimedPath(route)
		hostnames := routes.Hostnames(route, topology)
		for _, hostname := range hostnames {
			keys[claimKey(string(hostname), path)] = true
		}
		for _, ref := range routes.GatewayRefs(ms, route, topology) {
			key := gatewayKey(ref, ms.Namespace)
			keys[claimKey("gateway "+key.String(), path)] = true
			sharing := &v1alpha1.TopologyList{}
			if err := r.List(ctx, sharing, client.MatchingFields{indexGateway: key.String()}); err != nil {
				return nil, fmt.Errorf("listing Topologies of Gateway %q: %w", key, err)
			}
			for j := range sharing.Items {
				if other := &sharing.Items[j]; shareHost(hostnames, other.Spec.Gateway.Hostnames) {
					keys[claimKey(client.ObjectKeyFromObject(other).String(), path)] = true
				}
			}
		}
	}
	found := map[types.UID]*v1alpha1.Microservice{}
	for key := range keys {
		list := &v1alpha1.MicroserviceList{}
		if err := r.List(ctx, list, client.MatchingFields{indexClaim: key}); err != nil {
			return nil, fmt.Errorf("listing Microservices that claim %q: %w", key, err)
		}
		for i := range list.Items {
			if other := &list.Items[i]; other.UID != ms.UID {
				found[other.UID] = other
			}
		}
	}
	all := make([]*v1alpha1.Microservice, 0, len(found))
	for _, other := range found {
		all = append(all, other)
	}
	return all, nil
}

// shareHost says whether two lists of hosts, of which an empty one is every host,
// have a claim in common.
func shareHost(a, b []v1alpha1.Hostname) bool {
	if len(a) == 0 || len(b) == 0 {
		return len(a) == len(b)
	}
	return slices.ContainsFunc(a, func(hostname v1alpha1.Hostname) bool { return slices.Contains(b, hostname) })
}

// topologyOf is the Topology that a Microservice is a member of, or nil.
func (r *MicroserviceReconciler) topologyOf(ctx context.Context, ms *v1alpha1.Microservice) (*v1alpha1.Topology, error) {
	known := &services{ctx: ctx, reader: r.Client, foreign: r.Foreign}
	key, wanted := graph.TopologyKey(ms)
	if !wanted || known.memberOf(ms) == "" {
		return nil, known.failed
	}
	topology := &v1alpha1.Topology{}
	if !known.get(key, topology, "Topology") {
		return nil, known.failed
	}
	return topology, nil
}

// routesOf are a Microservice's live routes.
func (r *MicroserviceReconciler) routesOf(ctx context.Context, ms *v1alpha1.Microservice) ([]kube.Object, error) {
	var routes []kube.Object
	for _, c := range components.Kinds() {
		if c.CRD == nil || !routeCRDs[c.CRD.Name] || !r.Optional.Installed(c.CRD.Name) {
			continue
		}
		found, err := r.Children.of(ctx, c.Kind, c.Prototype.(client.Object), client.ObjectKeyFromObject(ms))
		if err != nil {
			return nil, fmt.Errorf("listing %s: %w", c.Kind, err)
		}
		for _, o := range found {
			routes = append(routes, o)
		}
	}
	return routes, nil
}

// contenders has those reconciled whose routes claim what a Microservice claims
// or claimed.
func (r *MicroserviceReconciler) contenders() handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q requestQueue) { add(q, r.rivals(ctx, e.Object)) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q requestQueue) { add(q, r.rivals(ctx, e.Object)) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q requestQueue) {
			before, after := e.ObjectOld.(*v1alpha1.Microservice), e.ObjectNew.(*v1alpha1.Microservice)
			if concernsRivals(before, after) {
				add(q, r.rivals(ctx, before))
				add(q, r.rivals(ctx, after))
			}
		},
	}
}

// concernsRivals says whether a change is one of what a Microservice claims, or of
// whether that can be made.
func concernsRivals(before, after *v1alpha1.Microservice) bool {
	return (before.DeletionTimestamp == nil) != (after.DeletionTimestamp == nil) || !equality.Semantic.DeepEqual(
		[]any{before.Spec.Routes, before.Spec.TopologyRef, before.Spec.Type, before.Spec.Ports},
		[]any{after.Spec.Routes, after.Spec.TopologyRef, after.Spec.Type, after.Spec.Ports})
}

// routeHolders has those reconciled whose routes claim what a route that comes, goes
// or changes has: whoever has a route keeps it.
func (r *MicroserviceReconciler) routeHolders() handler.EventHandler {
	wake := func(ctx context.Context, route client.Object, q requestQueue) {
		for _, owner := range belongsTo(ctx, route) {
			ms := &v1alpha1.Microservice{}
			if err := r.Get(ctx, owner.NamespacedName, ms); err == nil {
				add(q, r.rivals(ctx, ms))
			}
		}
	}
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q requestQueue) { wake(ctx, e.Object, q) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q requestQueue) { wake(ctx, e.Object, q) },
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q requestQueue) {
			if e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() {
				wake(ctx, e.ObjectNew, q)
			}
		},
	}
}

// rivals finds the others whose routes may claim what a Microservice's do. It is
// empty where the cache can't be read, which is while it shuts down.
func (r *MicroserviceReconciler) rivals(ctx context.Context, o client.Object) []reconcile.Request {
	ms := o.(*v1alpha1.Microservice)
	if len(ms.Spec.Routes) == 0 {
		return nil
	}
	topology, err := r.topologyOf(ctx, ms)
	if err != nil {
		return nil
	}
	return r.rivalsWith(ctx, ms, topology)
}

// rivalsWith finds the same where the Microservice is a member of a Topology, or
// was.
func (r *MicroserviceReconciler) rivalsWith(ctx context.Context, ms *v1alpha1.Microservice, topology *v1alpha1.Topology) []reconcile.Request {
	claimants, err := r.claimants(ctx, ms, topology)
	if err != nil {
		return nil
	}
	found := make([]reconcile.Request, len(claimants))
	for i, other := range claimants {
		found[i].NamespacedName = client.ObjectKeyFromObject(other)
	}
	return found
}
