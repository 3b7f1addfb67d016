// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/kube"
)

// readNeighbours reads the Microservices and Topologies of all namespaces. If the user
// is not allowed to, it reads only the namespaces of the files, and the Topologies that
// the services refer to.
func (l *clusterState) readNeighbours(ctx context.Context, namespaces []string) error {
	for _, neighbours := range []struct {
		list        client.ObjectList
		kinds       string
		consequence string
		// oneByOne reads what can be read by name; nil where nothing can.
		oneByOne func(context.Context) error
	}{
		{&v1alpha1.MicroserviceList{}, "Microservices", "callers in those namespaces are unknown", nil},
		{&v1alpha1.TopologyList{}, "Topologies", "memberships in those Topologies are unknown", l.readTopologiesOneByOne},
	} {
		err := l.client.List(ctx, neighbours.list)
		if !apierrors.IsForbidden(err) {
			if err := l.addOthers(neighbours.kinds, neighbours.list, err); err != nil {
				return err
			}
			continue
		}
		l.note("you are not allowed to list %s in other namespaces; %s", neighbours.kinds, neighbours.consequence)
		for _, namespace := range namespaces {
			err := l.client.List(ctx, neighbours.list, client.InNamespace(namespace))
			if apierrors.IsForbidden(err) {
				l.note("you are not allowed to list %s in namespace %s; %s", neighbours.kinds, namespace, neighbours.consequence)
				continue
			}
			if err := l.addOthers(neighbours.kinds, neighbours.list, err); err != nil {
				return err
			}
		}
		if neighbours.oneByOne != nil {
			if err := neighbours.oneByOne(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// readTopologiesOneByOne reads each Topology that a service names.
func (l *clusterState) readTopologiesOneByOne(ctx context.Context) error {
	for _, ms := range l.world.Services {
		named := graph.TopologyOf(ms)
		namespace, name, _ := strings.Cut(named, "/")
		if named == "" || l.world.Topology(namespace, name) != nil || l.world.Hidden["Topology "+named] {
			continue
		}
		topology := &v1alpha1.Topology{}
		switch err := l.client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, topology); {
		case err == nil:
			if err := l.add(topology); err != nil {
				return err
			}
		case apierrors.IsForbidden(err):
			l.world.Hidden["Topology "+named] = true
		case !apierrors.IsNotFound(err):
			return explainError(fmt.Sprintf("reading Topology %q", name), err)
		}
	}
	return nil
}

// readNamespaces reads the labels of namespaces, because Topologies and Gateways may
// select namespaces by labels.
func (l *clusterState) readNamespaces(ctx context.Context, _ []string) error {
	list := &corev1.NamespaceList{}
	err := l.client.List(ctx, list)
	if err == nil {
		if err := meta.EachListItem(list, l.add); err != nil {
			return err
		}
	} else if !apierrors.IsForbidden(err) {
		return fmt.Errorf("listing Namespace: %w", err)
	}
	read := map[string]bool{}
	for i := range list.Items {
		read[list.Items[i].Name] = true
	}
	for _, ms := range l.world.Services {
		if read[ms.Namespace] || !selectedByNamespaceLabels(ms) {
			continue
		}
		read[ms.Namespace] = true
		ns := &corev1.Namespace{}
		switch err := l.client.Get(ctx, types.NamespacedName{Name: ms.Namespace}, ns); {
		case apierrors.IsForbidden(err):
			l.note("you are not allowed to read Namespace %q; it is assumed to match all namespace selectors", ms.Namespace)
			continue
		case apierrors.IsNotFound(err):
			// The operator treats a missing Namespace as one without labels.
			ns.Name = ms.Namespace
		case err != nil:
			return fmt.Errorf("reading Namespace %q: %w", ms.Namespace, err)
		}
		if err := l.add(ns); err != nil {
			return err
		}
	}
	return nil
}

// selectedByNamespaceLabels reports whether a Topology or Gateway of another namespace
// may select the service by the labels of its namespace.
func selectedByNamespaceLabels(ms *v1alpha1.Microservice) bool {
	ref := ms.Spec.TopologyRef
	return ref != nil && ref.Namespace != "" && ref.Namespace != ms.Namespace || len(ms.Spec.Routes) > 0
}

// addOthers adds the objects of a list that are not in the files. err is the error of
// reading the list.
func (l *clusterState) addOthers(kinds string, list client.ObjectList, err error) error {
	if err != nil {
		return explainError("listing "+kinds, err)
	}
	return meta.EachListItem(list, func(o runtime.Object) error {
		if l.isInFiles(o.(client.Object)) {
			return nil
		}
		return l.add(o)
	})
}

// readGateways reads the Gateways of all namespaces. If the user may not, it reads
// those of the files' namespaces, and those that routes name.
func (l *clusterState) readGateways(ctx context.Context, namespaces []string) error {
	list := &gatewayv1.GatewayList{}
	err := l.client.List(ctx, list)
	if apierrors.IsForbidden(err) {
		return l.readGatewaysByNamespace(ctx, namespaces)
	}
	if err != nil && !meta.IsNoMatchError(err) && !apierrors.IsNotFound(err) {
		return fmt.Errorf("listing Gateway: %w", err)
	}
	return meta.EachListItem(list, l.add)
}

func (l *clusterState) readGatewaysByNamespace(ctx context.Context, namespaces []string) error {
	for _, namespace := range namespaces {
		list := &gatewayv1.GatewayList{}
		err := l.client.List(ctx, list, client.InNamespace(namespace))
		if apierrors.IsForbidden(err) {
			l.unread[kindInNamespace{"Gateway", namespace}] = true
			l.note("you are not allowed to list Gateways in namespace %s; differences in them are not shown", namespace)
		} else if err != nil {
			return fmt.Errorf("listing Gateway: %w", err)
		}
		if err := meta.EachListItem(list, l.add); err != nil {
			return err
		}
	}
	for _, ms := range l.services {
		namespace, name, _ := strings.Cut(graph.TopologyOf(ms), "/")
		for i := range ms.Spec.Routes {
			for _, ref := range routes.GatewayRefs(ms, &ms.Spec.Routes[i], l.world.Topology(namespace, name)) {
				key := types.NamespacedName{Namespace: namespaceOr(ref.Namespace, ms.Namespace), Name: ref.Name}
				if slices.Contains(namespaces, key.Namespace) {
					continue
				}
				gateway := &gatewayv1.Gateway{}
				err := l.client.Get(ctx, key, gateway)
				switch {
				case apierrors.IsForbidden(err):
					l.note("you are not allowed to read Gateway %q; it is assumed to accept the routes of %s", key, ms.Name)
				case err == nil:
					if err := l.add(gateway); err != nil {
						return err
					}
				case !apierrors.IsNotFound(err):
					return fmt.Errorf("reading Gateway %q: %w", key, err)
				}
			}
		}
	}
	return nil
}

// readRoutesElsewhere reads the routes of other namespaces, because an existing route
// wins a conflict. It skips kinds that the user is not allowed to list.
func (l *clusterState) readRoutesElsewhere(ctx context.Context, namespaces []string) error {
	for _, list := range []client.ObjectList{&gatewayv1.HTTPRouteList{}, &gatewayv1.GRPCRouteList{}} {
		err := l.client.List(ctx, list, madeByAtoll)
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
			continue
		}
		if err != nil {
			return explainError("listing routes", err)
		}
		if err := meta.EachListItem(list, func(o runtime.Object) error {
			if slices.Contains(namespaces, o.(kube.Object).GetNamespace()) {
				return nil
			}
			return l.addToWorld(o)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (l *clusterState) isInFiles(o client.Object) bool {
	if _, isTopology := o.(*v1alpha1.Topology); isTopology {
		return l.world.Topology(o.GetNamespace(), o.GetName()) != nil
	}
	return l.world.Service(o.GetNamespace(), o.GetName()) != nil
}
