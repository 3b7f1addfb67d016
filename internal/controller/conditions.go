// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/event"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/predicate"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// conditions is the only writer of conditions: each carries the generation that it is
// about, and those that are not set are removed.
type conditions struct {
	list       *[]metav1.Condition
	generation int64
	keep       map[string]bool
}

func newConditions(list *[]metav1.Condition, generation int64) *conditions {
	return &conditions{list: list, generation: generation, keep: map[string]bool{}}
}

func (c *conditions) set(conditionType string, h condition.Health) {
	status := metav1.ConditionFalse
	if h.Ready {
		status = metav1.ConditionTrue
	}
	c.setStatus(conditionType, status, h)
}

func (c *conditions) setStatus(conditionType string, status metav1.ConditionStatus, h condition.Health) {
	c.keep[conditionType] = true
	meta.SetStatusCondition(c.list, metav1.Condition{
		Type: conditionType, Status: status, Reason: h.Reason, Message: truncate(h.Message.String()), ObservedGeneration: c.generation,
	})
}

// summarize sets Ready and, while true, Reconciling or Stalled.
func (c *conditions) summarize(h condition.Health) {
	c.set(v1alpha1.ConditionReady, h)
	switch {
	case h.Ready:
	case h.Stalled:
		c.setStatus(v1alpha1.ConditionStalled, metav1.ConditionTrue, h)
	case h.Progressing:
		c.setStatus(v1alpha1.ConditionReconciling, metav1.ConditionTrue, h)
	}
}

// keepObserved keeps the conditions about what could not be observed now, but not the
// summary.
func (c *conditions) keepObserved() {
	for i := range *c.list {
		switch t := (*c.list)[i].Type; t {
		case v1alpha1.ConditionReady, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled:
		default:
			c.keep[t] = true
		}
	}
}

// prune removes the conditions that were not set, and puts Ready first.
func (c *conditions) prune() {
	*c.list = slices.DeleteFunc(*c.list, func(condition metav1.Condition) bool { return !c.keep[condition.Type] })
	slices.SortStableFunc(*c.list, func(a, b metav1.Condition) int {
		return condition.Rank(a.Type) - condition.Rank(b.Type)
	})
}

// maxMessage is the longest message that the API server accepts.
const maxMessage = 32768

// maxNote is the longest note that an event accepts.
const maxNote = 1024

func truncate(message string) string { return message[:min(len(message), maxMessage)] }

// specAnnotationsOrStatusChanged passes changes of the spec, of the annotations that
// Atoll reads, and of the status. A status counts for two reasons: a reconcile may have
// compared with an older status than the one just written, and a status that someone
// else changed is drift.
func specAnnotationsOrStatusChanged() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			switch before := e.ObjectOld.(type) {
			case *v1alpha1.Microservice:
				old, current := e.ObjectOld.GetAnnotations(), e.ObjectNew.GetAnnotations()
				return slices.ContainsFunc([]string{v1alpha1.AnnotationRotateCredentials, v1alpha1.AnnotationDefaultReplicas}, func(name string) bool { return old[name] != current[name] }) ||
					!equality.Semantic.DeepEqual(&before.Status, &e.ObjectNew.(*v1alpha1.Microservice).Status)
			case *v1alpha1.Topology:
				const isolation = v1alpha1.AnnotationIsolation
				return e.ObjectOld.GetAnnotations()[isolation] != e.ObjectNew.GetAnnotations()[isolation] || !equality.Semantic.DeepEqual(&before.Status, &e.ObjectNew.(*v1alpha1.Topology).Status)
			}
			return false
		},
	})
}

// normalReasons are reasons for not being ready that are expected on the way to Ready.
var normalReasons = []string{
	v1alpha1.ReasonProgressing, v1alpha1.ReasonPending, v1alpha1.ReasonUnavailable, v1alpha1.ReasonMigrating, v1alpha1.ReasonRestoring,
	v1alpha1.ReasonRotating, v1alpha1.ReasonSuspended, v1alpha1.ReasonStoragePending, v1alpha1.ReasonDependencyNotReady, v1alpha1.ReasonServicesNotReady, v1alpha1.ReasonNoServices,
}

// recordTransition logs a change of Ready and records it as an event.
func recordTransition(ctx context.Context, recorder events.EventRecorder, object runtime.Object, old, updated []metav1.Condition) {
	before, after := meta.FindStatusCondition(old, v1alpha1.ConditionReady), meta.FindStatusCondition(updated, v1alpha1.ConditionReady)
	if after == nil || before != nil && before.Status == after.Status && before.Reason == after.Reason {
		return
	}
	logf.FromContext(ctx).Info("Readiness changed", "ready", after.Status, "reason", after.Reason, "message", after.Message)
	eventType := corev1.EventTypeWarning
	if after.Status == metav1.ConditionTrue || slices.Contains(normalReasons, after.Reason) {
		eventType = corev1.EventTypeNormal
	}
	recorder.Eventf(object, nil, eventType, after.Reason, "Reconcile", "%s", after.Message[:min(len(after.Message), maxNote)])
}
