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
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// Kinds of CloudNativePG (https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/)
// and of its plugin for backups to buckets (https://cloudnative-pg.io/plugin-barman-cloud/).
// Atoll knows them by their fields only, so that it depends on no version's Go
// types.
var (
	ClusterKind         = schema.GroupVersionKind{Group: "postgresql.cnpg.io", Version: "v1", Kind: "Cluster"}
	ScheduledBackupKind = schema.GroupVersionKind{Group: "postgresql.cnpg.io", Version: "v1", Kind: "ScheduledBackup"}
	ObjectStoreKind     = schema.GroupVersionKind{Group: "barmancloud.cnpg.io", Version: "v1", Kind: "ObjectStore"}
)

// CloudNativePGNamespace is where CloudNativePG's operator is installed by its own
// manifests and chart.
const CloudNativePGNamespace = "cnpg-system"

const (
	clusterImage = "ghcr.io/cloudnative-pg/postgresql:"
	barmanPlugin = "barman-cloud.cloudnative-pg.io"
	// clusterLabel is on the pods of a Cluster.
	clusterLabel = "cnpg.io/cluster"
	// hibernation takes a Cluster's pods away and keeps its volumes
	// (https://cloudnative-pg.io/documentation/current/declarative_hibernation/).
	hibernation = "cnpg.io/hibernation"
	// originName is what a Cluster calls the server that it recovers from.
	originName = "origin"
)

// applyCluster is where a Cluster differs from the built-in server.
func (p *Plan) applyCluster(spec *v1alpha1.Database) {
	p.Host = graph.ServiceHost(p.Name+"-rw", p.Namespace)
	p.AdminSecretName = p.Name + "-superuser"
	p.TLS = true
	if spec.Instances != nil {
		p.Instances = *spec.Instances
	}
}

// Cluster describes the database to CloudNativePG. live is the existing one, or
// nil: how it was begun, and where it archives to, never changes. CloudNativePG
// upgrades a Cluster in place whose image has another major version; Resolve allows
// none.
func (p *Plan) Cluster(live *unstructured.Unstructured, spec *v1alpha1.Database, marks inputs.Marks, labels map[string]string) *unstructured.Unstructured {
	storage := map[string]any{"size": p.Size.String()}
	if p.StorageClass != "" {
		storage["storageClass"] = p.StorageClass
	}
	fields := map[string]any{
		"instances": int64(p.Instances),
		"imageName": p.Image,
		"storage":   storage,
		"resources": asFields(p.Resources),
		// With one instance the budget would block every drain.
		"enablePDB": p.Instances > 1,
		// Atoll gives the service's users their passwords.
		"enableSuperuserAccess": true,
		"bootstrap":             p.bootstrap(spec),
		"inheritedMetadata":     map[string]any{"labels": stringFields(labels)},
	}
	if len(p.Parameters) > 0 {
		parameters := make(map[string]any, len(p.Parameters))
		for name, value := range p.Parameters {
			parameters[name] = string(value)
		}
		fields["postgresql"] = map[string]any{"parameters": parameters}
	}
	if recovers(spec) {
		fields["externalClusters"] = []any{map[string]any{
			"name": originName,
			"plugin": map[string]any{"name": barmanPlugin, "parameters": map[string]any{
				"barmanObjectName": p.restoreStoreName(spec), "serverName": restoreServer(p, spec),
			}},
		}}
	}
	if spec.Backup != nil {
		fields["plugins"] = []any{map[string]any{
			"name": barmanPlugin, "isWALArchiver": true,
			"parameters": map[string]any{"barmanObjectName": p.Name, "serverName": p.archiveName(live, spec)},
		}}
	}
	if live != nil {
		if begun, found, _ := unstructured.NestedMap(live.Object, "spec", "bootstrap"); found {
			fields["bootstrap"] = begun
			if external, found, _ := unstructured.NestedSlice(live.Object, "spec", "externalClusters"); found {
				fields["externalClusters"] = external
			} else {
				delete(fields, "externalClusters")
			}
		}
	}
	wrote := map[string]string{inputs.LabelEngine: p.Engine.Type(), inputs.LabelMajorVersion: majorOf(p.Version)}
	maps.Copy(wrote, labels)
	cluster := p.clusterObject(ClusterKind, p.Name, wrote, fields)
	annotations := marks.On(p.keepAnnotations())
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[hibernation] = "off"
	if p.Suspended {
		annotations[hibernation] = "on"
	}
	cluster.SetAnnotations(annotations)
	return cluster
}

