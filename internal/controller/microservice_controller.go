// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controller reconciles Microservices and Topologies and reports their state in
// status. It reads and writes; the pure packages beside it decide what to make.
package controller

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"go.opentelemetry.io/otel/trace"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	logf "sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/workload"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/metrics"
	"github.com/atoll-dev/atoll/internal/tracing"
)

// foreignPollInterval is the polling period for what no watch reports: a foreign object
// that blocks a name, and a refusal by an admission policy.
const foreignPollInterval = time.Minute

// MicroserviceReconciler reconciles Microservices.
type MicroserviceReconciler struct {
	// Client reads from the cache and writes.
	client.Client
	// Live reads past the cache.
	Live client.Reader
	// Children finds the live children of a Microservice in the cache.
	Children *childStores
	Applier  *apply.Applier
	// Foreign reads from the cache of objects that Atoll does not own.
	Foreign  client.Reader
	Contents *contentReader
	Optional *OptionalKinds
	Recorder events.EventRecorder
	// RcloneImage is the image that copies backups to and from buckets.
	RcloneImage string
	// CloudNativePGNamespace is the namespace of CloudNativePG's operator.
	CloudNativePGNamespace string
	// NameServers are the addresses of the cluster's name servers.
	NameServers []string
	// PublicPorts are the ports at which clients outside the cluster reach Gateways.
	PublicPorts inputs.PublicPorts
	// Activity counts reconciles.
	Activity *metrics.Activity
	// Traces makes spans of reconciles; nil means that none are made.
	Traces trace.TracerProvider
	// Now is the clock that decides whether a backup is overdue.
	Now func() time.Time

	// turns limits how many services roll out a shared change at once.
	turns rolloutTurns

	// taken are the Microservices that wait for a host.
	taken takenHosts

	// memories holds a *memory for each Microservice.
	memories sync.Map
}

// Reconcile brings the children of one Microservice in line with its spec.
func (r *MicroserviceReconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	did, result, err := r.reconcile(ctx, req)
	if err != nil {
		did = metrics.Failed
	}
	if did != "" {
		r.Activity.Reconciled(did)
	}
	return result, err
}

