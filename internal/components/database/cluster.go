// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"encoding/json"
	"maps"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/names"
)

// Cluster returns the Cluster of CloudNativePG. live is the existing one, or nil:
// its bootstrap and its archive never change. CloudNativePG would upgrade a Cluster
// in place for an image of another major version, which Resolve refuses.
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
		// Atoll sets the passwords of the service's users.
		"enableSuperuserAccess": true,
		"bootstrap":             p.bootstrap(spec),
		"inheritedMetadata":     p.inheritedMetadata(labels),
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
	annotations := p.onBase(marks.On(p.keepAnnotations()))
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

// inheritedMetadata returns the labels and annotations of the objects that CloudNativePG
// creates for the Cluster.
func (p *Plan) inheritedMetadata(labels map[string]string) map[string]any {
	pod := p.PodMeta(metav1.ObjectMeta{}, labels)
	inherited := map[string]any{"labels": stringFields(pod.Labels)}
	if len(pod.Annotations) > 0 {
		inherited["annotations"] = stringFields(pod.Annotations)
	}
	return inherited
}

func (p *Plan) bootstrap(spec *v1alpha1.Database) map[string]any {
	begin := map[string]any{"database": p.DatabaseName, "owner": p.DatabaseName}
	if !recovers(spec) {
		return map[string]any{"initdb": begin}
	}
	begin["source"] = originName
	return map[string]any{"recovery": begin}
}

// restoreServer returns the folder of the server to recover, in the bucket.
func restoreServer(p *Plan, spec *v1alpha1.Database) string {
	from := &spec.Restore.From
	return firstSet(from.Backup, names.Database(firstSet(from.Service, p.Owner)))
}

// archiveName returns the folder of the Cluster's archive. CloudNativePG refuses a
// folder that is not empty, such as that of the server that the Cluster recovers
// from.
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

// restoreStoreName returns the name of the ObjectStore that a Cluster recovers
// from.
func (p *Plan) restoreStoreName(spec *v1alpha1.Database) string {
	if spec.Restore.From.S3 == nil && p.restoreNamespace(spec) == p.Namespace {
		return p.Name
	}
	return p.Name + "-restore"
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

// asFields encodes requests and limits as the API does.
func asFields(resources corev1.ResourceRequirements) map[string]any {
	fields := map[string]any{}
	// Types of the API server always encode.
	text, _ := json.Marshal(resources)
	_ = json.Unmarshal(text, &fields)
	return fields
}

func existingCluster(cluster *unstructured.Unstructured) *existing {
	e := &existing{
		name:   object(ClusterKind.Kind, cluster.GetName()).String(),
		engine: cluster.GetLabels()[inputs.LabelEngine],
		major:  cluster.GetLabels()[inputs.LabelMajorVersion],
		ran:    cluster.GetAnnotations()[inputs.AnnotationVersion],
		base:   cluster.GetAnnotations()[inputs.AnnotationBase],
	}
	e.class, _, _ = unstructured.NestedString(cluster.Object, "spec", "storage", "storageClass")
	text, _, _ := unstructured.NestedString(cluster.Object, "spec", "storage", "size")
	if size, err := resource.ParseQuantity(text); err == nil {
		e.size = &size
	}
	return e
}
