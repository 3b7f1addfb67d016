// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// clusterState has the objects of the cluster. Objects in the files replace those in
// the cluster.
type clusterState struct {
	client  client.Reader
	world   *offline.World
	objects map[string]kube.Object
	// services and topologies are those in the files.
	services   []*v1alpha1.Microservice
	topologies []*v1alpha1.Topology
	// unread has the kinds that the user may not list in a namespace.
	unread map[kindInNamespace]bool
	// notes name what the user may not read, and the consequence.
	notes []string
}

// kindInNamespace is a kind in a namespace.
type kindInNamespace struct{ kind, namespace string }

func objectID(kind string, o metav1.Object) string {
	return kind + " " + o.GetNamespace() + "/" + o.GetName()
}

// readClusterState reads the children of the services in the files, and the objects
// that the children depend on. It skips what the user may not read, and notes it.
func readClusterState(ctx context.Context, c client.Reader, sources []offline.Source) (*clusterState, error) {
	l := &clusterState{client: c, objects: map[string]kube.Object{}, unread: map[kindInNamespace]bool{},
		world: &offline.World{Live: true, MissingCRDs: map[string]bool{}, Hidden: map[string]bool{}}}
	namespaces := map[string]bool{}
	for _, source := range sources {
		gvk := source.Object.GroupVersionKind()
		if gvk.Group == v1alpha1.GroupVersion.Group {
			namespaces[source.Object.GetNamespace()] = true
			if err := l.addDeclared(ctx, source.Object); err != nil {
				return nil, err
			}
		}
	}
	l.services, l.topologies = slices.Clone(l.world.Services), slices.Clone(l.world.Topologies)
	in := slices.Sorted(maps.Keys(namespaces))
	for _, step := range []func(context.Context, []string) error{l.readNeighbours, l.readNamespaces, l.readChildren, l.readGateways, l.readRoutesElsewhere, l.readReferences} {
		if err := step(ctx, in); err != nil {
			return nil, err
		}
	}
	for _, source := range sources {
		// The other objects in the files are applied too.
		if source.Object.GroupVersionKind().Group != v1alpha1.GroupVersion.Group {
			if err := l.world.Add(source.Object); err != nil {
				return nil, fmt.Errorf("%s: %w", source.Name, err)
			}
		}
	}
	return l, nil
}

func (l *clusterState) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(l.notes, text) {
		l.notes = append(l.notes, text)
	}
}

// addDeclared adds an object of a file to the world. It has the UID, the age and the status of
// the object in the cluster: the status of a Microservice has the ports of its pods, and that of
// a Topology the cluster's name servers.
func (l *clusterState) addDeclared(ctx context.Context, o *unstructured.Unstructured) error {
	there := &unstructured.Unstructured{}
	there.SetGroupVersionKind(o.GroupVersionKind())
	err := l.client.Get(ctx, client.ObjectKeyFromObject(o), there)
	if err != nil && !apierrors.IsNotFound(err) {
		return explainError(fmt.Sprintf("reading %s %q", o.GetKind(), o.GetName()), err)
	}
	// The older of two services keeps a contended route.
	o.SetUID(there.GetUID())
	o.SetCreationTimestamp(there.GetCreationTimestamp())
	if err := l.world.Add(o); err != nil {
		return err
	}
	status, _ := there.Object["status"].(map[string]any)
	if o.GetKind() == "Topology" {
		return runtime.DefaultUnstructuredConverter.FromUnstructured(status, &l.world.Topology(o.GetNamespace(), o.GetName()).Status)
	}
	return runtime.DefaultUnstructuredConverter.FromUnstructured(status, &l.world.Service(o.GetNamespace(), o.GetName()).Status)
}

