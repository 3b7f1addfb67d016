// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/names"
)

// ObjectStores returns the buckets of the Cluster's backups and of its recovery.
func (p *Plan) ObjectStores(spec *v1alpha1.Database, labels map[string]string) []*unstructured.Unstructured {
	var stores []*unstructured.Unstructured
	if spec.Backup != nil {
		store := p.objectStore(p.Name, spec.Backup.Destination.S3, p.Namespace, labels)
		_ = unstructured.SetNestedField(store.Object, recoveryWindow(spec.Backup), "spec", "retentionPolicy")
		stores = append(stores, store)
	}
	if recovers(spec) && p.restoreStoreName(spec) != p.Name {
		s3 := spec.Restore.From.S3
		if s3 == nil {
			s3 = spec.Backup.Destination.S3
		}
		stores = append(stores, p.objectStore(p.restoreStoreName(spec), s3, p.restoreNamespace(spec), labels))
	}
	return stores
}

// ArchiveLocation returns the location of a server's backups: its folder, whose
// name restore.from.backup takes.
func (p *Plan) ArchiveLocation(backup *v1alpha1.DatabaseBackup, server string) string {
	return "s3://" + bucketPath(backup.Destination.S3, p.Namespace) + "/" + server
}

func (p *Plan) objectStore(name string, s3 *v1alpha1.S3Location, namespace string, labels map[string]string) *unstructured.Unstructured {
	credentials := map[string]any{"inheritFromIAMRole": true}
	if s3.SecretName != "" {
		credentials = map[string]any{
			"accessKeyId":     map[string]any{"name": s3.SecretName, "key": KeyAccessKeyID},
			"secretAccessKey": map[string]any{"name": s3.SecretName, "key": KeySecretAccessKey},
		}
	}
	configuration := map[string]any{
		"destinationPath": "s3://" + bucketPath(s3, namespace),
		"s3Credentials":   credentials,
		"wal":             map[string]any{"compression": "gzip"},
		"data":            map[string]any{"compression": "gzip"},
	}
	if s3.Endpoint != "" {
		configuration["endpointURL"] = s3.Endpoint
	}
	fields := map[string]any{
		"configuration": configuration,
		"instanceSidecarConfiguration": map[string]any{
			"env": []any{map[string]any{"name": "AWS_DEFAULT_REGION", "value": firstSet(s3.Region, defaultRegion)}},
		},
	}
	return p.clusterObject(ObjectStoreKind, name, labels, fields)
}

// ScheduledBackup returns the schedule by which CloudNativePG backs the Cluster up.
func (p *Plan) ScheduledBackup(backup *v1alpha1.DatabaseBackup, labels map[string]string) *unstructured.Unstructured {
	return p.clusterObject(ScheduledBackupKind, names.Backup(p.Owner), labels, map[string]any{
		"cluster": map[string]any{"name": p.Name},
		// A schedule of CloudNativePG starts with seconds.
		"schedule":             clusterSchedule(backup.Schedule),
		"method":               "plugin",
		"pluginConfiguration":  map[string]any{"name": barmanPlugin},
		"backupOwnerReference": "self",
		"suspend":              p.Suspended,
	})
}

func clusterSchedule(schedule string) string {
	if strings.HasPrefix(schedule, "@") {
		return schedule
	}
	return "0 " + schedule
}

// recoveryWindow returns the age of the oldest backup to keep: the plugin keeps
// backups by age, in days, and not by number.
func recoveryWindow(backup *v1alpha1.DatabaseBackup) string {
	day := 24 * time.Hour
	kept := time.Duration(Keep(backup)) * Interval(backup.Schedule)
	return fmt.Sprintf("%dd", max(1, int((kept+day-1)/day)))
}

// lastBackup returns the newest backup that the plugin reports, for any server in
// the bucket's folder.
func (cloudNativePG) lastBackup(db *Database) *v1alpha1.BackupStatus {
	server, at := recoveryTime(db, "lastSuccessfulBackupTime")
	if at.IsZero() || db.Plan == nil {
		return nil
	}
	return &v1alpha1.BackupStatus{Time: at, Location: db.Plan.ArchiveLocation(db.backup(), server)}
}

// backupFailure says why a Cluster is not backed up. Without its archive a backup
// cannot be recovered.
func (cloudNativePG) backupFailure(db *Database, last *v1alpha1.BackupStatus) *condition.Message {
	if cluster := db.DatabaseState.Cluster; cluster != nil && conditionStatus(cluster, "ContinuousArchiving") == metav1.ConditionFalse {
		return &condition.Message{Object: object(ClusterKind.Kind, cluster.GetName()),
			Cause:  "cannot archive to its bucket",
			Remedy: "see kubectl describe clusters.postgresql.cnpg.io -n " + db.Microservice.Namespace + " " + cluster.GetName()}
	}
	_, failed := recoveryTime(db, "lastFailedBackupTime")
	if failed.IsZero() || last != nil && !last.Time.Before(&failed) {
		return nil
	}
	return &condition.Message{Cause: "CloudNativePG reports a failure", Remedy: "see kubectl get backups.postgresql.cnpg.io -n " + db.Microservice.Namespace}
}

// recoveryTime returns the latest time in a field that the ObjectStore's status has
// for each server, and that server.
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
