// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// builtIn is one server that Atoll runs itself, in a StatefulSet.
type builtIn struct{}

func (builtIn) BindingName() string { return "atoll" }
func (builtIn) Managed() bool       { return true }
func (builtIn) RunsServer() bool    { return true }
func (builtIn) Clustered() bool     { return false }

func (builtIn) PodSelector(ms *v1alpha1.Microservice) map[string]string {
	return names.Selector(ms, v1alpha1.ComponentDatabase)
}

func (builtIn) complete(p *Plan, _ *v1alpha1.Database) *condition.Problem {
	p.AdminSecretName = names.AdminSecret(p.Owner)
	p.Host = graph.ServiceHost(p.Name, p.Namespace)
	p.Instances = 1
	return nil
}

func (builtIn) base(p *Plan) string  { return p.Engine.Base(p.Version) }
func (builtIn) image(p *Plan) string { return p.Engine.Image(p.Version, p.Base) }

func (builtIn) existing(p *Plan, state *inputs.State) *existing {
	switch {
	case state.Claim != nil:
		return existingClaim(state.Claim)
	case state.ClaimTemplate != nil:
		// The API server does not allow a template to change: the claim created from it
		// will have that major version and base.
		return &existing{
			name:  "the claim template of " + object("StatefulSet", p.Name).String(),
			major: state.ClaimTemplate.Labels[inputs.LabelMajorVersion], base: state.ClaimTemplate.Annotations[inputs.AnnotationBase],
		}
	}
	return nil
}

func (b builtIn) objects() map[string]builder {
	return map[string]builder{
		"Secret":                b.secrets,
		"PersistentVolumeClaim": b.claims,
		"NetworkPolicy":         b.policies,
		"StatefulSet":           b.statefulSets,
		"Service":               b.services,
		"CronJob":               b.cronJobs,
	}
}

func (builtIn) secrets(db *Database) ([]kube.Object, error) {
	if problem := credentialsProblem(db); problem != nil {
		return nil, problem
	}
	secrets := []kube.Object{db.Plan.AdminSecret(*db.DatabaseState.Admin, names.Labels(db.Microservice, v1alpha1.ComponentDatabase))}
	return append(secrets, bindingSecret(db)...), nil
}

// claims returns the claim that the StatefulSet created. The StatefulSet deletes or
// keeps it by its own retention policy.
func (builtIn) claims(db *Database) ([]kube.Object, error) {
	if db.DatabaseState.Claim == nil {
		return nil, nil
	}
	return kube.One(db.Plan.Claim(marks(db), names.Labels(db.Microservice, v1alpha1.ComponentDatabase)))
}

func (b builtIn) policies(db *Database) ([]kube.Object, error) {
	policy := db.Plan.serverPolicy(names.Labels(db.Microservice, v1alpha1.ComponentDatabase), b.PodSelector(db.Microservice))
	permitMesh(db, policy)
	return kube.One(policy)
}

func (b builtIn) statefulSets(db *Database) ([]kube.Object, error) {
	if stale := db.DatabaseState.StaleSecret; stale != "" && db.StatefulSet == nil {
		return nil, &condition.Problem{Condition: v1alpha1.ConditionDatabaseReady, Reason: v1alpha1.ReasonApplyFailed, Message: condition.Message{
			Object: object("Secret", stale), Cause: "was just deleted or replaced; the database is created when Atoll knows the new one"}}
	}
	set := db.serverPlan().StatefulSet(db.StatefulSet, names.Labels(db.Microservice, v1alpha1.ComponentDatabase), b.PodSelector(db.Microservice))
	set.Spec.UpdateStrategy = updateStrategy(db)
	markServer(db, set)
	if problem := credentialsProblem(db); problem != nil {
		return heldServer(db, set, false), problem
	}
	if failure := db.PolicyFailure(v1alpha1.ComponentDatabase); failure != nil {
		return heldServer(db, set, db.StatefulSet != nil && !db.Unisolated(v1alpha1.ComponentDatabase, db.StatefulSet.Spec.Template.Labels)), failure
	}
	return kube.One(set)
}

func (b builtIn) services(db *Database) ([]kube.Object, error) {
	return kube.One(db.Plan.Service(names.Labels(db.Microservice, v1alpha1.ComponentDatabase), b.PodSelector(db.Microservice)))
}

func (builtIn) cronJobs(db *Database) ([]kube.Object, error) {
	backup := db.backup()
	if backup == nil {
		return nil, nil
	}
	if problem := credentialsProblem(db); problem != nil {
		return nil, problem
	}
	if problem := checkSchedule(backup.Schedule); problem != nil {
		return nil, problem
	}
	cronJob := db.Plan.BackupCronJob(backup, db.RcloneImage, holdsBackups(db), names.Labels(db.Microservice, v1alpha1.ComponentBackup))
	pod := &cronJob.Spec.JobTemplate.Spec.Template.Spec
	pod.ServiceAccountName = db.storeAccount(backup.Destination.S3)
	if size := stagingRequest(db, backup); size != nil {
		pod.InitContainers[0].Resources.Requests[corev1.ResourceEphemeralStorage] = *size
	}
	return kube.One(cronJob)
}

