// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

// Fields of which an object has only one. A strategic merge would keep the template's
// beside the overlay's, and the API server refuses both together.
var (
	hookFields  = []string{"exec", "httpGet", "sleep", "tcpSocket"}
	probeFields = []string{"exec", "grpc", "httpGet", "tcpSocket"}
	valueFields = []string{"value", "valueFrom"}
	// valueSources are the fields of valueFrom.
	valueSources = []string{"configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"}
)

// fields is a JSON object.
type fields = map[string]any

// removeReplaced removes what an overlay replaces from the template that it is merged
// into: the handler of a probe or hook, the source of a volume, and the value of a
// variable.
func removeReplaced(template, overlay fields) {
	base, patch := object(template, "spec"), object(overlay, "spec")
	for _, list := range []string{"containers", "initContainers"} {
		forEachNamed(base, patch, list, removeReplacedInContainer)
	}
	forEachNamed(base, patch, "volumes", func(base, patch fields) {
		var sources []string
		for field := range base {
			if field != "name" {
				sources = append(sources, field)
			}
		}
		for field := range patch {
			if field != "name" {
				sources = append(sources, field)
			}
		}
		keepOverlays(base, patch, sources)
	})
}

func removeReplacedInContainer(base, patch fields) {
	for _, probe := range []string{"livenessProbe", "readinessProbe", "startupProbe"} {
		keepOverlays(object(base, probe), object(patch, probe), probeFields)
	}
	for _, hook := range []string{"postStart", "preStop"} {
		keepOverlays(object(object(base, "lifecycle"), hook), object(object(patch, "lifecycle"), hook), hookFields)
	}
	forEachNamed(base, patch, "env", func(base, patch fields) {
		keepOverlays(base, patch, valueFields)
		keepOverlays(object(base, "valueFrom"), object(patch, "valueFrom"), valueSources)
	})
}

// keepOverlays removes the other fields of a union from base if patch sets one of them.
func keepOverlays(base, patch fields, union []string) {
	sets := false
	for _, field := range union {
		sets = sets || patch[field] != nil
	}
	if !sets {
		return
	}
	for _, field := range union {
		if patch[field] == nil {
			delete(base, field)
		}
	}
}

// forEachNamed calls visit with each pair of items of the same name in two lists.
func forEachNamed(base, patch fields, list string, visit func(base, patch fields)) {
	of := func(object fields) []any {
		items, _ := object[list].([]any)
		return items
	}
	for _, p := range of(patch) {
		patched, _ := p.(fields)
		for _, b := range of(base) {
			if has, _ := b.(fields); has != nil && patched != nil && has["name"] == patched["name"] {
				visit(has, patched)
			}
		}
	}
}

// object returns a field that is an object; nil if there is none.
func object(of fields, field string) fields {
	o, _ := of[field].(fields)
	return o
}
