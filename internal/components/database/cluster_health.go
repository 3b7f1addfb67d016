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
	"fmt"
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

func ObjectStores(db *Database) ([]kube.Object, error) {
	if db.Err != nil {
		return nil, InvalidDatabase(db)
	}
	p := db.clustered()
	if p == nil {
		return nil, nil
	}
	var stores []kube.Object
	for _, store := range p.ObjectStores(db.Microservice.Spec.Database, names.Labels(db.Microservice, v1alpha1.ComponentDatabase)) {
		stores = append(stores, store)
	}
	return stores, nil
}

func Clusters(db *Database) ([]kube.Object, error) {
	if db.Err != nil {
		return nil, InvalidDatabase(db)
	}
	p := db.clustered()
	if p == nil {
		return nil, nil
	}
	c := servedOut(db, p).Cluster(db.DatabaseState.Cluster, db.Microservice.Spec.Database, marks(db), names.Labels(db.Microservice, v1alpha1.ComponentDatabase))
	if pull := inputs.PullSecrets(db.Inputs); len(pull) > 0 {
		names := make([]any, len(pull))
		for i := range pull {
			names[i] = map[string]any{"name": pull[i].Name}
		}
		_ = unstructured.SetNestedSlice(c.Object, names, "spec", "imagePullSecrets")
	}
	return kube.One(c)
}

func ScheduledBackups(db *Database) ([]kube.Object, error) {
	if db.Err != nil {
		return nil, InvalidDatabase(db)
	}
	p, backup := db.clustered(), db.backup()
	if p == nil || backup == nil {
		return nil, nil
	}
	if err := CheckSchedule(backup.Schedule); err != nil {
		return nil, condition.Invalid("%s", err)
	}
	return kube.One(p.ScheduledBackup(backup, names.Labels(db.Microservice, v1alpha1.ComponentBackup)))
}

// ClusterHealth reads a Cluster's phase and its Ready condition: its status has
// no generation to compare.
func ClusterHealth(db *Database, live kube.Object) condition.Health {
	c, _ := live.(*unstructured.Unstructured)
	if c == nil {
		return condition.Progressing("Cluster %q is being updated", db.Microservice.Name+"-db")
	}
	if db.Suspended() {
		return condition.Health{Reason: v1alpha1.ReasonSuspended, Message: condition.ParseMessage("The database is hibernated: set suspend to false to wake it")}
	}
	if clusterRuns(c) {
		if problem := AwaitingCredentials(db); problem != nil {
			return condition.Health{Reason: problem.Reason, Message: problem.Message, Progressing: true}
		}
		return condition.Healthy("The database accepts connections")
	}
	if h := podfailure.Worst(db.Pods, v1alpha1.ComponentDatabase); h != nil {
		return *h
	}
	phase, _, _ := unstructured.NestedString(c.Object, "status", "phase")
	if phase == "" {
		return condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true,
			Message: condition.ParseMessage(fmt.Sprintf("CloudNativePG has not taken up Cluster %q yet: is its operator running?", c.GetName()))}
	}
	return condition.Health{Reason: v1alpha1.ReasonUnavailable, Progressing: true, Message: condition.ParseMessage(fmt.Sprintf("Cluster %q: %s", c.GetName(), phase))}
}

// clusterRuns says whether a Cluster accepts connections.
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

// clusterBackup is the last backup that the plugin tells of, for any server in
// the bucket's folder.
func clusterBackup(db *Database) *v1alpha1.BackupStatus {
	server, at := recoveryTime(db, "lastSuccessfulBackupTime")
	if at.IsZero() {
		return nil
	}
	return &v1alpha1.BackupStatus{Time: at, Location: db.clustered().ArchiveLocation(db.backup(), server)}
}

// clusterBackupFailure is why a Cluster is not backed up; empty where it is. Without
// its archive a backup can't be recovered.
func clusterBackupFailure(db *Database, last *v1alpha1.BackupStatus) string {
	if cluster := db.DatabaseState.Cluster; cluster != nil && conditionStatus(cluster, "ContinuousArchiving") == metav1.ConditionFalse {
		return fmt.Sprintf("Cluster %q can't archive to its bucket: see kubectl describe clusters.postgresql.cnpg.io %s", cluster.GetName(), cluster.GetName())
	}
	_, failed := recoveryTime(db, "lastFailedBackupTime")
	if failed.IsZero() || last != nil && !last.Time.Before(&failed) {
		return ""
	}
	return "see kubectl get backups.postgresql.cnpg.io"
}

// recoveryTime is the latest of a time that the ObjectStore's status has for each
// server, and that server.
func recoveryTime(db *Database, field string) (server string, latest metav1.Time) {
	if db.ObjectStore == nil || db.backup() == nil {
		return "", latest
	}
	servers, _, _ := unstructured.NestedMap(db.ObjectStore.Object, "status", "serverRecoveryWindow")
	for _, name := range slices.Sorted(maps.Keys(servers)) {
		fields, _ := servers[name].(map[string]any)
		text, _ := fields[field].(string)
		if at, err := time.Parse(time.RFC3339, text); err == nil && latest.Time.Before(at) {
			server, latest = name, metav1.NewTime(at)
		}
	}
	return server, latest
}
