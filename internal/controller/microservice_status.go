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
	"strings"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/children"
)

// writeStatus writes the status if it differs, then tells of a change of Ready
// in the log and in an event.
func (r *MicroserviceReconciler) writeStatus(ctx context.Context, g *gathered, out *outcome) (wrote bool, err error) {
	old := g.Microservice
	updated := *old
	updated.Status = *old.Status.DeepCopy()
	setMicroserviceStatus(&updated, g, out)
	if equality.Semantic.DeepEqual(&old.Status, &updated.Status) {
		return false, nil
	}
	if err := r.Status().Patch(ctx, updated.DeepCopy(), client.MergeFrom(old), apply.FieldOwner); err != nil {
		return false, client.IgnoreNotFound(err)
	}
	announce(ctx, r.Recorder, &updated, old.Status.Conditions, updated.Status.Conditions)
	return true, nil
}

func setMicroserviceStatus(ms *v1alpha1.Microservice, g *gathered, out *outcome) {
	status := &ms.Status
	status.ObservedGeneration = ms.Generation
	set := newConditions(&status.Conditions, ms.Generation)
	defer set.prune()
	if g.incomplete {
		set.summarize(waiting(v1alpha1.ReasonApplyFailed, "What the service depends on could not be read and is tried again; see Atoll's log"))
		set.keepAll()
		return
	}
	status.Dependents = int32(g.dependents)
	status.Dependencies = dependencyStatus(g)
	// A Topology that is not there, or refuses the service, guards it no more.
	status.DeletionGuard = ""
	if g.topologyMissing {
		set.summarize(waiting(v1alpha1.ReasonTopologyNotFound,
			fmt.Sprintf("Topology %q does not exist in namespace %q: create it, or correct topologyRef", ms.Spec.TopologyRef.Name, namespaceOfTopology(ms))))
		set.keepAll()
		unseenRoutes(status, set, v1alpha1.ReasonTopologyNotFound)
		return
	}
	if g.topologyRefuses {
		key, _ := topologyKey(ms)
		set.summarize(children.Health{Reason: v1alpha1.ReasonNotPermitted, Stalled: true,
			Message: fmt.Sprintf("Topology %q of namespace %q lets no members of namespace %q join: change its allowedNamespaces, or topologyRef", key.Name, key.Namespace, ms.Namespace)})
		set.keepAll()
		unseenRoutes(status, set, v1alpha1.ReasonNotPermitted)
		return
	}
	if g.Topology != nil {
		status.DeletionGuard = g.Topology.Spec.DeletionGuard
	}
	if out.wanted == nil {
		set.summarize(waiting(v1alpha1.ReasonApplyFailed, "The service could not be built and is tried again; see Atoll's log"))
		set.keepAll()
		return
	}
	status.URLs = children.URLs(&g.Inputs)
	status.Ports = children.ServingPorts(&g.Inputs)
	status.Database = databaseStatus(&g.Inputs)
	setReplicas(status, g)

	health := map[string]children.Health{}
	for i := range out.wanted {
		collectHealth(health, &out.wanted[i], g, out)
	}
	if g.Microservice.Spec.Database != nil {
		merge(health, v1alpha1.ConditionDatabaseReady, externalHealth(&g.Inputs))
	}
	for condition, of := range databaseConditions {
		if h := of(&g.Inputs); h != nil {
			merge(health, condition, *h)
		}
	}
	if conflict := children.RouteConflictHealth(&g.Inputs); conflict != nil {
		merge(health, v1alpha1.ConditionRoutesReady, *conflict)
	}
	dependencies, resolved := children.DependencyHealth(&g.Inputs)
	if dependencies != nil {
		health[v1alpha1.ConditionDependenciesReady] = *dependencies
	}

	ready := children.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: "The service is ready"}
	if !resolved {
		ready = *dependencies
	}
	for _, condition := range []string{v1alpha1.ConditionDatabaseReady, v1alpha1.ConditionDatabaseRestored, v1alpha1.ConditionDatabaseMigrated,
		v1alpha1.ConditionWorkloadReady, v1alpha1.ConditionRoutesReady} {
		if h, ok := health[condition]; ok {
			ready = worse(ready, h)
		}
	}
	for condition, h := range health {
		set.set(condition, h)
	}
	set.summarize(ready)
}

// unseenRoutes takes back what was said of routes whose Gateways are not known any
// more, because the Topology names them.
func unseenRoutes(status *v1alpha1.MicroserviceStatus, set *conditions, reason string) {
	status.URLs = nil
	if meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionRoutesReady) != nil {
		set.setStatus(v1alpha1.ConditionRoutesReady, metav1.ConditionUnknown, children.Health{Reason: reason,
			Message: "Routes are left as they are; which Gateways they attach to is up to the Topology"})
	}
}

