// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"crypto/rand"
	"strconv"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/tracing"
)

// gathered is everything that one reconcile reads.
type gathered struct {
	*inputs.Inputs
	// source is what it was read from; it holds the live objects.
	source *cacheSource
	// specChanged means that a client other than Atoll has changed the spec since the last
	// reconcile.
	specChanged bool
	// incomplete means that something could not be read.
	incomplete bool
	// checkAfter is how soon the clock alone changes something; zero means never.
	checkAfter time.Duration
}

// gather reads everything that decides what a Microservice is made of and how it is.
// All of it comes from caches, except what they may lack.
func (r *MicroserviceReconciler) gather(ctx context.Context, ms *v1alpha1.Microservice) (g *gathered, err error) {
	ctx, span := tracing.Start(ctx, "Gather")
	defer func() { span.End(err) }()
	source, err := r.newSource(ctx, ms)
	if err != nil {
		return nil, err
	}
	in, err := inputs.Assemble(ms, source)
	if err != nil {
		return nil, err
	}
	numbered := r.memoryOf(client.ObjectKeyFromObject(ms)).numbered
	g = &gathered{Inputs: in, source: source, specChanged: ms.Status.ObservedGeneration != ms.Generation && numbered != ms.Generation}
	r.gatherClock(g)
	return g, nil
}

// fingerprint names the version of everything that was read.
func (g *gathered) fingerprint() *fingerprint { return g.source.seen }

// gatherClock reads the clock: whether a backup is overdue, and if not when it would
// be.
func (r *MicroserviceReconciler) gatherClock(g *gathered) {
	due := database.BackupDue(database.Of(g.Inputs))
	if due.IsZero() {
		return
	}
	g.checkAfter = due.Sub(r.Now())
	if g.checkAfter <= 0 {
		g.BackupOverdue, g.checkAfter = true, 0
	}
	g.source.seen.text(strconv.FormatBool(g.BackupOverdue))
}

// gatherLive reads what a cache may hold too long or not at all. It sends requests, so
// it runs only when something else has changed.
func (r *MicroserviceReconciler) gatherLive(ctx context.Context, g *gathered) (err error) {
	ctx, span := tracing.Start(ctx, "GatherLive")
	defer func() { span.End(err) }()
	if err := r.gatherUnlabelled(ctx, g); err != nil {
		return err
	}
	return g.source.confirmSecrets(g.Inputs)
}

// gatherUnlabelled finds an autoscaled Deployment that lost its label, and so is in no
// cache. If it were taken for a new one, it would begin at the minimum again.
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

// mint makes up the passwords that the database lacks.
func mint(g *gathered) { inputs.Mint(g.Inputs, rand.Text) }