// reconcile does one reconcile and says what it did: one of the outcomes of metrics, or nothing for
// an object that is gone.
func (r *MicroserviceReconciler) reconcile(ctx context.Context, req ctrl.Request) (did string, result ctrl.Result, err error) {
	ms := &v1alpha1.Microservice{}
	if err := r.Get(ctx, req.NamespacedName, ms); err != nil {
		r.memories.Delete(req.NamespacedName)
		r.taken.set(req.NamespacedName, nil)
		r.turns.end(req.NamespacedName)
		return "", ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if ms.DeletionTimestamp != nil {
		// The garbage collector deletes the children.
		return "", ctrl.Result{}, nil
	}
	g, err := r.gather(ctx, ms)
	if err != nil {
		return "", ctrl.Result{}, r.reportReadError(ctx, ms, err)
	}
	memory := r.memoryOf(req.NamespacedName)
	if g.fingerprint().is(memory.converged) {
		return metrics.Skipped, ctrl.Result{RequeueAfter: g.checkAfter}, nil
	}
	logf.FromContext(ctx).V(1).Info("Building")
	again, retryAfter, recordErr := r.recordReplicas(ctx, ms, g)
	if again {
		return metrics.Changed, ctrl.Result{RequeueAfter: retryAfter}, recordErr
	}
	if err := r.gatherLive(ctx, g); err != nil {
		return "", ctrl.Result{}, r.reportReadError(ctx, ms, err)
	}
	mint(g)
	out := r.reconcileComponents(ctx, g)
	out.err, out.requeueAfter = errors.Join(out.err, recordErr), minNonZero(out.requeueAfter, retryAfter)
	wrote, err := r.writeStatus(ctx, g, out)
	if out.reverted {
		recordReverted(r.Recorder, ms)
	}
	did, memory.converged = metrics.Unchanged, ""
	if out.changed || wrote {
		did = metrics.Changed
	} else if out.err == nil && err == nil && out.requeueAfter == 0 {
		memory.converged = g.fingerprint().String()
	}
	return did, ctrl.Result{RequeueAfter: minNonZero(out.requeueAfter, g.checkAfter)}, errors.Join(out.err, err)
}

// reportReadError writes a read failure to the status and returns it.
func (r *MicroserviceReconciler) reportReadError(ctx context.Context, ms *v1alpha1.Microservice, why error) error {
	_, err := r.writeStatus(ctx, &gathered{Inputs: &inputs.Inputs{Microservice: ms}, incomplete: true}, &outcome{})
	return errors.Join(why, err)
}

// minNonZero returns the shorter duration; zero means never.
func minNonZero(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// outcome is the result of building and applying.
type outcome struct {
	// built is nil where nothing could be built.
	built *components.Built
	// failed holds the problems of objects that could not be applied.
	failed map[objectKey]*condition.Problem
	// failedComponents are the components with such an object.
	failedComponents map[string]bool
	// written are the objects that this reconcile changed. Their state is unknown until
	// the cache has them.
	written map[objectKey]bool
	// earlierPods means that pods of an earlier template may run.
	earlierPods bool
	// changed means that an object was written or deleted.
	changed bool
	// reverted means that a change of the Deployment by another client was undone.
	reverted     bool
	requeueAfter time.Duration
	// err is returned, so that the reconcile is retried.
	err error
}

type objectKey struct{ kind, name string }

// reconcileComponents builds, applies and prunes. A failure of one object does not hold
// up the others. Nothing that pods may still use is deleted.
func (r *MicroserviceReconciler) reconcileComponents(ctx context.Context, g *gathered) *outcome {
	out := &outcome{failed: map[objectKey]*condition.Problem{}, failedComponents: map[string]bool{}, written: map[objectKey]bool{}}
	built, err := build(ctx, g)
	if err != nil {
		out.err = err
		return out
	}
	if r.awaitsTurn(g, built) {
		g.AwaitsTurn, out.requeueAfter = true, turnPollInterval
		if built, err = build(ctx, g); err != nil {
			out.err = err
			return out
		}
	}
	out.built = built
	for i := range out.built.Components {
		r.applyComponent(ctx, g, &out.built.Components[i], out)
		if !withholdPods(ctx, g, &out.built.Components[i], out) {
			return out
		}
	}
	out.earlierPods = earlierPods(g, out)
	if g.MembershipProblem() != nil {
		r.withdrawRoutes(ctx, g, out)
		return out
	}
	r.reconcileClaimOwner(ctx, g, out)
	r.prune(ctx, g, out)
	return out
}

// build builds the components.
func build(ctx context.Context, g *gathered) (*components.Built, error) {
	_, span := tracing.Start(ctx, "Build")
	built, err := components.Build(g.Inputs)
	span.End(err)
	return built, err
}

// withholdPods builds the components again if a NetworkPolicy could not be applied, so that
// no pod starts without it. It reports whether the components after it can be applied.
func withholdPods(ctx context.Context, g *gathered, w *components.Wanted, out *outcome) bool {
	c := w.Component
	if !c.Isolates || !out.failedComponents[c.Name] {
		return true
	}
	for _, o := range w.Objects {
		key := objectKey{c.Kind, o.GetName()}
		if problem := out.failed[key]; problem != nil {
			g.Inputs = g.WithPolicyFailure(c.Label, problem)
			out.failed[key] = g.PolicyFailure(c.Label)
		}
	}
	built, err := build(ctx, g)
	if err != nil {
		out.err = errors.Join(out.err, err)
		return false
	}
	out.built = built
	return true
}

func (r *MicroserviceReconciler) applyComponent(ctx context.Context, g *gathered, wanted *components.Wanted, out *outcome) {
	c, objects := wanted.Component, wanted.Objects
	// A database that starts without its Secret leaves a volume that no password opens.
	if slices.ContainsFunc(c.After, out.failedComponent) {
		out.failedComponents[c.Name] = true
		var err error
		if objects, err = out.built.Kept(c); err != nil {
			out.err = errors.Join(out.err, err)
			return
		}
	}
	for _, desired := range objects {
		key := objectKey{c.Kind, desired.GetName()}
		object := apply.Object{
			Desired:    desired.(client.Object),
			Live:       g.source.find(key),
			Adopt:      g.source.adopted[key],
			CreateOnly: c.CreateOnly != nil && c.CreateOnly(out.built.Database, desired),
		}
		if c.Name == components.Deployment {
			object.Reverted = func() { out.reverted = true }
		}
		applying, span := tracing.StartObject(ctx, "Apply", key.kind, key.name)
		changed, err := r.Applier.Apply(applying, g.Microservice, object)
		span.EndChanged(changed, err)
		if changed {
			out.changed = true
			out.written[key] = true
		}
		if err != nil {
			out.fail(key, c, err)
		}
	}
}

// earlierPods reports whether pods may run that are not made from the desired pod
// template: it could not be applied, it was applied just now, or its rollout is not
// complete.
func earlierPods(g *gathered, out *outcome) bool {
	return out.failedComponents[components.Deployment] || out.written[objectKey{"Deployment", g.Microservice.Name}] ||
		!workload.RolledOut(g.Inputs) || out.built.HoldsTemplate()
}

// fail records that an object of a component could not be applied.
func (out *outcome) fail(key objectKey, c *components.Component, err error) {
	problem, retry := applyProblem(key.kind, key.name, c.Condition, err)
	out.failed[key] = problem
	out.failedComponents[c.Name] = true
	out.err = errors.Join(out.err, retry)
	out.requeueAfter = minNonZero(out.requeueAfter, pollAfter(problem, retry))
}

// failedComponent reports whether an object of a component could not be applied.
func (out *outcome) failedComponent(name string) bool { return out.failedComponents[name] }

// clientObjects converts objects to the client's type.
func clientObjects(objects []kube.Object) []client.Object {
	converted := make([]client.Object, len(objects))
	for i := range objects {
		converted[i] = objects[i]
	}
	return converted
}