// databaseConditions are what there is to say of a database beside that it
// accepts connections.
var databaseConditions = map[string]func(*children.Inputs) *children.Health{
	v1alpha1.ConditionDatabaseRestored:      children.RestoreHealth,
	v1alpha1.ConditionDatabaseMigrated:      children.MigrationHealth,
	v1alpha1.ConditionCredentialsRotated:    children.RotationHealth,
	v1alpha1.ConditionBackupReady:           children.BackupHealth,
	v1alpha1.ConditionConnectionsSufficient: children.ConnectionsHealth,
}

// collectHealth adds what one kind says to its condition.
func collectHealth(health map[string]children.Health, w *children.Wanted, g *gathered, out *outcome) {
	if w.Problem != nil {
		merge(health, w.Problem.Condition, problemHealth(w.Problem))
		// What is held back is not ready either, whoever is to blame.
		if w.Problem.Condition != w.Kind.Condition {
			merge(health, w.Kind.Condition, children.Health{Reason: w.Problem.Reason, Message: w.Problem.Message, Progressing: !w.Problem.Stalled, Stalled: w.Problem.Stalled})
		}
	}
	for _, o := range w.Objects {
		key := objectKey{w.Kind.Name, o.GetName()}
		condition := w.Kind.ConditionOf(o)
		if p := out.failed[key]; p != nil {
			merge(health, condition, problemHealth(p))
			continue
		}
		var live children.Object
		if found := g.find(key); found != nil && !out.written[key] {
			live = found
		}
		switch {
		case w.Kind.Health != nil:
			merge(health, condition, w.Kind.Health(&g.Inputs, live))
		// What was just written is there, and that is enough of it.
		case live == nil && !out.written[key] && !w.Kind.Once:
			merge(health, condition, waiting(v1alpha1.ReasonProgressing, fmt.Sprintf("%s %q is being updated", w.Kind.Name, key.name)))
		}
	}
}

func problemHealth(p *children.Problem) children.Health {
	return children.Health{Reason: p.Reason, Message: p.Message, Stalled: p.Stalled, Progressing: !p.Stalled}
}

func merge(health map[string]children.Health, condition string, h children.Health) {
	if old, ok := health[condition]; ok {
		h = worse(old, h)
	}
	health[condition] = h
}

// worse is what a user must hear first: what only they can mend, then what is
// not ready, and of equals the one that came first.
func worse(a, b children.Health) children.Health {
	rank := func(h children.Health) int {
		switch {
		case h.Stalled:
			return 2
		case !h.Ready:
			return 1
		}
		return 0
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

func waiting(reason, message string) children.Health {
	return children.Health{Reason: reason, Message: message, Progressing: true}
}

// externalHealth is how a database is that Atoll does not run. For the others
// it adds nothing.
func externalHealth(in *children.Inputs) children.Health {
	external := in.Microservice.Spec.Database.External
	if external == nil {
		return children.Health{Ready: true, Reason: v1alpha1.ReasonReady}
	}
	for _, message := range in.References.Missing {
		if strings.Contains(message, "database.external.secretName") {
			return waiting(v1alpha1.ReasonReferenceNotFound, message)
		}
	}
	return children.Health{Ready: true, Reason: v1alpha1.ReasonReady,
		Message: fmt.Sprintf("Secret %q says where the database is", external.SecretName)}
}

func databaseStatus(in *children.Inputs) *v1alpha1.DatabaseStatus {
	plan := in.Database()
	if plan == nil {
		// What was said of one whose spec can't be carried out still holds.
		if in.Microservice.Spec.Database != nil {
			return in.Microservice.Status.Database
		}
		return nil
	}
	return &v1alpha1.DatabaseStatus{Engine: plan.Kind, Version: plan.Version, Host: plan.Host, SecretName: plan.SecretName, LastBackup: children.LastBackup(in)}
}

func dependencyStatus(g *gathered) []v1alpha1.DependencyStatus {
	if len(g.Edges) == 0 {
		return nil
	}
	dependencies := make([]v1alpha1.DependencyStatus, len(g.Edges))
	for i := range g.Edges {
		dependencies[i] = v1alpha1.DependencyStatus{Name: g.Edges[i].Dependency.Name, Namespace: g.Edges[i].Dependency.Namespace, Ready: metav1.ConditionUnknown}
		if callee := g.Edges[i].Callee; callee != nil {
			dependencies[i].Ready = readyStatus(callee.Status.Conditions)
		}
	}
	return dependencies
}

func setReplicas(status *v1alpha1.MicroserviceStatus, g *gathered) {
	status.Selector = labels.SelectorFromSet(children.PodSelector(g.Microservice)).String()
	status.Replicas, status.ReadyReplicas, status.Ready = 0, 0, fmt.Sprintf("0/%d", g.MinReplicas())
	if d := g.Deployment; d != nil {
		status.Replicas, status.ReadyReplicas = d.Status.Replicas, d.Status.ReadyReplicas
		status.Ready = fmt.Sprintf("%d/%d", d.Status.ReadyReplicas, ptr.Deref(d.Spec.Replicas, 1))
	}
}
