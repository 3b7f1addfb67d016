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
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
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
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/children"
	"github.com/atoll-dev/atoll/internal/database"
	"github.com/atoll-dev/atoll/internal/graph"
)

// gathered is all that one reconcile reads.
type gathered struct {
	children.Inputs
	// incomplete says that something could not be read.
	incomplete bool
	// topologyMissing says that topologyRef names a Topology that does not exist.
	topologyMissing bool
	// topologyRefuses says that the Topology lets no members of this namespace join.
	topologyRefuses bool
	// live are the existing children by the kind's name.
	live map[string][]client.Object
	// dependents is the number of Microservices that declare this one as a
	// dependency.
	dependents int
	// adopted are the Secrets that are taken over although they have lost Atoll's
	// labels: they belong to a volume that is this service's.
	adopted map[string]bool
	// minted are the Secrets whose password was made up just now: they are made, or
	// not made, and never written over.
	minted map[string]bool
	// lookAgain is after how long the clock alone changes something; 0 means never.
	lookAgain time.Duration
	// fingerprint names the version of everything that was read.
	fingerprint string
}

// gather reads everything that decides what a Microservice should be and how it
// is. All of it comes from caches, but for the content of ConfigMaps and
// Secrets that has not been seen yet.
func (r *MicroserviceReconciler) gather(ctx context.Context, ms *v1alpha1.Microservice) (*gathered, error) {
	g := &gathered{live: make(map[string][]client.Object, len(children.Table))}
	g.Microservice = ms
	g.RcloneImage = r.RcloneImage
	seen := &fingerprint{}
	seen.add(ms)

	for _, step := range []func(context.Context, *gathered, *fingerprint) error{
		r.gatherTopology, r.gatherGraph, r.gatherChildren, r.gatherGateways, r.gatherReferences, r.gatherCredentials, r.gatherBackup,
	} {
		if err := step(ctx, g, seen); err != nil {
			return nil, err
		}
	}
	g.fingerprint = seen.String()
	return g, nil
}

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
	known := &services{ctx: ctx, reader: r.Client}
	g.Edges = graph.Resolve(g.Microservice, known.lookup)
	for i := range g.Edges {
		if callee := g.Edges[i].Callee; callee != nil {
			seen.text(string(callee.UID), strconv.FormatInt(callee.Generation, 10), string(readyStatus(callee.Status.Conditions)))
		}
	}
	// It matters to a first rollout only.
	g.WaitsInCircle = graph.WaitsInCircle(g.Microservice, known.lookup)
	seen.text(strconv.FormatBool(g.WaitsInCircle))

	callers := &v1alpha1.MicroserviceList{}
	if err := r.List(ctx, callers, client.MatchingFields{indexDependency: client.ObjectKeyFromObject(g.Microservice).String()}); err != nil {
		return fmt.Errorf("listing dependents: %w", err)
	}
	g.dependents = len(callers.Items)
	for i := range callers.Items {
		caller := &callers.Items[i]
		seen.text(string(caller.UID), strconv.FormatInt(caller.Generation, 10))
		for _, edge := range graph.Resolve(caller, known.lookup) {
			if edge.Resolved() && edge.Callee.UID == g.Microservice.UID {
				g.Callers = append(g.Callers, children.Caller{Namespace: caller.Namespace, Name: caller.Name, Port: graph.TargetPort(edge.Port)})
			}
		}
	}
	return known.failed
}

func (r *MicroserviceReconciler) gatherChildren(ctx context.Context, g *gathered, seen *fingerprint) error {
	ours := []client.ListOption{client.InNamespace(g.Microservice.Namespace), client.MatchingFields{indexMicroservice: g.Microservice.Name}}
	for i := range children.Table {
		kind := &children.Table[i]
		if kind.CRD != "" && !r.Optional.Installed(kind.CRD) {
			if g.MissingCRDs == nil {
				g.MissingCRDs = map[string]bool{}
			}
			g.MissingCRDs[kind.CRD] = true
			seen.text(kind.CRD)
			continue
		}
		objects, err := r.list(ctx, kind, ours)
		if err != nil {
			return fmt.Errorf("listing %s: %w", kind.Name, err)
		}
		g.live[kind.Name] = objects
		for _, o := range objects {
			seen.add(o)
		}
	}
	for _, o := range g.live["ServiceAccount"] {
		g.OwnServiceAccount = g.OwnServiceAccount || o.GetName() == g.Microservice.Name && metav1.IsControlledBy(o, g.Microservice)
	}
	for _, o := range g.live["Deployment"] {
		if o.GetName() == g.Microservice.Name {
			g.Deployment = o.(*appsv1.Deployment)
		}
	}
	if err := r.gatherUnlabelled(ctx, g); err != nil {
		return err
	}
	for _, o := range g.live["StatefulSet"] {
		if o.GetName() == database.Name(g.Microservice.Name) {
			g.StatefulSet = o.(*appsv1.StatefulSet)
		}
	}
	for _, o := range g.live["Job"] {
		g.Jobs = append(g.Jobs, o.(*batchv1.Job))
	}
	g.DatabaseState.Cluster = g.unstructured("Cluster")
	g.ObjectStore = g.unstructured("ObjectStore")

	pods := &corev1.PodList{}
	if err := r.List(ctx, pods, ours...); err != nil {
		return fmt.Errorf("listing pods: %w", err)
	}
	g.Pods = pods.Items
	for i := range pods.Items {
		seen.add(&pods.Items[i])
	}
	return nil
}

