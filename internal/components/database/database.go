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
	db.Plan, db.Err = Resolve(in.Microservice, in.Topology, &in.DatabaseState)
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

func InvalidDatabase(in *Database) *condition.Problem {
	p := condition.Invalid("%s", in.Err)
	p.Condition = v1alpha1.ConditionDatabaseReady
	return p
}

// Usable says whether a client that has the binding Secret can work.
func Usable(in *Database) bool {
	switch {
	case in.Plan == nil || in.Suspended():
		return false
	case in.builtIn() != nil:
		return in.StatefulSet != nil && in.StatefulSet.DeletionTimestamp == nil && ServerHealth(in, in.StatefulSet).Ready
	case in.clustered() != nil:
		return clusterRuns(in.DatabaseState.Cluster)
	}
	return len(in.References.Missing) == 0
}

func Retained(in *Database, _ kube.Object) bool {
	return in.Plan != nil && in.Plan.Retained()
}

// Policies isolates the database whatever the Topology says.
func Policies(in *Database) ([]kube.Object, error) {
	if in.Err != nil {
		return nil, InvalidDatabase(in)
	}
	p, ms := in.managed(), in.Microservice
	if p == nil {
		return nil, nil
	}
	return kube.One(p.NetworkPolicy(names.Labels(ms, v1alpha1.ComponentDatabase), names.Selector(ms, v1alpha1.ComponentDatabase),
		cmp.Or(in.CloudNativePGNamespace, CloudNativePGNamespace)))
}

// Services returns the Service of a built-in database.
func Services(in *Database) ([]kube.Object, error) {
	if in.Err != nil {
		return nil, InvalidDatabase(in)
	}
	p, ms := in.builtIn(), in.Microservice
	if p == nil {
		return nil, nil
	}
	return kube.One(p.Service(names.Labels(ms, v1alpha1.ComponentDatabase), names.Selector(ms, v1alpha1.ComponentDatabase)))
}

// Claims returns the claim that the StatefulSet made. The StatefulSet
// deletes or keeps it by its own retention policy.
func Claims(in *Database) ([]kube.Object, error) {
	if in.Err != nil {
		return nil, InvalidDatabase(in)
	}
	p := in.builtIn()
	if p == nil || in.DatabaseState.Claim == nil {
		return nil, nil
	}
	return kube.One(p.Claim(marks(in), names.Labels(in.Microservice, v1alpha1.ComponentDatabase)))
}

func StatefulSets(in *Database) ([]kube.Object, error) {
	if problem := Unusable(in); problem != nil {
		return nil, problem
	}
	p := in.builtIn()
	if p == nil {
		return nil, nil
	}
	if stale := in.DatabaseState.StaleSecret; stale != "" && in.StatefulSet == nil {
		return nil, &condition.Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: v1alpha1.ReasonApplyFailed, Message: condition.Message{
			Object: condition.Object{Kind: "Secret", Name: stale}, Cause: "was just deleted or replaced; the database is created when Atoll knows the new one"}}
	}
	ms := in.Microservice
	set := servedOut(in, p).StatefulSet(in.StatefulSet, names.Labels(ms, v1alpha1.ComponentDatabase), names.Selector(ms, v1alpha1.ComponentDatabase))
	set.Spec.Template.Spec.ImagePullSecrets = inputs.PullSecrets(in.Inputs)
	return kube.One(set)
}

// servedOut is the plan of a server that is suspended only when no migration, restore
// or other Job works with it: broken off in the middle it would have failed.
func servedOut(in *Database, p *Plan) *Plan {
	if !p.Suspended || !operationRuns(in) {
		return p
	}
	running := *p
	running.Suspended = false
	return &running
}

// operationRuns says whether a migration, a restore or another Job works on the
// database.
func operationRuns(in *Database) bool {
	return slices.ContainsFunc(in.Pods, func(pod corev1.Pod) bool {
		component := pod.Labels[v1alpha1.LabelComponent]
		return component != v1alpha1.ComponentService && component != v1alpha1.ComponentDatabase && containerRuns(&pod)
	})
}

func ServerHealth(in *Database, live kube.Object) condition.Health {
	set, _ := live.(*appsv1.StatefulSet)
	name := names.Database(in.Microservice.Name)
	switch {
	case set == nil || set.Status.ObservedGeneration < set.Generation:
		return condition.Progressing("StatefulSet %q is being updated", name)
	case in.Suspended():
		return condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The database is suspended: set suspend to false to start it")}
	case set.Status.ReadyReplicas < 1:
		return databaseUnready(in, set)
	case set.Status.UpdateRevision != "" && set.Status.CurrentRevision != set.Status.UpdateRevision:
		return condition.Progressing("StatefulSet %q is rolling out a change", name)
	}
	return condition.Healthy("The database accepts connections")
}

// databaseUnready says why a database's pod is not ready. A StatefulSet has no
// condition that tells of a pod or claim that is refused, but its count of pods
// does: it is zero at the current generation.
func databaseUnready(in *Database, set *appsv1.StatefulSet) condition.Health {
	claim := in.DatabaseState.Claim
	unbound := claim != nil && claim.Status.Phase == corev1.ClaimPending
	failure := podfailure.Find(in.Pods, v1alpha1.ComponentDatabase)
	switch {
	// The claim says more than its pod, which waits for it.
	case failure != nil && (!unbound || !failure.WaitsForClaim()):
		return *failure.Health()
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
func ExternalHealth(in *Database) *condition.Health {
	spec := in.Microservice.Spec.Database
	if spec == nil || spec.External == nil {
		return nil
	}
	for i := range in.References.Missing {
		if missing := &in.References.Missing[i]; missing.Field == inputs.FieldExternalSecret {
			return &condition.Health{Reason: v1alpha1.ReasonReferenceNotFound, Message: missing.Message(), Progressing: true}
		}
	}
	return &condition.Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: condition.ParseMessage(fmt.Sprintf("Secret %q says where the database is", spec.External.SecretName))}
}