func (builtIn) usable(db *Database) bool {
	return db.StatefulSet != nil && db.StatefulSet.DeletionTimestamp == nil && ServerHealth(db, db.StatefulSet).Ready && !restarts(db)
}

// credentialsProblem finds lost passwords. A new password for an existing volume
// would lock the service out for good: an engine reads a password from its
// environment only when it creates a database.
func (builtIn) credentialsProblem(db *Database) *condition.Problem {
	p, state := db.Plan, &db.DatabaseState
	switch {
	case unknown(state.Binding):
		return lostPassword(db, p.SecretName, "its password", "keys username and password")
	case unknown(state.Admin):
		return lostPassword(db, p.AdminSecretName, "its administrator's password", "key password")
	}
	return nil
}

func lostPassword(db *Database, secret, what, keys string) *condition.Problem {
	if db.DatabaseState.Claim == nil {
		return credentialsLost(condition.Message{Object: object("Secret", secret),
			Cause:  "has no password",
			Remedy: fmt.Sprintf("set its %s, or delete the Secret for a new password", keys)})
	}
	return credentialsLost(condition.Message{Object: object("PersistentVolumeClaim", names.DatabaseClaim(db.Microservice.Name)),
		Cause:  fmt.Sprintf("holds data, but Secret %q with %s is gone", secret, what),
		Remedy: fmt.Sprintf("restore the Secret (%s), or delete the claim if its data is not needed", keys)})
}

func (builtIn) lacksUser(*Database) bool                             { return false }
func (builtIn) bindingServer(*inputs.Credentials) types.UID          { return "" }
func (builtIn) ownsBinding(*inputs.Credentials, *inputs.Holder) bool { return true }
func (builtIn) recovery(*v1alpha1.Database) recovery                 { return nil }

func (builtIn) backupRemedies(namespace, owner string) (inspect, create string) {
	name := names.Backup(owner)
	return "see kubectl describe cronjob -n " + namespace + " " + name, fmt.Sprintf("create a backup now with kubectl create job -n %s --from=cronjob/%s %s-now", namespace, name, name)
}

// ServerHealth returns the health of a built-in database.
func ServerHealth(db *Database, live kube.Object) condition.Health {
	set, _ := live.(*appsv1.StatefulSet)
	name := names.Database(db.Microservice.Name)
	switch {
	case set == nil || set.Status.ObservedGeneration < set.Generation:
		return progressing(object("StatefulSet", name), "is being updated")
	case db.Suspended():
		return suspended(condition.Message{Cause: "The database is suspended", Remedy: "set suspend to false to start it"})
	case set.Status.ReadyReplicas < 1:
		return serverUnready(db, set)
	case isPending(set) && rollsOut(set):
		return progressing(object("StatefulSet", name), "is rolling out a change")
	}
	return ready()
}

// serverUnready says why the pod of a built-in database is not ready. A StatefulSet
// has no condition for a refused pod or claim, but its number of pods is zero at the
// current generation.
func serverUnready(db *Database, set *appsv1.StatefulSet) condition.Health {
	claim := db.DatabaseState.Claim
	unbound := claim != nil && claim.Status.Phase == corev1.ClaimPending
	failure := podfailure.Find(db.Pods, v1alpha1.ComponentDatabase)
	switch {
	// The claim says more than its pod, which waits for it.
	case failure != nil && (!unbound || !failure.WaitsForClaim()):
		return *failure.DeclaredAs(db.Plan.Image).Health()
	case set.Status.Replicas == 0:
		return waiting(v1alpha1.ReasonUnavailable, condition.Message{Object: object("StatefulSet", set.Name),
			Cause:  "has no pod; the namespace's quota, limits or policies may refuse the pod or its volume claim",
			Remedy: "see its events (kubectl describe statefulset -n " + db.Microservice.Namespace + " " + set.Name + ")" + userRemedy(db)})
	case unbound:
		return waiting(v1alpha1.ReasonStoragePending, condition.Message{Object: object("PersistentVolumeClaim", claim.Name),
			Cause:  ofClass(claim) + "is not bound yet",
			Remedy: "see its events (kubectl describe pvc -n " + db.Microservice.Namespace + " " + claim.Name + ")"})
	}
	return waiting(v1alpha1.ReasonUnavailable, condition.Message{Object: object("StatefulSet", set.Name), Cause: "has a pod that does not accept connections yet"})
}

func ofClass(claim *corev1.PersistentVolumeClaim) string {
	if claim.Spec.StorageClassName == nil {
		return ""
	}
	return fmt.Sprintf("of storage class %q ", *claim.Spec.StorageClassName)
}
