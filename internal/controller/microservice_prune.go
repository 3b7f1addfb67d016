// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/tracing"
)

// prune deletes the live objects that are no longer wanted. Of a component with a problem, it
// deletes only what does nothing that the spec still declares.
func (r *MicroserviceReconciler) prune(ctx context.Context, g *gathered, out *outcome) {
	ctx, span := tracing.Start(ctx, "Prune")
	var failed error
	defer func() {
		out.err = errors.Join(out.err, failed)
		span.End(failed)
	}()
	for i := range out.built.Components {
		w := &out.built.Components[i]
		if w.Component.Leftovers != nil {
			changed, err := r.Applier.Delete(ctx, clientObjects(w.Component.Leftovers(out.built.Database)))
			out.changed = out.changed || changed
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("deleting leftovers of the %s: %w", w.Component.Name, err))
			}
		}
		if w.Component.Kind == "" || w.Problem != nil && w.Component.StandsIn == nil || w.Component.UsedByPods && out.earlierPods {
			continue
		}
		unapplied := out.failedComponents[w.Component.Name]
		incomplete := w.Component.StandsIn != nil && (w.Problem != nil || unapplied)
		applied := w.Objects
		if unapplied {
			// It is not known which of them exist.
			applied = nil
		}
		changed, err := r.Applier.Prune(ctx, g.Microservice, clientObjects(g.source.live[w.Component.Kind]), func(live client.Object) bool {
			return !w.Component.Owns(live) || incomplete && w.Component.StandsIn(g.Inputs, live, applied) ||
				slices.ContainsFunc(w.Objects, func(o kube.Object) bool { return o.GetName() == live.GetName() })
		})
		out.changed = out.changed || changed
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("pruning the %s: %w", w.Component.Name, err))
		}
	}
}

// withdrawRoutes deletes the live routes with a host that a Topology has, of a Microservice of
// which nothing else is deleted.
func (r *MicroserviceReconciler) withdrawRoutes(ctx context.Context, g *gathered, out *outcome) {
	for _, kind := range routeKinds {
		changed, err := r.Applier.Prune(ctx, g.Microservice, clientObjects(g.source.live[kind]), func(live client.Object) bool {
			return !slices.Contains(g.TakenRoutes, live.GetName())
		})
		out.changed = out.changed || changed
		if err != nil {
			out.err = errors.Join(out.err, fmt.Errorf("withdrawing routes: %w", err))
		}
	}
}
