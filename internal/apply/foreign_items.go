// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"reflect"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// removeForeignItems removes from live the items that other field managers added to
// lists that desired sets, such as a port of a container. Server-side apply keeps such
// items, but Atoll owns every list that it sets as a whole. It reports whether it
// removed any.
func removeForeignItems(desired, live *unstructured.Unstructured) bool {
	removed := false
	for field, value := range desired.Object {
		switch field {
		case "apiVersion", "kind", "metadata", "status":
		default:
			kept, changed := removeForeignFrom(value, live.Object[field])
			if changed {
				live.Object[field] = kept
				removed = true
			}
		}
	}
	return removed
}

func removeForeignFrom(desired, live any) (any, bool) {
	switch d := desired.(type) {
	case map[string]any:
		l, ok := live.(map[string]any)
		if !ok {
			return live, false
		}
		removed := false
		for field, value := range d {
			if kept, changed := removeForeignFrom(value, l[field]); changed {
				l[field] = kept
				removed = true
			}
		}
		return l, removed
	case []any:
		l, ok := live.([]any)
		if !ok {
			return live, false
		}
		return removeForeignFromList(d, l)
	}
	return live, false
}

// removeForeignFromList keeps the live items that have a desired counterpart, and
// repairs each of them. If a desired item has no counterpart, because the API server
// stores it in another form, the list stays unchanged: a foreign item does less harm
// than a missing one.
func removeForeignFromList(desired, live []any) ([]any, bool) {
	kept := make([]any, 0, len(live))
	removed := false
	// A desired item is the counterpart of only one live item, not of its duplicates.
	taken := make([]bool, len(desired))
	used := 0
	for _, item := range live {
		at := findCounterpart(desired, taken, item)
		if at < 0 {
			removed = true
			continue
		}
		taken[at] = true
		used++
		inner, changed := removeForeignFrom(desired[at], item)
		removed = removed || changed
		kept = append(kept, inner)
	}
	if used != len(desired) {
		return live, false
	}
	return kept, removed
}

// listKeys are the fields that identify an item of a list, in the order in which they
// are tried. Container ports and mounts have names too, but their number and their
// path identify them.
var listKeys = [][]string{
	{"containerPort", "protocol"}, {"mountPath"}, {"name"}, {"port", "protocol"}, {"topologyKey", "whenUnsatisfiable"}, {"key"},
}

// findCounterpart returns the index of the desired item that is the same as a live
// one, or -1.
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

// containsFields reports whether live has every field of desired.
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
