// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"sync"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components"
	"github.com/atoll-dev/atoll/internal/components/workload"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

const (
	// maxSharedRollouts is how many services of a Topology roll out at once what they did
	// not ask for: a changed default, or another pod template of a new release of Atoll.
	maxSharedRollouts = 3
	// turnTimeout is the time after which a rollout that does not complete no longer keeps
	// others waiting. It slows a change down that breaks its pods.
	turnTimeout = 5 * time.Minute
	// turnPollInterval is how often a service that waits asks for its turn.
	turnPollInterval = 5 * time.Second
)

// rolloutTurns limits how many services roll out a shared change at once. Its zero value
// is ready to use. A restart of Atoll forgets the turns, and at worst gives as many again.
type rolloutTurns struct {
	mu sync.Mutex
	// since holds when services took their turn, by their Topology.
	since map[types.NamespacedName]map[types.NamespacedName]time.Time
	// asked holds the services whose own change is not rolled out yet.
	asked map[types.NamespacedName]bool
}

// ask remembers that a service asked for a change itself.
func (t *rolloutTurns) ask(service types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.asked == nil {
		t.asked = map[types.NamespacedName]bool{}
	}
	t.asked[service] = true
}

// hasAsked reports whether a service asked for the change itself.
func (t *rolloutTurns) hasAsked(service types.NamespacedName) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked[service]
}

// knows reports whether a service has something to forget.
func (t *rolloutTurns) knows(service types.NamespacedName) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, turns := range t.since {
		if _, has := turns[service]; has {
			return true
		}
	}
	return t.asked[service]
}

// take gives a service its turn, or reports that it has to wait.
func (t *rolloutTurns) take(topology, service types.NamespacedName, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	turns := t.since[topology]
	if since, has := turns[service]; has && now.Sub(since) < turnTimeout {
		return true
	}
	taken := 0
	for _, since := range turns {
		if now.Sub(since) < turnTimeout {
			taken++
		}
	}
	if taken >= maxSharedRollouts {
		return false
	}
	if t.since == nil {
		t.since = map[types.NamespacedName]map[types.NamespacedName]time.Time{}
	}
	if turns == nil {
		turns = map[types.NamespacedName]time.Time{}
		t.since[topology] = turns
	}
	turns[service] = now
	return true
}

// end forgets a service, whose pods are as desired.
func (t *rolloutTurns) end(service types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.asked, service)
	for topology, turns := range t.since {
		delete(turns, service)
		if len(turns) == 0 {
			delete(t.since, topology)
		}
	}
}

// awaitsTurn reports whether a change of the pod template that the Microservice did not ask
// for has to wait for other services.
func (r *MicroserviceReconciler) awaitsTurn(g *gathered, built *components.Built) bool {
	ms, live := g.Microservice, g.Deployment
	service := types.NamespacedName{Namespace: ms.Namespace, Name: ms.Name}
	if g.specChanged {
		r.turns.ask(service)
	}
	objects := built.Deployment().Objects
	if live == nil || len(objects) == 0 {
		return false
	}
	desired := objects[0].(*appsv1.Deployment)
	switch {
	case apply.TemplateMatches(desired, live) || apply.Applied(desired, live):
		if r.turns.knows(service) && workload.RolledOut(g.Inputs) && !built.HoldsTemplate() {
			r.turns.end(service)
		}
		return false
	// Pods that are being replaced anyway, or of which there are none, lose nothing.
	case g.Topology == nil || ptr.Deref(live.Spec.Replicas, 1) == 0 || !workload.IsStable(live) ||
		r.turns.hasAsked(service) || asksForRollout(g.Topology, desired, live):
		return false
	}
	return !r.turns.take(client.ObjectKeyFromObject(g.Topology), service, r.Now())
}

// asksForRollout reports whether a Deployment differs in what belongs to one service: its
// migration, or the content of ConfigMaps and Secrets that only its spec names.
func asksForRollout(topology *v1alpha1.Topology, desired, live *appsv1.Deployment) bool {
	return desired.Annotations[names.AnnotationMigrated] != live.Annotations[names.AnnotationMigrated] ||
		len(inputs.DefaultReferences(topology)) == 0 &&
			desired.Spec.Template.Annotations[names.AnnotationReferences] != live.Spec.Template.Annotations[names.AnnotationReferences]
}
