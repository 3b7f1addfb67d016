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
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// gathered is all that one reconcile reads.
type gathered struct {
	inputs.Inputs
	// incomplete says that something could not be read.
	incomplete bool
	// topologyMissing says that topologyRef names a Topology that does not exist.
	topologyMissing bool
	// topologyRefuses says that the Topology lets no members of this namespace join.
	topologyRefuses bool
	// live are the existing children by the kind's name.
	live map[string][]client.Object
	// dependents is the number of Microservices that declare this one as a
	// dependency, and that it permits.
	dependents int
	// adopted are the Secrets and the claim that are taken over although they have lost
	// Atoll's labels: they belong to a volume that is this service's.
	adopted map[objectKey]bool
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
	g := &gathered{live: make(map[string][]client.Object, len(components.Table))}
	g.Microservice = ms
	g.RcloneImage, g.CloudNativePGNamespace = r.RcloneImage, r.CloudNativePGNamespace
	seen := &fingerprint{}
	seen.add(ms)

	for _, step := range []func(context.Context, *gathered, *fingerprint) error{
		r.gatherTopology, r.gatherGraph, r.gatherChildren, r.gatherGateways, r.gatherRouteConflicts, r.gatherReferences, r.gatherCredentials, r.gatherBackup,
	} {
		if err := step(ctx, g, seen); err != nil {
			return nil, err
		}
	}
	g.fingerprint = seen.String()
	return g, nil
}

func (r *MicroserviceReconciler) gatherChildren(ctx context.Context, g *gathered, seen *fingerprint) error {
	owner := client.ObjectKeyFromObject(g.Microservice)
	for _, c := range components.Kinds() {
		if c.CRD != nil && !r.Optional.Installed(c.CRD.Name) {
			if g.MissingCRDs == nil {
				g.MissingCRDs = map[string]bool{}
			}
			g.MissingCRDs[c.CRD.Name] = true
			seen.text(c.CRD.Name)
			continue
		}
		objects, err := r.Children.of(ctx, c.Kind, c.Prototype.(client.Object), owner)
		if err != nil {
			return fmt.Errorf("listing %s: %w", c.Kind, err)
		}
		g.live[c.Kind] = objects
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
	for _, o := range g.live["StatefulSet"] {
		if o.GetName() == names.Database(g.Microservice.Name) {
			g.StatefulSet = o.(*appsv1.StatefulSet)
		}
	}
	for _, o := range g.live["Job"] {
		g.Jobs = append(g.Jobs, o.(*batchv1.Job))
	}
	g.DatabaseState.Cluster = g.unstructured("Cluster")
	g.ObjectStore = g.unstructured("ObjectStore")

	pods, err := r.Children.of(ctx, "Pod", &corev1.Pod{}, owner)
	if err != nil {
		return fmt.Errorf("listing pods: %w", err)
	}
	for _, pod := range pods {
		g.Pods = append(g.Pods, *pod.(*corev1.Pod))
		seen.add(pod)
	}
	return nil
}

// gatherLive reads what a cache may lack or hold too long. It sends requests, so it
// comes only when there is something to do.
func (r *MicroserviceReconciler) gatherLive(ctx context.Context, g *gathered) error {
	if err := r.gatherUnlabelled(ctx, g); err != nil {
		return err
	}
	return r.confirmSecrets(ctx, g)
}

// gatherUnlabelled finds an autoscaled Deployment that has lost its label, and so
// is in no cache: taken for a new one, it would begin at the minimum again. It asks
// past the cache, and so only when there is something to do.
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

// unstructured is the live object of a kind without a Go type that has the
// database's name, or nil.
func (g *gathered) unstructured(kind string) *unstructured.Unstructured {
	o, _ := g.find(objectKey{kind, names.Database(g.Microservice.Name)}).(*unstructured.Unstructured)
	return o
}

func (r *MicroserviceReconciler) gatherReferences(ctx context.Context, g *gathered, seen *fingerprint) error {
	found, err := r.Contents.read(ctx, g.Microservice.Namespace, inputs.ReferencesOf(g.Microservice))
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
	for _, kind := range []string{"CronJob", "ScheduledBackup"} {
		if o := g.find(objectKey{kind, names.Backup(g.Microservice.Name)}); o != nil {
			g.BackupSince = o.GetCreationTimestamp()
		}
	}
	due := database.BackupDue(database.Of(&g.Inputs))
	if due.IsZero() {
		return nil
	}
	g.lookAgain = due.Sub(r.Now())
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
