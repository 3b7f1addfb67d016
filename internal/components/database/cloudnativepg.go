// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"cmp"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// Kinds of CloudNativePG
// (https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/) and of its
// plugin for backups to buckets (https://cloudnative-pg.io/plugin-barman-cloud/).
// They are unstructured, so that Atoll depends on no version of their Go types.
var (
	ClusterKind         = schema.GroupVersionKind{Group: "postgresql.cnpg.io", Version: "v1", Kind: "Cluster"}
	ScheduledBackupKind = schema.GroupVersionKind{Group: "postgresql.cnpg.io", Version: "v1", Kind: "ScheduledBackup"}
	ObjectStoreKind     = schema.GroupVersionKind{Group: "barmancloud.cnpg.io", Version: "v1", Kind: "ObjectStore"}
)

// CloudNativePGNamespace is where the manifests and the chart of CloudNativePG
// install its operator.
const CloudNativePGNamespace = "cnpg-system"

const (
	clusterImage = "ghcr.io/cloudnative-pg/postgresql:"
	clusterBase  = "trixie"
	barmanPlugin = "barman-cloud.cloudnative-pg.io"
	// clusterLabel is on the pods of a Cluster.
	clusterLabel = "cnpg.io/cluster"
	// hibernation deletes the pods of a Cluster and keeps its volumes
	// (https://cloudnative-pg.io/documentation/current/declarative_hibernation/).
	hibernation = "cnpg.io/hibernation"
	// originName is the name of the server that a Cluster recovers from.
	originName = "origin"
)

// cloudNativePG is a Cluster that CloudNativePG runs.
type cloudNativePG struct{}

func (cloudNativePG) BindingName() string { return "cloudnative-pg" }
func (cloudNativePG) Managed() bool       { return true }
func (cloudNativePG) RunsServer() bool    { return false }
func (cloudNativePG) Clustered() bool     { return true }

func (cloudNativePG) PodSelector(ms *v1alpha1.Microservice) map[string]string {
	return clusterPods(ms.Name)
}

func clusterPods(owner string) map[string]string {
	return map[string]string{clusterLabel: names.Database(owner)}
}

func (cloudNativePG) complete(p *Plan, spec *v1alpha1.Database) *condition.Problem {
	p.Host = graph.ServiceHost(p.Name+"-rw", p.Namespace)
	p.AdminSecretName = p.Name + "-superuser"
	p.TLS = true
	p.Instances = 1
	if spec.Instances != nil {
		p.Instances = *spec.Instances
	}
	return nil
}

// base is trixie for the versions that have images on it. CloudNativePG tags earlier images
// in another form.
func (cloudNativePG) base(p *Plan) string {
	if base := p.Engine.Base(p.Version); base == clusterBase {
		return base
	}
	return ""
}

func (cloudNativePG) image(p *Plan) string {
	if p.Base == "" {
		return clusterImage + p.Version
	}
	return clusterImage + p.Version + "-standard-" + p.Base
}

func (cloudNativePG) existing(_ *Plan, state *inputs.State) *existing {
	if state.Cluster == nil {
		return nil
	}
	return existingCluster(state.Cluster)
}

func (c cloudNativePG) objects() map[string]builder {
	return map[string]builder{
		// CloudNativePG creates the administrator's password.
		"Secret":                 c.secrets,
		"NetworkPolicy":          c.policies,
		ObjectStoreKind.Kind:     c.objectStores,
		ClusterKind.Kind:         c.clusters,
		ScheduledBackupKind.Kind: c.scheduledBackups,
	}
}

func (cloudNativePG) secrets(db *Database) ([]kube.Object, error) {
	if problem := credentialsProblem(db); problem != nil {
		return nil, problem
	}
	return bindingSecret(db), nil
}

func (cloudNativePG) policies(db *Database) ([]kube.Object, error) {
	policy := db.Plan.clusterPolicy(names.Labels(db.Microservice, v1alpha1.ComponentDatabase), cmp.Or(db.CloudNativePGNamespace, CloudNativePGNamespace))
	permitMesh(db, policy)
	return kube.One(policy)
}

