// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"maps"
	"slices"
	"strings"
)

// reservedPrefixes begin the labels by which Services, NetworkPolicies and controllers
// select pods: those of Atoll, of Helm charts, of Jobs, of StatefulSets, of CloudNativePG
// and of Gateways. A pod that had one would get their requests and permissions.
var reservedPrefixes = []string{
	"atoll.dev/", "app.kubernetes.io/", "batch.kubernetes.io/", "apps.kubernetes.io/", "statefulset.kubernetes.io/", "cnpg.io/",
	"gateway.networking.k8s.io/",
}

// reservedLabels are those of them without a prefix.
var reservedLabels = []string{"job-name", "controller-uid", "pod-template-hash", "controller-revision-hash"}

// describingLabels have a reserved prefix, and describe a pod without identifying it.
var describingLabels = []string{"app.kubernetes.io/version", "app.kubernetes.io/part-of"}

// reservedLabel returns a label of an overlay that pods must not have; empty if there is
// none. A label with the value that Atoll sets is not one.
func reservedLabel(patch fields, own map[string]string) string {
	labels := object(object(patch, "metadata"), "labels")
	for _, key := range slices.Sorted(maps.Keys(labels)) {
		value, isText := labels[key].(string)
		if has, set := own[key]; set && isText && value == has || slices.Contains(describingLabels, key) {
			continue
		}
		if slices.Contains(reservedLabels, key) || slices.ContainsFunc(reservedPrefixes, func(prefix string) bool { return strings.HasPrefix(key, prefix) }) {
			return key
		}
	}
	return ""
}
