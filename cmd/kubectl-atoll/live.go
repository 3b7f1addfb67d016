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

package main

import (
	"context"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/children"
	"github.com/atoll-dev/atoll/internal/database"
	"github.com/atoll-dev/atoll/internal/offline"
)

// live is what the cluster holds, with what files say in the place of what it says
// itself.
type live struct {
	client  client.Reader
	world   *offline.World
	objects map[string]children.Object
	// services and topologies are those of the files.
	services   []*v1alpha1.Microservice
	topologies []*v1alpha1.Topology
}

func objectID(kind string, o metav1.Object) string {
	return kind + " " + o.GetNamespace() + "/" + o.GetName()
}

// gather reads what decides over the children of the services in the files, and
// the children.
func gather(ctx context.Context, c client.Reader, sources []offline.Source) (*live, error) {
	l := &live{client: c, objects: map[string]children.Object{},
		world: &offline.World{Live: true, MissingCRDs: map[string]bool{}, Hidden: map[string]bool{}}}
	namespaces := map[string]bool{}
	for _, source := range sources {
		gvk := source.Object.GroupVersionKind()
		if gvk.Group == v1alpha1.GroupVersion.Group {
			namespaces[source.Object.GetNamespace()] = true
			if err := l.known(ctx, source.Object); err != nil {
				return nil, err
			}
			if err := l.world.Add(source.Object); err != nil {
				return nil, err
			}
		}
	}
	l.services, l.topologies = slices.Clone(l.world.Services), slices.Clone(l.world.Topologies)
	if err := l.neighbours(ctx, namespaces); err != nil {
		return nil, err
	}
	for namespace := range namespaces {
		if err := l.namespace(ctx, namespace); err != nil {
			return nil, err
		}
	}
	if err := l.routesElsewhere(ctx, namespaces); err != nil {
		return nil, err
	}
	for _, ms := range l.services {
		if err := l.referred(ctx, ms); err != nil {
			return nil, err
		}
	}
	for _, source := range sources {
		// What files hold beside is applied too.
		if source.Object.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
			if err := l.world.Add(source.Object); err != nil {
				return nil, fmt.Errorf("%s: %w", source.Name, err)
			}
		}
	}
	return l, nil
}

// known gives an object of a file the uid that it has in the cluster.
func (l *live) known(ctx context.Context, o *unstructured.Unstructured) error {
	there := &unstructured.Unstructured{}
	there.SetGroupVersionKind(o.GroupVersionKind())
	err := l.client.Get(ctx, client.ObjectKeyFromObject(o), there)
	if err == nil {
		// How old it is decides over what it claims.
		o.SetUID(there.GetUID())
		o.SetCreationTimestamp(there.GetCreationTimestamp())
		return nil
	}
	if apierrors.IsNotFound(err) {
		return nil
	}
	return readable(fmt.Sprintf("reading %s %q", o.GetKind(), o.GetName()), err)
}

// neighbours reads the services and Topologies of all namespaces, or, where that
// is not allowed, of those of the files.
func (l *live) neighbours(ctx context.Context, namespaces map[string]bool) error {
	for _, list := range []client.ObjectList{&v1alpha1.MicroserviceList{}, &v1alpha1.TopologyList{}} {
		err := l.client.List(ctx, list)
		if !apierrors.IsForbidden(err) {
			if err := l.addOthers(list, err); err != nil {
				return err
			}
			continue
		}
		for namespace := range namespaces {
			if err := l.addOthers(list, l.client.List(ctx, list, client.InNamespace(namespace))); err != nil {
				return err
			}
		}
	}
	return nil
}

// addOthers adds what a list holds and the files don't.
func (l *live) addOthers(list client.ObjectList, err error) error {
	if err != nil {
		return readable("listing services", err)
	}
	return meta.EachListItem(list, func(o runtime.Object) error {
		if l.given(o.(client.Object)) {
			return nil
		}
		return l.add(o)
	})
}

// namespace reads all that Atoll made in a namespace.
func (l *live) namespace(ctx context.Context, namespace string) error {
	in := client.InNamespace(namespace)
	ours := client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll}
	for i := range children.Table {
		kind := &children.Table[i]
		list, err := offline.NewList(kind.Prototype)
		if err != nil {
			return err
		}
		err = l.client.List(ctx, list.(client.ObjectList), in, ours)
		switch {
		case kind.CRD != "" && (meta.IsNoMatchError(err) || apierrors.IsNotFound(err)):
			l.world.MissingCRDs[kind.CRD] = true
			continue
		case apierrors.IsForbidden(err) && kind.Name == "Secret":
			// Passwords are not needed to say what differs beside them.
			continue
		case err != nil:
			return fmt.Errorf("listing %s: %w", kind.Name, err)
		}
		if err := meta.EachListItem(list, l.add); err != nil {
			return err
		}
	}
	gateways := &gatewayv1.GatewayList{}
	err := l.client.List(ctx, gateways, in)
	if err != nil && !meta.IsNoMatchError(err) && !apierrors.IsNotFound(err) {
		return fmt.Errorf("listing Gateway: %w", err)
	}
	return meta.EachListItem(gateways, l.add)
}

