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

// live is what the cluster holds, with what files say in the place of what it says
// itself.
type live struct {
	client  client.Reader
	world   *offline.World
	objects map[string]kube.Object
	// services and topologies are those of the files.
	services   []*v1alpha1.Microservice
	topologies []*v1alpha1.Topology
	// unread are the kinds that may not be listed in a namespace.
	unread map[kindIn]bool
	// notes say what could not be read, and what that means.
	notes []string
}

// kindIn is a kind in a namespace.
type kindIn struct{ kind, namespace string }

func objectID(kind string, o metav1.Object) string {
	return kind + " " + o.GetNamespace() + "/" + o.GetName()
}

// gather reads what decides over the children of the services in the files, and
// the children. What may not be read is noted and passed over.
func gather(ctx context.Context, c client.Reader, sources []offline.Source) (*live, error) {
	l := &live{client: c, objects: map[string]kube.Object{}, unread: map[kindIn]bool{},
		world: &offline.World{Live: true, MissingCRDs: map[string]bool{}, Hidden: map[string]bool{}}}
	namespaces := map[string]bool{}
	for _, source := range sources {
		gvk := source.Object.GroupVersionKind()
		if gvk.Group == v1alpha1.GroupVersion.Group {
			namespaces[source.Object.GetNamespace()] = true
			status, err := l.known(ctx, source.Object)
			if err != nil {
				return nil, err
			}
			if err := l.world.Add(source.Object); err != nil {
				return nil, err
			}
			if ms := l.world.Service(source.Object.GetNamespace(), source.Object.GetName()); gvk.Kind == "Microservice" {
				ms.Status = status
			}
		}
	}
	l.services, l.topologies = slices.Clone(l.world.Services), slices.Clone(l.world.Topologies)
	in := slices.Sorted(maps.Keys(namespaces))
	for _, step := range []func(context.Context, []string) error{l.neighbours, l.namespaces, l.made, l.gateways, l.routesElsewhere, l.referred} {
		if err := step(ctx, in); err != nil {
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

func (l *live) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(l.notes, text) {
		l.notes = append(l.notes, text)
	}
}

// known gives an object of a file the uid that it has in the cluster. The status of
// a Microservice tells where its pods listen.
func (l *live) known(ctx context.Context, o *unstructured.Unstructured) (v1alpha1.MicroserviceStatus, error) {
	there, ms := &unstructured.Unstructured{}, &v1alpha1.Microservice{}
	there.SetGroupVersionKind(o.GroupVersionKind())
	err := l.client.Get(ctx, client.ObjectKeyFromObject(o), there)
	if apierrors.IsNotFound(err) {
		return ms.Status, nil
	}
	if err != nil {
		return ms.Status, readable(fmt.Sprintf("reading %s %q", o.GetKind(), o.GetName()), err)
	}
	// How old it is decides over what it claims.
	o.SetUID(there.GetUID())
	o.SetCreationTimestamp(there.GetCreationTimestamp())
	if o.GetKind() == "Microservice" {
		err = runtime.DefaultUnstructuredConverter.FromUnstructured(there.Object, ms)
	}
	return ms.Status, err
}

// made reads all that Atoll made in some namespaces, and the pods.
func (l *live) made(ctx context.Context, namespaces []string) error {
	for _, namespace := range namespaces {
		for _, kind := range components.Kinds() {
			if err := l.kind(ctx, kind, namespace); err != nil {
				return err
			}
		}
		pods := &corev1.PodList{}
		err := l.client.List(ctx, pods, client.InNamespace(namespace), ours)
		switch {
		case apierrors.IsForbidden(err):
			l.note("Pods of namespace %s may not be read: ports that only earlier pods listen on are not known", namespace)
		case err != nil:
			return fmt.Errorf("listing Pod: %w", err)
		}
		if err := meta.EachListItem(pods, l.addToWorld); err != nil {
			return err
		}
	}
	return nil
}

// ours selects what Atoll made.
var ours = client.MatchingLabels{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll}

// kind reads what Atoll made of a kind.
func (l *live) kind(ctx context.Context, kind *components.Component, namespace string) error {
	list, err := offline.NewList(kind.Prototype)
	if err != nil {
		return err
	}
	err = l.client.List(ctx, list.(client.ObjectList), client.InNamespace(namespace), ours)
	switch {
	case kind.CRD != nil && (meta.IsNoMatchError(err) || apierrors.IsNotFound(err)):
		l.world.MissingCRDs[kind.CRD.Name] = true
		return nil
	case apierrors.IsForbidden(err):
		l.unread[kindIn{kind.Kind, namespace}] = true
		l.note("objects of kind %s in namespace %s may not be listed: whether they differ is not known", kind.Kind, namespace)
		return nil
	case err != nil:
		return fmt.Errorf("listing %s: %w", kind.Kind, err)
	}
	return meta.EachListItem(list, l.add)
}

// add adds an object that was read, and that may be one of those that are compared.
func (l *live) add(o runtime.Object) error {
	object := o.(kube.Object)
	kind, err := offline.KindOf(object)
	if err != nil {
		return err
	}
	l.objects[objectID(kind, object)] = object
	return l.addToWorld(o)
}

func (l *live) addToWorld(o runtime.Object) error {
	u, err := offline.ToUnstructured(o.(kube.Object))
	if err != nil {
		return err
	}
	return l.world.Add(u)
}

// referred reads the ConfigMaps and Secrets that the services' pods use, and those of
// their databases that have lost their labels.
func (l *live) referred(ctx context.Context, _ []string) error {
	for _, ms := range l.services {
		refs := inputs.ReferencesOf(ms)
		if db := ms.Spec.Database; db != nil && database.ProviderOf(db).Managed() {
			for _, name := range []string{names.Database(ms.Name), names.AdminSecret(ms.Name), names.NextSecret(ms.Name)} {
				refs = append(refs, inputs.Reference{Kind: "Secret", Name: name})
			}
		}
		if err := l.contents(ctx, ms, refs); err != nil {
			return err
		}
	}
	return nil
}

// contents reads what a service refers to.
func (l *live) contents(ctx context.Context, ms *v1alpha1.Microservice, refs []inputs.Reference) error {
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
func (l *live) object(kind string, o metav1.Object) kube.Object {
	return l.objects[objectID(kind, o)]
}

// leftover is an object that Atoll would delete.
type leftover struct {
	kind   string
	object kube.Object
}

// unwanted are the objects that a Microservice controls and that are not wanted.
// Of a kind that could not be built nothing is deleted.
func (l *live) unwanted(built *offline.Built) []leftover {
	if built.LeftAsIs {
		return nil
	}
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
