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

package database

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// Database is a Microservice's inputs together with the database that follows from
// them.
type Database struct {
	*inputs.Inputs
	// Plan is the database as it is to be; nil where there is none, or Err says what
	// is wrong with its spec.
	Plan *Plan
	Err  error
	// rotation is how far a rotation of the password has come.
	rotation rotationStep
}

// Of returns the database that a Microservice is to have.
func Of(in *inputs.Inputs) *Database {
	db := &Database{Inputs: in}
	db.Plan, db.Err = Resolve(db.Microservice, db.Topology, &db.DatabaseState)
	db.rotation = rotationOf(db)
	return db
}

// builtIn is the database's plan where Atoll runs it, and nil otherwise.
func (db *Database) builtIn() *Plan { return db.providedBy(v1alpha1.ProviderBuiltIn) }

// clustered is the database's plan where CloudNativePG runs it, and nil
// otherwise.
func (db *Database) clustered() *Plan {
	return db.providedBy(v1alpha1.ProviderCloudNativePG)
}

func (db *Database) providedBy(provider v1alpha1.DatabaseProvider) *Plan {
	if db.Plan == nil || db.Plan.Provider != provider {
		return nil
	}
	return db.Plan
}

// managed is the database's plan where Atoll or CloudNativePG runs it, and nil
// otherwise.
func (db *Database) managed() *Plan {
	if db.Plan == nil || db.Plan.Provider == v1alpha1.ProviderExternal {
		return nil
	}
	return db.Plan
}

func InvalidDatabase(db *Database) *condition.Problem {
	p := condition.Invalid("%s", db.Err)
	p.Condition = v1alpha1.ConditionDatabaseReady
	return p
}

// Usable says whether a client that has the binding Secret can work.
func Usable(db *Database) bool {
	switch {
	case db.Plan == nil || db.Suspended():
		return false
	case db.builtIn() != nil:
		return db.StatefulSet != nil && db.StatefulSet.DeletionTimestamp == nil && ServerHealth(db, db.StatefulSet).Ready
	case db.clustered() != nil:
		return clusterRuns(db.DatabaseState.Cluster)
	}
	return len(db.References.Missing) == 0
}

func Retained(db *Database, _ kube.Object) bool {
	return db.Plan != nil && db.Plan.Retained()
}

// Policies isolates the database whatever the Topology says.
func Policies(db *Database) ([]kube.Object, error) {
	if db.Err != nil {
		return nil, InvalidDatabase(db)
	}
	p, ms := db.managed(), db.Microservice
	if p == nil {
		return nil, nil
	}
	return kube.One(p.NetworkPolicy(names.Labels(ms, v1alpha1.ComponentDatabase), names.Selector(ms, v1alpha1.ComponentDatabase),
		cmp.Or(db.CloudNativePGNamespace, CloudNativePGNamespace)))
}

// Services returns the Service of a built-in database.
func Services(db *Database) ([]kube.Object, error) {
	if db.Err != nil {
		return nil, InvalidDatabase(db)
	}
	p, ms := db.builtIn(), db.Microservice
	if p == nil {
		return nil, nil
	}
	return kube.One(p.Service(names.Labels(ms, v1alpha1.ComponentDatabase), names.Selector(ms, v1alpha1.ComponentDatabase)))
}

// Claims returns the claim that the StatefulSet made. The StatefulSet
// deletes or keeps it by its own retention policy.
func Claims(db *Database) ([]kube.Object, error) {
	if db.Err != nil {
		return nil, InvalidDatabase(db)
	}
	p := db.builtIn()
	if p == nil || db.DatabaseState.Claim == nil {
		return nil, nil
	}
	return kube.One(p.Claim(marks(db), names.Labels(db.Microservice, v1alpha1.ComponentDatabase)))
}

func StatefulSets(db *Database) ([]kube.Object, error) {
	if problem := Unusable(db); problem != nil {
		return nil, problem
	}
	p := db.builtIn()
	if p == nil {
		return nil, nil
	}
	ms := db.Microservice
	set := servedOut(db, p).StatefulSet(db.StatefulSet, names.Labels(ms, v1alpha1.ComponentDatabase), names.Selector(ms, v1alpha1.ComponentDatabase))
	set.Spec.Template.Spec.ImagePullSecrets = inputs.PullSecrets(db.Inputs)
	return kube.One(set)
}