func (cloudNativePG) objectStores(db *Database) ([]kube.Object, error) {
	var stores []kube.Object
	for _, store := range db.Plan.ObjectStores(db.Microservice.Spec.Database, names.Labels(db.Microservice, v1alpha1.ComponentDatabase)) {
		stores = append(stores, store)
	}
	return stores, nil
}

func (cloudNativePG) clusters(db *Database) ([]kube.Object, error) {
	c := db.serverPlan().Cluster(db.DatabaseState.Cluster, db.Microservice.Spec.Database, marks(db), names.Labels(db.Microservice, v1alpha1.ComponentDatabase))
	if pull := db.Plan.ImagePullSecrets; len(pull) > 0 {
		names := make([]any, len(pull))
		for i := range pull {
			names[i] = map[string]any{"name": pull[i].Name}
		}
		_ = unstructured.SetNestedSlice(c.Object, names, "spec", "imagePullSecrets")
	}
	if failure := db.PolicyFailure(v1alpha1.ComponentDatabase); failure != nil && (db.DatabaseState.Cluster == nil || !db.Plan.Suspended) {
		// A live Cluster stays as it is: a change can restart its servers.
		return nil, failure
	}
	return kube.One(c)
}

func (cloudNativePG) scheduledBackups(db *Database) ([]kube.Object, error) {
	backup := db.backup()
	if backup == nil {
		return nil, nil
	}
	if problem := checkSchedule(backup.Schedule); problem != nil {
		return nil, problem
	}
	return kube.One(db.Plan.ScheduledBackup(backup, names.Labels(db.Microservice, v1alpha1.ComponentBackup)))
}

func (cloudNativePG) usable(db *Database) bool { return clusterRuns(db.DatabaseState.Cluster) }

// credentialsProblem finds a lost password. A Cluster without a user gets one.
func (cloudNativePG) credentialsProblem(db *Database) *condition.Problem {
	cluster := db.DatabaseState.Cluster
	if cluster == nil || !unknown(db.DatabaseState.Binding) || inputs.MarksOf(cluster.GetAnnotations()).User == "" {
		return nil
	}
	return credentialsLost(condition.Message{Object: object(ClusterKind.Kind, cluster.GetName()),
		Cause:  fmt.Sprintf("holds data, but Secret %q with its password is gone", db.Plan.SecretName),
		Remedy: fmt.Sprintf("restore the Secret (keys username and password), or remove the annotation %s from the Cluster for a new password", inputs.AnnotationUser)})
}

func (cloudNativePG) lacksUser(db *Database) bool {
	known := db.DatabaseState.Cluster != nil && db.binding() != nil && (db.rotation >= rotationPublish || !db.DatabaseState.Unbound())
	return !known
}

func (cloudNativePG) bindingServer(c *inputs.Credentials) types.UID { return c.Server }

func (cloudNativePG) ownsBinding(c *inputs.Credentials, holder *inputs.Holder) bool {
	return c.Server == holder.UID
}

func (cloudNativePG) recovery(spec *v1alpha1.Database) recovery {
	if !recovers(spec) {
		return nil
	}
	return clusterRecovery{}
}

func (cloudNativePG) backupRemedies(namespace, owner string) (inspect, create string) {
	return "see kubectl describe scheduledbackups.postgresql.cnpg.io -n " + namespace + " " + names.Backup(owner), "create a Backup of CloudNativePG for a backup now"
}

// recovers reports whether the Cluster starts from a backup of CloudNativePG.
func recovers(spec *v1alpha1.Database) bool { return spec.Restore != nil && !inputs.FromDump(spec) }

// clusterRecovery is the restore of a backup of CloudNativePG: the Cluster starts
// with the data.
type clusterRecovery struct{}