// readChildren reads the objects that Atoll created in some namespaces, and the pods.
func (l *clusterState) readChildren(ctx context.Context, namespaces []string) error {
	for _, namespace := range namespaces {
		for _, kind := range components.Kinds() {
			if err := l.readChildrenOfKind(ctx, kind, namespace); err != nil {
				return err
			}
		}
		pods := &corev1.PodList{}
		err := l.client.List(ctx, pods, client.InNamespace(namespace), madeByAtoll)
		switch {
		case apierrors.IsForbidden(err):
			l.note("you are not allowed to list Pods in namespace %s; ports that only pods of earlier templates listen on are unknown", namespace)
		case err != nil:
			return fmt.Errorf("listing Pod: %w", err)
		}
		if err := meta.EachListItem(pods, l.addToWorld); err != nil {
			return err
		}
	}
	return nil
}

// madeByAtoll selects the objects that Atoll created.
var madeByAtoll = client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll}

// readChildrenOfKind reads the objects of a kind that Atoll created.
func (l *clusterState) readChildrenOfKind(ctx context.Context, kind *components.Component, namespace string) error {
	list, err := offline.NewList(kind.Prototype)
	if err != nil {
		return err
	}
	err = l.client.List(ctx, list.(client.ObjectList), client.InNamespace(namespace), madeByAtoll)
	switch {
	case kind.CRD != nil && (meta.IsNoMatchError(err) || apierrors.IsNotFound(err)):
		l.world.MissingCRDs[kind.CRD.Name] = true
		return nil
	case apierrors.IsForbidden(err):
		l.unread[kindInNamespace{kind.Kind, namespace}] = true
		l.note("you are not allowed to list objects of kind %s in namespace %s; differences in them are not shown", kind.Kind, namespace)
		return nil
	case err != nil:
		return fmt.Errorf("listing %s: %w", kind.Kind, err)
	}
	return meta.EachListItem(list, l.add)
}

// add adds an object that may be compared with a desired one.
func (l *clusterState) add(o runtime.Object) error {
	object := o.(kube.Object)
	kind, err := offline.KindOf(object)
	if err != nil {
		return err
	}
	l.objects[objectID(kind, object)] = object
	return l.addToWorld(o)
}

func (l *clusterState) addToWorld(o runtime.Object) error {
	u, err := offline.ToUnstructured(o.(kube.Object))
	if err != nil {
		return err
	}
	return l.world.Add(u)
}

// readReferences reads the ConfigMaps and Secrets that the services' pods use, and the
// Secrets of their databases, which may have lost their labels.
func (l *clusterState) readReferences(ctx context.Context, _ []string) error {
	for _, ms := range l.services {
		refs := inputs.ReferencesOf(ms)
		if db := ms.Spec.Database; db != nil && database.ProviderOf(db).Managed() {
			for _, name := range []string{names.Database(ms.Name), names.AdminSecret(ms.Name), names.NextSecret(ms.Name)} {
				refs = append(refs, inputs.Reference{Kind: "Secret", Name: name})
			}
		}
		if err := l.readReferencedObjects(ctx, ms, refs); err != nil {
			return err
		}
	}
	return nil
}

// readReferencedObjects reads the objects that a service refers to.
func (l *clusterState) readReferencedObjects(ctx context.Context, ms *v1alpha1.Microservice, refs []inputs.Reference) error {
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

// liveObject returns the live object of a kind and a name, or nil.
func (l *clusterState) liveObject(kind string, o metav1.Object) kube.Object {
	return l.objects[objectID(kind, o)]
}

// orphan is an object that Atoll would delete.
type orphan struct {
	kind   string
	object kube.Object
}

// orphans returns the objects that the owner controls and that are no longer desired.
// It keeps all objects of a kind that could not be built.
func (l *clusterState) orphans(built *offline.Built) []orphan {
	if built.LeftAsIs {
		return nil
	}
	var found []orphan
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
		found = append(found, orphan{kind, o})
	}
	slices.SortFunc(found, func(a, b orphan) int {
		if objectID(a.kind, a.object) < objectID(b.kind, b.object) {
			return -1
		}
		return 1
	})
	return found
}