func (p *Plan) bootstrap(spec *v1alpha1.Database) map[string]any {
	begin := map[string]any{"database": p.DatabaseName, "owner": p.DatabaseName}
	if !recovers(spec) {
		return map[string]any{"initdb": begin}
	}
	begin["source"] = originName
	return map[string]any{"recovery": begin}
}

// recovers says whether the Cluster is begun from a backup of CloudNativePG's own.
func recovers(spec *v1alpha1.Database) bool { return spec.Restore != nil && !inputs.FromDump(spec) }

// restoreServer is the folder of the server to recover, in the bucket.
func restoreServer(p *Plan, spec *v1alpha1.Database) string {
	from := &spec.Restore.From
	return firstSet(from.Backup, names.Database(firstSet(from.Service, p.Owner)))
}

// archiveName is the folder that the Cluster archives to. CloudNativePG refuses
// one that is not empty, as that is which a Cluster was recovered from.
func (p *Plan) archiveName(live *unstructured.Unstructured, spec *v1alpha1.Database) string {
	if live != nil {
		plugins, _, _ := unstructured.NestedSlice(live.Object, "spec", "plugins")
		for _, plugin := range plugins {
			fields, _ := plugin.(map[string]any)
			if name, _, _ := unstructured.NestedString(fields, "parameters", "serverName"); name != "" {
				return name
			}
		}
	}
	if !recovers(spec) {
		return p.Name
	}
	return p.Name + "-" + strings.TrimPrefix(RestoreID(spec.Restore, ""), "atoll_restore_")
}

// restoreStoreName is the ObjectStore that a Cluster recovers from.
func (p *Plan) restoreStoreName(spec *v1alpha1.Database) string {
	if spec.Restore.From.S3 == nil && p.restoreNamespace(spec) == p.Namespace {
		return p.Name
	}
	return p.Name + "-restore"
}

// ObjectStores are the buckets of the Cluster's backups and of its recovery.
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

// ArchiveLocation is where the backups of a server are: its folder, by whose name
// restore.from.backup asks for it.
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

// ScheduledBackup has CloudNativePG back the Cluster up.
func (p *Plan) ScheduledBackup(backup *v1alpha1.DatabaseBackup, labels map[string]string) *unstructured.Unstructured {
	return p.clusterObject(ScheduledBackupKind, names.Backup(p.Owner), labels, map[string]any{
		"cluster": map[string]any{"name": p.Name},
		// Its schedules begin with seconds.
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

// recoveryWindow is how far back the plugin can recover: it keeps backups by
// age, in days, and not by number.
func recoveryWindow(backup *v1alpha1.DatabaseBackup) string {
	day := 24 * time.Hour
	kept := time.Duration(Keep(backup)) * Interval(backup.Schedule)
	return fmt.Sprintf("%dd", max(1, int((kept+day-1)/day)))
}

func (p *Plan) clusterObject(kind schema.GroupVersionKind, name string, labels map[string]string, fields map[string]any) *unstructured.Unstructured {
	o := &unstructured.Unstructured{Object: map[string]any{"spec": fields}}
	o.SetGroupVersionKind(kind)
	o.SetName(name)
	o.SetNamespace(p.Namespace)
	o.SetLabels(labels)
	return o
}

func stringFields(values map[string]string) map[string]any {
	fields := make(map[string]any, len(values))
	for key, value := range values {
		fields[key] = value
	}
	return fields
}

// asFields writes requests and limits as the API does.
func asFields(resources corev1.ResourceRequirements) map[string]any {
	fields := map[string]any{}
	// What can be encoded for the API server can be encoded.
	text, _ := json.Marshal(resources)
	_ = json.Unmarshal(text, &fields)
	return fields
}
