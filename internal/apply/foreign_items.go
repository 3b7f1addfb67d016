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

package apply

import (
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// trim takes out of live the items that others have put into lists which
// desired sets, such as a port added to a container. Server-side apply leaves
// them, because somebody else manages them; but a list that Atoll sets is
// Atoll's as a whole. It reports whether there were any.
func removeForeignItems(desired, live *unstructured.Unstructured) bool {
	trimmed := false
	for field, value := range desired.Object {
		switch field {
		case "apiVersion", "kind", "metadata", "status":
		default:
			kept, changed := removeForeignFrom(value, live.Object[field])
			if changed {
				live.Object[field] = kept
				trimmed = true
			}
		}
	}
	return trimmed
}

func removeForeignFrom(desired, live any) (any, bool) {
	switch d := desired.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok {
			return live, false
		}
		trimmed := false
		for field, value := range d {
			if kept, changed := removeForeignFrom(value, l[field]); changed {
				l[field] = kept
				trimmed = true
			}
		}
		return l, trimmed
	case []any:
		l, ok := live.([]any)
		if !ok {
			return live, false
		}
		return removeForeignFromList(d, l)
	}
	return live, false
}

// trimList keeps the live items that a wanted item stands for, and looks into
// each of them. A wanted item that the server holds in another form keeps
// everything as it is: better an item too many than one too few.
func removeForeignFromList(desired, live []any) ([]any, bool) {
	kept := make([]any, 0, len(live))
	trimmed := false
	// A wanted item stands for one live item, and not also for its double.
	taken := make([]bool, len(desired))
	used := 0
	for _, item := range live {
		at := findCounterpart(desired, taken, item)
		if at < 0 {
			trimmed = true
			continue
		}
		taken[at] = true
		used++
		inner, changed := removeForeignFrom(desired[at], item)
		trimmed = trimmed || changed
		kept = append(kept, inner)
	}
	if used != len(desired) {
		return live, false
	}
	return kept, trimmed
}

// identities are the fields that tell items of Kubernetes' lists apart, in the
// order in which they are tried. Ports of a container and mounts are told apart
// by number and path, although they have names.
var listKeys = [][]string{
	{"containerPort", "protocol"}, {"mountPath"}, {"name"}, {"port", "protocol"}, {"topologyKey", "whenUnsatisfiable"}, {"key"},
}

// counterpart is the index of the wanted item that a live one stands for, or -1.
func findCounterpart(desired []any, taken []bool, item any) int {
	live, isMap := item.(map[string]any)
	for i, candidate := range desired {
		if taken[i] {
			continue
		}
		d, ok := candidate.(map[string]any)
		if isMap && ok && sameItem(d, live) || (!isMap || !ok) && reflect.DeepEqual(candidate, item) {
			return i
		}
	}
	return -1
}

func sameItem(desired, live map[string]any) bool {
	for _, fields := range listKeys {
		if _, has := desired[fields[0]]; has {
			return equalFields(desired, live, fields)
		}
	}
	return containsFields(desired, live)
}

func equalFields(desired, live map[string]any, fields []string) bool {
	for _, field := range fields {
		if want, set := desired[field]; set && !reflect.DeepEqual(want, live[field]) {
			return false
		}
	}
	return true
}

// subset says whether live holds every field of desired.
func containsFields(desired, live any) bool {
	switch d := desired.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok {
			return false
		}
		for field, value := range d {
			if !containsFields(value, l[field]) {
				return false
			}
		}
		return true
	case []any:
		l, ok := live.([]any)
		if !ok || len(l) != len(d) {
			return false
		}
		for i := range d {
			if !containsFields(d[i], l[i]) {
				return false
			}
		}
		return true
	}
	return reflect.DeepEqual(desired, live)
}