// routesElsewhere reads the routes of other namespaces: whoever has a route keeps
// it. Somebody who may not is told what the services alone tell.
func (l *live) routesElsewhere(ctx context.Context, namespaces map[string]bool) error {
	for _, list := range []client.ObjectList{&gatewayv1.HTTPRouteList{}, &gatewayv1.GRPCRouteList{}} {
		err := l.client.List(ctx, list, client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll})
		if apierrors.IsForbidden(err) || apierrors.IsNotFound(err) || meta.IsNoMatchError(err) {
			continue
		}
		if err != nil {
			return readable("listing routes", err)
		}
		if err := meta.EachListItem(list, func(o runtime.Object) error {
			route := o.(children.Object)
			if namespaces[route.GetNamespace()] {
				return nil
			}
			u, err := offline.ToUnstructured(route)
			if err != nil {
				return err
			}
			return l.world.Add(u)
		}); err != nil {
			return err
		}
	}
	return nil
}

func (l *live) given(o client.Object) bool {
	if _, isTopology := o.(*v1alpha1.Topology); isTopology {
		return l.world.Topology(o.GetNamespace(), o.GetName()) != nil
	}
	return l.world.Service(o.GetNamespace(), o.GetName()) != nil
}

// add adds an object that was read.
func (l *live) add(o runtime.Object) error {
	object := o.(children.Object)
	kind, err := offline.KindOf(object)
	if err != nil {
		return err
	}
	l.objects[objectID(kind, object)] = object
	u, err := offline.ToUnstructured(object)
	if err != nil {
		return err
	}
	return l.world.Add(u)
}

// referred reads the ConfigMaps and Secrets that a service's pods use, and those
// of its database that have lost their labels.
func (l *live) referred(ctx context.Context, ms *v1alpha1.Microservice) error {
	refs := children.ReferencesOf(ms)
	if db := ms.Spec.Database; db != nil && db.Provider != v1alpha1.ProviderExternal {
		for _, name := range []string{database.Name(ms.Name), database.AdminSecretName(ms.Name), database.NextSecretName(ms.Name)} {
			refs = append(refs, children.Reference{Kind: "Secret", Name: name})
		}
	}
	for i := range refs {
		var o client.Object = &corev1.ConfigMap{}
		if refs[i].Kind == "Secret" {
			o = &corev1.Secret{}
		}
		err := l.client.Get(ctx, types.NamespacedName{Namespace: ms.Namespace, Name: refs[i].Name}, o)
		switch {
		case apierrors.IsForbidden(err):
			l.world.Hidden[refs[i].Kind+" "+ms.Namespace+"/"+refs[i].Name] = true
			continue
		case apierrors.IsNotFound(err):
			continue
		case err != nil:
			return fmt.Errorf("reading %s %q: %w", refs[i].Kind, refs[i].Name, err)
		}
		if err := l.add(o); err != nil {
			return err
		}
	}
	return nil
}

// object is the live object of a kind and a name, or nil.
func (l *live) object(kind string, o metav1.Object) children.Object {
	return l.objects[objectID(kind, o)]
}

// leftover is an object that Atoll would delete.
type leftover struct {
	kind   string
	object children.Object
}

// unwanted are the objects that a Microservice controls and that are not wanted.
// Of a kind that could not be built nothing is deleted.
func (l *live) unwanted(built *offline.Built) []leftover {
	var found []leftover
	wanted := map[string]bool{}
	for _, o := range built.Objects {
		if kind, err := offline.KindOf(o); err == nil {
			wanted[objectID(kind, o)] = true
		}
	}
	held := map[string]bool{}
	for _, problem := range built.Problems {
		for _, kind := range problem.Kinds {
			held[kind] = true
		}
	}
	for key, o := range l.objects {
		kind, err := offline.KindOf(o)
		c := metav1.GetControllerOfNoCopy(o)
		if err != nil || wanted[key] || held[kind] || c == nil || c.Kind != built.Kind || c.Name != built.Name || o.GetNamespace() != built.Namespace {
			continue
		}
		found = append(found, leftover{kind, o})
	}
	slices.SortFunc(found, func(a, b leftover) int {
		if objectID(a.kind, a.object) < objectID(b.kind, b.object) {
			return -1
		}
		return 1
	})
	return found
}