// gatherUnlabelled finds an autoscaled Deployment that has lost its label, and so
// is in no cache: taken for a new one, it would begin at the minimum again.
func (r *MicroserviceReconciler) gatherUnlabelled(ctx context.Context, g *gathered) error {
	if g.Deployment != nil || g.Microservice.Spec.Scaling == nil || g.Microservice.Spec.Scaling.Autoscale == nil {
		return nil
	}
	d := &appsv1.Deployment{}
	err := r.Live.Get(ctx, client.ObjectKeyFromObject(g.Microservice), d)
	if err == nil && apply.Owns(g.Microservice, d, false) {
		g.Deployment = d
	}
	return client.IgnoreNotFound(err)
}

// list reads the children of one kind.
func (r *MicroserviceReconciler) list(ctx context.Context, kind *children.Kind, opts []client.ListOption) ([]client.Object, error) {
	list, err := r.newList(kind)
	if err != nil {
		return nil, err
	}
	if err := r.List(ctx, list, opts...); err != nil {
		return nil, err
	}
	n := meta.LenList(list)
	if n == 0 {
		return nil, nil
	}
	objects := make([]client.Object, 0, n)
	err = meta.EachListItem(list, func(o runtime.Object) error {
		objects = append(objects, o.(client.Object))
		return nil
	})
	return objects, err
}

// unstructured is the live object of a kind without a Go type that has the
// database's name, or nil.
func (g *gathered) unstructured(kind string) *unstructured.Unstructured {
	o, _ := g.find(objectKey{kind, database.Name(g.Microservice.Name)}).(*unstructured.Unstructured)
	return o
}

// newList makes an empty list for a kind.
func (r *MicroserviceReconciler) newList(kind *children.Kind) (client.ObjectList, error) {
	if o, ok := kind.Prototype.(*unstructured.Unstructured); ok {
		list := &unstructured.UnstructuredList{}
		gvk := o.GroupVersionKind()
		list.SetGroupVersionKind(gvk.GroupVersion().WithKind(gvk.Kind + "List"))
		return list, nil
	}
	gvks, _, err := r.Scheme.ObjectKinds(kind.Prototype)
	if err != nil {
		return nil, err
	}
	list, err := r.Scheme.New(gvks[0].GroupVersion().WithKind(gvks[0].Kind + "List"))
	if err != nil {
		return nil, err
	}
	return list.(client.ObjectList), nil
}

func (r *MicroserviceReconciler) gatherGateways(ctx context.Context, g *gathered, seen *fingerprint) error {
	if len(g.Microservice.Spec.Routes) == 0 || !r.Optional.Installed(gatewayKind.crd) {
		return nil
	}
	g.Gateways = map[string]*gatewayv1.Gateway{}
	for i := range g.Microservice.Spec.Routes {
		for _, ref := range children.GatewayRefs(g.Microservice, &g.Microservice.Spec.Routes[i], g.Topology) {
			key := types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
			if key.Namespace == "" {
				key.Namespace = g.Microservice.Namespace
			}
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
			if err := r.gatherGatewayClass(ctx, g, string(gateway.Spec.GatewayClassName), seen); err != nil {
				return err
			}
		}
	}
	return nil
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

func (r *MicroserviceReconciler) gatherReferences(ctx context.Context, g *gathered, seen *fingerprint) error {
	found, err := r.Contents.read(ctx, g.Microservice.Namespace, children.ReferencesOf(g.Microservice))
	if err != nil {
		return err
	}
	g.References = found
	seen.text(found.Hash)
	seen.text(found.Missing...)
	return nil
}

// gatherBackup looks at the clock: whether a backup is overdue, and if not when
// it would be.
func (r *MicroserviceReconciler) gatherBackup(_ context.Context, g *gathered, seen *fingerprint) error {
	due := children.BackupDue(&g.Inputs)
	if due.IsZero() {
		return nil
	}
	g.lookAgain = time.Until(due)
	if g.lookAgain <= 0 {
		g.BackupOverdue, g.lookAgain = true, 0
	}
	seen.text(strconv.FormatBool(g.BackupOverdue))
	return nil
}

// fingerprint names the versions of objects. Two equal ones mean that nothing
// that was read has changed.
type fingerprint struct{ strings.Builder }

func (f *fingerprint) add(o client.Object) { f.text(string(o.GetUID()), o.GetResourceVersion()) }

func (f *fingerprint) text(parts ...string) {
	for _, part := range parts {
		f.WriteString(part)
		f.WriteByte('\n')
	}
}