// servedOut is the plan of a server that is suspended only when no migration, restore
// or other Job works with it: broken off in the middle it would have failed.
func servedOut(db *Database, p *Plan) *Plan {
	if !p.Suspended || !operationRuns(db) {
		return p
	}
	running := *p
	running.Suspended = false
	return &running
}

// operationRuns says whether a migration, a restore or another Job works on the
// database.
func operationRuns(db *Database) bool {
	return slices.ContainsFunc(db.Pods, func(pod corev1.Pod) bool {
		component := pod.Labels[v1alpha1.LabelComponent]
		return component != v1alpha1.ComponentService && component != v1alpha1.ComponentDatabase && containerRuns(&pod)
	})
}

func ServerHealth(db *Database, live kube.Object) condition.Health {
	set, _ := live.(*appsv1.StatefulSet)
	name := names.Database(db.Microservice.Name)
	switch {
	case set == nil || set.Status.ObservedGeneration < set.Generation:
		return condition.Progressing("StatefulSet %q is being updated", name)
	case db.Suspended():
		return condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The database is suspended: set suspend to false to start it")}
	case set.Status.ReadyReplicas < 1:
		return databaseUnready(db, set)
	case set.Status.UpdateRevision != "" && set.Status.CurrentRevision != set.Status.UpdateRevision:
		return condition.Progressing("StatefulSet %q is rolling out a change", name)
	}
	return condition.Healthy("The database accepts connections")
}

// databaseUnready says why a database's pod is not ready. A StatefulSet has no
// condition that tells of a pod or claim that is refused, but its count of pods
// does: it is zero at the current generation.
func databaseUnready(db *Database, set *appsv1.StatefulSet) condition.Health {
	claim := db.DatabaseState.Claim
	unbound := claim != nil && claim.Status.Phase == corev1.ClaimPending
	h := podfailure.Worst(db.Pods, v1alpha1.ComponentDatabase)
	// That a pod waits for its claim is better told of the claim.
	waits := unbound && h != nil && h.Reason == v1alpha1.ReasonUnschedulable && strings.Contains(h.Message.String(), "PersistentVolumeClaim")
	switch {
	case h != nil && !waits:
		return *h
	case set.Status.Replicas == 0:
		return condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true,
			Message: condition.ParseMessage(fmt.Sprintf("StatefulSet %q has no pod; if it stays so, the namespace's quota, limits or policies refuse the pod or its volume claim: see its events (kubectl describe statefulset %s)", set.Name, set.Name))}
	case unbound:
		return condition.Health{Reason: v1alpha1.ReasonStoragePending, Progressing: true,
			Message: condition.ParseMessage(fmt.Sprintf("PersistentVolumeClaim %q%s is not bound yet: see its events (kubectl describe pvc %s)", claim.Name, ofClass(claim), claim.Name))}
	}
	return condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true,
		Message: condition.ParseMessage(fmt.Sprintf("StatefulSet %q: its pod does not accept connections yet", set.Name))}
}

func ofClass(claim *corev1.PersistentVolumeClaim) string {
	if claim.Spec.StorageClassName == nil {
		return ""
	}
	return fmt.Sprintf(" of storage class %q", *claim.Spec.StorageClassName)
}

// ExternalHealth is how a database is that Atoll does not run; nil for the others.
func ExternalHealth(db *Database) *condition.Health {
	spec := db.Microservice.Spec.Database
	if spec == nil || spec.External == nil {
		return nil
	}
	for _, message := range db.References.Missing {
		if strings.Contains(message, "database.external.secretName") {
			return &condition.Health{Reason: v1alpha1.ReasonReferenceNotFound, Message: condition.ParseMessage(message), Progressing: true}
		}
	}
	return &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage(fmt.Sprintf("Secret %q says where the database is", spec.External.SecretName))}
}
