// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"fmt"
	"maps"
	"slices"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// maxFields is the number of paths that a log line names.
const maxFields = 8

// unnamed are fields that change with each write, that the API server sets, or that the cache
// lacks. data has the keys of Secrets, which the log does not show.
var unnamed = []string{
	"apiVersion", "kind", "status", "data",
	"metadata.creationTimestamp", "metadata.generation", "metadata.managedFields", "metadata.resourceVersion", "metadata.uid",
	"metadata.annotations." + AnnotationApplied,
}

// changedFields returns the paths of the fields that differ between a live object before and
// after a write, up to maxFields. It returns none if only the metadata before is known.
func changedFields(before client.Object, after *unstructured.Unstructured) []string {
	if _, metadata := before.(*metav1.PartialObjectMetadata); metadata {
		return nil
	}
	fields, err := fieldsOf(before)
	if err != nil {
		return nil
	}
	var paths []string
	collectChanges("", fields, after.Object, &paths)
	slices.Sort(paths)
	if more := len(paths) - maxFields; more > 0 {
		paths = append(paths[:maxFields], fmt.Sprintf("and %d more", more))
	}
	return paths
}

// collectChanges adds the paths at which two values differ. A list whose length differs counts
// as one field.
func collectChanges(path string, before, after any, paths *[]string) {
	if slices.Contains(unnamed, path) {
		return
	}
	switch b := before.(type) {
	case map[string]any:
		if a, same := after.(map[string]any); same {
			keys := maps.Clone(b)
			maps.Copy(keys, a)
			for key := range keys {
				collectChanges(join(path, key), b[key], a[key], paths)
			}
			return
		}
	case []any:
		if a, same := after.([]any); same && len(a) == len(b) {
			for i := range b {
				collectChanges(fmt.Sprintf("%s[%d]", path, i), b[i], a[i], paths)
			}
			return
		}
	}
	if !sameValue(before, after) {
		*paths = append(*paths, path)
	}
}

// sameValue compares values of which at most one is a map or list, or that are lists of
// different lengths. An empty one equals an absent one.
func sameValue(a, b any) bool { return isEmpty(a) && isEmpty(b) || fmt.Sprint(a) == fmt.Sprint(b) }

func isEmpty(value any) bool {
	switch v := value.(type) {
	case nil:
		return true
	case map[string]any:
		return len(v) == 0
	case []any:
		return len(v) == 0
	}
	return false
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
