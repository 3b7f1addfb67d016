// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/components/isolation"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/components/workload"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/tracing"
)

// writeStatus writes the status if it differs, then records a change of Ready in the
// log and as an event.
func (r *MicroserviceReconciler) writeStatus(ctx context.Context, g *gathered, out *outcome) (wrote bool, err error) {
	old := g.Microservice
	updated := *old
	updated.Status = *old.Status.DeepCopy()
	setMicroserviceStatus(&updated, g, out)
	wrote = !equality.Semantic.DeepEqual(&old.Status, &updated.Status)
	if wrote {
		if err := patchStatus(ctx, r.Client, updated.DeepCopy(), old); err != nil {
			return false, client.IgnoreNotFound(err)
		}
	}
	out.requeueAfter = minNonZero(out.requeueAfter, r.recordReadiness(ctx, &updated, old.Status.Conditions))
	return wrote, nil
}

// patchStatus writes the status of an object.
func patchStatus(ctx context.Context, to client.Client, updated, old client.Object) error {
	ctx, span := tracing.Start(ctx, "WriteStatus")
	err := to.Status().Patch(ctx, updated, client.MergeFrom(old), apply.FieldOwner)
	span.End(err)
	return err
}

func setMicroserviceStatus(ms *v1alpha1.Microservice, g *gathered, out *outcome) {
	status := &ms.Status
	status.ObservedGeneration = ms.Generation
	set := newConditions(&status.Conditions, ms.Generation)
	defer set.prune()
	if g.incomplete {
		set.summarize(progressingHealth(v1alpha1.ReasonApplyFailed, condition.Message{Cause: "Atoll could not read what the service depends on, and retries", Remedy: "see Atoll's log if it persists"}))
		set.keepObserved()
		return
	}
	status.Dependents = int32(g.Dependents)
	status.Dependencies = dependencyStatus(g)
	// A Topology that does not exist, or does not allow the service, no longer guards
	// it.
	status.DeletionGuard = ""
	if problem := g.MembershipProblem(); problem != nil {
		set.summarize(problem.Health())
		set.keepObserved()
		forgetRoutes(status, set, problem.Reason)
		return
	}
	if g.Topology != nil {
		status.DeletionGuard = g.Topology.Spec.DeletionGuard
	}
	if out.built == nil {
		set.summarize(progressingHealth(v1alpha1.ReasonApplyFailed, condition.Message{Cause: "Atoll could not build the service, and retries", Remedy: "see Atoll's log if it persists"}))
		set.keepObserved()
		return
	}
	status.URLs = routes.URLs(g.Inputs)
	status.Ports = workload.ServingPorts(g.Inputs)
	status.Calls = isolation.Calls(g.Inputs, out.earlierPods)
	status.Database = databaseStatus(out.built.Database)
	setReplicas(status, g)

	health := map[string]condition.Health{}
	// What a component reports of its condition comes before what others say of it.
	for i := range out.built.Components {
		c := out.built.Components[i].Component
		if c.Report == nil {
			continue
		}
		if h := c.Report(out.built.Database); h != nil {
			merge(health, c.Condition, *h)
		}
	}
	for i := range out.built.Components {
		collectHealth(health, &out.built.Components[i], g, out)
	}
	ready := condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.Say("The service is ready")}
	for _, row := range condition.Types {
		h, found := health[row.Name]
		if !found {
			continue
		}
		set.set(row.Name, h)
		if row.Decides(h.Reason) {
			ready = condition.Worse(ready, h)
		}
	}
	if g.Suspended() && ready.Reason == v1alpha1.ReasonSuspended {
		ready = condition.Health{Ready: true, Reason: v1alpha1.ReasonSuspended, Message: condition.Say("The service is suspended, as its spec says")}
	}
	set.summarize(ready)
}

// forgetRoutes clears what status says about routes: their Gateways are unknown without
// the Topology.
func forgetRoutes(status *v1alpha1.MicroserviceStatus, set *conditions, reason string) {
	status.URLs = nil
	if meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionRoutesReady) != nil {
		set.setStatus(v1alpha1.ConditionRoutesReady, metav1.ConditionUnknown, condition.Health{Reason: reason,
			Message: condition.Say("Existing routes stay as they are; the Topology decides to which Gateways they attach")})
	}
}

// collectHealth adds the health of one component to its condition.
func collectHealth(health map[string]condition.Health, w *components.Wanted, g *gathered, out *outcome) {
	c := w.Component
	if w.Problem != nil {
		merge(health, w.Problem.Condition, w.Problem.Health())
		// A component that is held back is not ready either, wherever the fault is. One
		// with a report speaks for itself.
		if w.Problem.Condition != c.Condition && c.Report == nil {
			merge(health, c.Condition, w.Problem.Health())
		}
	}
	for _, o := range w.Objects {
		key := objectKey{c.Kind, o.GetName()}
		if p := out.failed[key]; p != nil {
			merge(health, c.Condition, p.Health())
			continue
		}
		var live kube.Object
		if found := g.source.find(key); found != nil && !out.written[key] {
			live = found
		}
		switch {
		case c.Health != nil:
			merge(health, c.Condition, c.Health(out.built.Database, live))
		// An object that was just written exists, and no more is needed.
		case live == nil && !out.written[key] && (c.CreateOnly == nil || !c.CreateOnly(out.built.Database, o)):
			merge(health, c.Condition, condition.Progressing("%s %q is being updated", c.Kind, key.name))
		}
	}
}

func merge(health map[string]condition.Health, conditionType string, h condition.Health) {
	if old, ok := health[conditionType]; ok {
		h = condition.Worse(old, h)
	}
	health[conditionType] = h
}

func progressingHealth(reason string, message condition.Message) condition.Health {
	return condition.Health{Reason: reason, Message: message, Progressing: true}
}

func databaseStatus(db *database.Database) *v1alpha1.DatabaseStatus {
	plan := db.Plan
	if plan == nil {
		// While the spec is invalid, the last known state still holds.
		if db.Microservice.Spec.Database != nil {
			return db.Microservice.Status.Database
		}
		return nil
	}
	return &v1alpha1.DatabaseStatus{Engine: plan.Kind, Version: plan.Version, Host: plan.Host, SecretName: plan.SecretName, LastBackup: database.LastBackup(db)}
}

func dependencyStatus(g *gathered) []v1alpha1.DependencyStatus {
	if len(g.Edges) == 0 {
		return nil
	}
	dependencies := make([]v1alpha1.DependencyStatus, len(g.Edges))
	for i := range g.Edges {
		dependencies[i] = v1alpha1.DependencyStatus{Name: g.Edges[i].Dependency.Name, Namespace: g.Edges[i].Dependency.Namespace, Ready: metav1.ConditionUnknown}
		if callee := g.Edges[i].Callee; callee != nil {
			dependencies[i].Ready = condition.Serving(callee.Status.Conditions)
		}
	}
	return dependencies
}

func setReplicas(status *v1alpha1.MicroserviceStatus, g *gathered) {
	status.Selector = labels.SelectorFromSet(names.PodSelector(g.Microservice)).String()
	status.Replicas, status.ReadyReplicas, status.Ready = 0, 0, fmt.Sprintf("0/%d", g.MinReplicas())
	if d := g.Deployment; d != nil {
		status.Replicas, status.ReadyReplicas = d.Status.Replicas, d.Status.ReadyReplicas
		status.Ready = fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, ptr.Deref(d.Spec.Replicas, 1))
	}
}
