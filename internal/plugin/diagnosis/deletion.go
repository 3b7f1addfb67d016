// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// terminating finds a service that is being deleted, and the finalizer that holds it.
// Atoll sets no finalizer on it, and no longer reconciles it.
func terminating(e *Evidence) []*Finding {
	ms := e.Microservice
	if ms.DeletionTimestamp == nil {
		return nil
	}
	own := named{"Microservice", ms}
	since := duration.HumanDuration(e.Now.Sub(ms.DeletionTimestamp.Time))
	f := &Finding{
		Part: PartSpec, Object: own.name(), condition: v1alpha1.ConditionReady, Steps: []Step{step(own.name(), "in deletion for %s", since)},
		Remedy: "Wait; the API server deletes it now",
	}
	why := []string{"nothing holds it"}
	var held []named
	if holders := own.holders(); len(holders) > 0 {
		why, held = []string{"is held by " + listed(holders, "and")}, []named{own}
	} else if slices.Contains(ms.Finalizers, metav1.FinalizerDeleteDependents) {
		why = []string{"waits for the deletion of " + orElse(listed(e.blocking(), "and"), "its children") + " (foreground deletion)"}
		f.Remedy = fmt.Sprintf("Wait; see what is left: kubectl get all -n %s -l %s=%s", ms.Namespace, v1alpha1.LabelMicroservice, ms.Name)
		held = slices.DeleteFunc(e.made(), func(o named) bool { return o.GetDeletionTimestamp() == nil || len(o.holders()) == 0 })
		for _, o := range held {
			why = append(why, o.name()+" is held by "+listed(o.holders(), "and"))
		}
	}
	if len(held) > 0 {
		f.Object = held[0].name()
		f.Steps = append(f.Steps, step(f.Object, "is held by %s", listed(held[0].holders(), "and")))
		f.Remedy = fmt.Sprintf("Let the controller that set the finalizer finish; if it no longer exists, remove the finalizer from metadata.finalizers: kubectl edit %s %s -n %s",
			strings.ToLower(held[0].kind), held[0].GetName(), ms.Namespace)
	}
	f.Cause = fmt.Sprintf("It was deleted %s ago, and %s", since, strings.Join(why, "; "))
	return []*Finding{f}
}

// named is an object with its kind.
type named struct {
	kind string
	metav1.Object
}

func (o named) name() string { return name(o.kind, o.GetName()) }

// holders returns the finalizers that hold an object, and the field managers that set
// them. The garbage collector removes its own finalizers.
func (o named) holders() []string {
	var holders []string
	for _, finalizer := range o.GetFinalizers() {
		if finalizer == metav1.FinalizerDeleteDependents || finalizer == metav1.FinalizerOrphanDependents {
			continue
		}
		holder := "finalizer " + finalizer
		for _, entry := range o.GetManagedFields() {
			if entry.FieldsV1 != nil && strings.Contains(entry.FieldsV1.GetRawString(), `"v:\"`+finalizer+`\""`) {
				holder += fmt.Sprintf(" (set by %s)", entry.Manager)
				break
			}
		}
		holders = append(holders, holder)
	}
	return holders
}

// blocking returns the names of the objects for which a foreground deletion waits, as
// far as they were read.
func (e *Evidence) blocking() []string {
	var names []string
	for _, o := range e.made() {
		if slices.ContainsFunc(o.GetOwnerReferences(), func(owner metav1.OwnerReference) bool {
			return owner.UID == e.Microservice.UID && owner.BlockOwnerDeletion != nil && *owner.BlockOwnerDeletion
		}) {
			names = append(names, o.name())
		}
	}
	return names
}

// made returns the objects that Atoll created for the service, and their children, as
// far as they were read.
func (e *Evidence) made() []named {
	var all []named
	if d := e.deployment(); d != nil {
		all = append(all, named{"Deployment", d})
	}
	all = appendNamed(all, "ReplicaSet", e.ReplicaSets)
	if e.StatefulSet != nil {
		all = append(all, named{"StatefulSet", e.StatefulSet})
	}
	all = appendNamed(all, "Job", e.Jobs)
	all = appendNamed(all, "Pod", e.Pods)
	if e.Service != nil {
		all = append(all, named{"Service", e.Service})
	}
	all = appendNamed(all, "HTTPRoute", e.HTTPRoutes)
	all = appendNamed(all, "GRPCRoute", e.GRPCRoutes)
	if e.Autoscaler != nil {
		all = append(all, named{"HorizontalPodAutoscaler", e.Autoscaler})
	}
	return all
}

func appendNamed[T any, P interface {
	*T
	metav1.Object
}](all []named, kind string, objects []T) []named {
	for i := range objects {
		all = append(all, named{kind, P(&objects[i])})
	}
	return all
}