func (clusterRecovery) done(db *Database) bool {
	_, found, _ := unstructured.NestedMap(db.DatabaseState.Cluster.Object, "spec", "bootstrap", "recovery")
	return found
}

func (clusterRecovery) health(db *Database) condition.Health {
	if db.DatabaseState.Cluster == nil {
		return waiting(v1alpha1.ReasonRestoring, condition.Say("CloudNativePG recovers the backup when it creates the Cluster"))
	}
	if h := ClusterHealth(db, db.DatabaseState.Cluster); !h.Ready {
		h.Reason = v1alpha1.ReasonRestoring
		return h
	}
	return condition.Health{Ready: true, Reason: v1alpha1.ReasonRestored, Message: condition.Say("The database was recovered from the backup")}
}

// ClusterHealth returns the health of a Cluster, from its phase and its condition
// Ready: its status has no generation to compare.
func ClusterHealth(db *Database, live kube.Object) condition.Health {
	c, _ := live.(*unstructured.Unstructured)
	if c == nil {
		return progressing(object(ClusterKind.Kind, names.Database(db.Microservice.Name)), "is being updated")
	}
	if db.Suspended() {
		return suspended(condition.Message{Cause: "The database is hibernated", Remedy: "set suspend to false to wake it"})
	}
	if clusterRuns(c) {
		if problem := AwaitingCredentials(db); problem != nil {
			return problem.Health()
		}
		return ready()
	}
	if h := podfailure.Worst(db.Pods, v1alpha1.ComponentDatabase); h != nil {
		return *h
	}
	phase, _, _ := unstructured.NestedString(c.Object, "status", "phase")
	if phase == "" {
		return waiting(v1alpha1.ReasonPending, condition.Message{Object: object(ClusterKind.Kind, c.GetName()),
			Cause:  "has no status from CloudNativePG yet",
			Remedy: "check that CloudNativePG's operator runs"})
	}
	return waiting(v1alpha1.ReasonUnavailable, condition.Message{Object: object(ClusterKind.Kind, c.GetName()), Cause: "is in this phase: " + phase})
}

// clusterRuns reports whether a Cluster accepts connections.
func clusterRuns(c *unstructured.Unstructured) bool {
	return c != nil && conditionStatus(c, "Ready") == metav1.ConditionTrue
}

func conditionStatus(o *unstructured.Unstructured, conditionType string) metav1.ConditionStatus {
	conditions, _, _ := unstructured.NestedSlice(o.Object, "status", "conditions")
	for _, c := range conditions {
		if fields, ok := c.(map[string]any); ok && fields["type"] == conditionType {
			status, _ := fields["status"].(string)
			return metav1.ConditionStatus(status)
		}
	}
	return metav1.ConditionUnknown
}

// clusterPolicy admits the clients, the servers of the Cluster, and CloudNativePG's
// operator in a namespace
// (https://cloudnative-pg.io/documentation/current/networking/).
func (p *Plan) clusterPolicy(labels map[string]string, operators string) *networkingv1.NetworkPolicy {
	members := clusterPods(p.Owner)
	const statusPort = 8000
	return &networkingv1.NetworkPolicy{
		ObjectMeta: metav1.ObjectMeta{Name: p.Name, Namespace: p.Namespace, Labels: labels},
		Spec: networkingv1.NetworkPolicySpec{
			PodSelector: metav1.LabelSelector{MatchLabels: members},
			PolicyTypes: []networkingv1.PolicyType{networkingv1.PolicyTypeIngress},
			Ingress: []networkingv1.NetworkPolicyIngressRule{
				{From: []networkingv1.NetworkPolicyPeer{p.clients()}, Ports: tcp(p.Port)},
				{From: []networkingv1.NetworkPolicyPeer{
					{PodSelector: &metav1.LabelSelector{MatchLabels: members}},
					{
						NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: operators}},
						PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"app.kubernetes.io/name": "cloudnative-pg"}},
					},
				}, Ports: tcp(p.Port, statusPort)},
			},
		},
	}
}
