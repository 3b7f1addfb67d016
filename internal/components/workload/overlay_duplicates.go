// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// mapKeys are the keys of lists whose items the API server tells apart by them. It refuses an
// apply with two items of the same key, with an error that has no reason.
type mapKeys map[string][]string

var (
	podLists = mapKeys{
		"volumes": {"name"}, "imagePullSecrets": {"name"}, "hostAliases": {"ip"}, "schedulingGates": {"name"}, "resourceClaims": {"name"},
		"topologySpreadConstraints": {"topologyKey", "whenUnsatisfiable"}, "containers": {"name"}, "initContainers": {"name"},
	}
	containerLists = mapKeys{"env": {"name"}, "ports": {"containerPort", "protocol"}, "volumeMounts": {"mountPath"}, "volumeDevices": {"devicePath"}}
	// keyDefaults are the values of keys that an item does not set.
	keyDefaults = map[string]string{"protocol": string(corev1.ProtocolTCP)}
)

// duplicateItem returns a list of an overlay that has two items of the same key, and the key;
// empty if there is none. A merge would keep only one of them, or the API server would refuse
// both.
func duplicateItem(patch fields) (list, key string) {
	pod := object(patch, "spec")
	if list, key := podLists.duplicate("spec", pod); list != "" {
		return list, key
	}
	for _, of := range []string{"initContainers", "containers"} {
		for _, container := range objects(pod, of) {
			path := fmt.Sprintf("spec.%s[%v]", of, container["name"])
			if list, key := containerLists.duplicate(path, container); list != "" {
				return list, key
			}
			if list, key := (mapKeys{"claims": {"name"}}).duplicate(path+".resources", object(container, "resources")); list != "" {
				return list, key
			}
		}
	}
	return "", ""
}

// duplicate returns the path of the first list in an object that has a key twice.
func (k mapKeys) duplicate(path string, in fields) (list, key string) {
	for _, name := range slices.Sorted(maps.Keys(k)) {
		seen := map[string]bool{}
		for _, item := range objects(in, name) {
			key := keyOf(item, k[name])
			if seen[key] {
				return path + "." + name, key
			}
			seen[key] = true
		}
	}
	return "", ""
}

func keyOf(item fields, keys []string) string {
	values := make([]string, len(keys))
	for i, key := range keys {
		if value := item[key]; value != nil {
			values[i] = fmt.Sprint(value)
		}
		values[i] = cmp.Or(values[i], keyDefaults[key])
	}
	return strings.Join(values, "/")
}

// objects returns the items of a list, without directives of the merge, such as the removal of
// an item.
func objects(of fields, list string) []fields {
	items, _ := of[list].([]any)
	var all []fields
	for _, item := range items {
		o, is := item.(fields)
		if _, directive := o["$patch"]; is && !directive {
			all = append(all, o)
		}
	}
	return all
}
