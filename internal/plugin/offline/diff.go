// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/pmezard/go-difflib/difflib"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// Diff is a unified diff of the fields that Atoll sets, from a live object to a
// built one; empty when the live one has them all. Either may be nil. What a Secret
// holds is never in it.
func Diff(name string, live, built kube.Object) (string, error) {
	var got, want map[string]any
	var err error
	if live != nil {
		if got, err = Fields(live); err != nil {
			return "", err
		}
	}
	if built != nil {
		if want, err = Fields(built); err != nil {
			return "", err
		}
	}
	hide(want, got)
	switch {
	case want == nil:
		got = essence(got)
	case got != nil:
		w, g := common(want, got)
		want, got = w.(map[string]any), g.(map[string]any)
		if reflect.DeepEqual(want, got) {
			return "", nil
		}
	}
	before, err := document(got)
	if err != nil {
		return "", err
	}
	after, err := document(want)
	if err != nil {
		return "", err
	}
	from, to := "live "+name, "wanted "+name
	if got == nil {
		from = nowhere
	}
	if want == nil {
		to = nowhere
	}
	return difflib.GetUnifiedDiffString(difflib.UnifiedDiff{A: before, B: after, FromFile: from, ToFile: to, Context: 3})
}

// nowhere stands in a diff for an object that is not there.
const nowhere = "/dev/null"

// document is an object in lines.
func document(fields map[string]any) ([]string, error) {
	if fields == nil {
		return nil, nil
	}
	text, err := yaml.Marshal(fields)
	lines := strings.SplitAfter(string(text), "\n")
	// Nothing follows the last line's end.
	return lines[:len(lines)-1], err
}

// essence is what names an object that goes.
func essence(fields map[string]any) map[string]any {
	meta, _ := fields["metadata"].(map[string]any)
	return map[string]any{
		"apiVersion": fields["apiVersion"], "kind": fields["kind"],
		"metadata": map[string]any{"name": meta["name"], "namespace": meta["namespace"]},
	}
}

const (
	hidden       = "***"
	hiddenBefore = "*** (before)"
	hiddenAfter  = "*** (after)"
)

// hide puts marks in the place of what Secrets hold. What is not known does not
// differ.
func hide(want, got map[string]any) {
	forgetUnknown(want, got)
	wanted, _ := want["stringData"].(map[string]any)
	live, _ := got["stringData"].(map[string]any)
	for key, value := range wanted {
		before, both := live[key]
		text, _ := value.(string)
		switch {
		case !both:
			wanted[key] = hidden
		case before == value || strings.Contains(text, Password):
			wanted[key], live[key] = hidden, hidden
		default:
			wanted[key], live[key] = hiddenAfter, hiddenBefore
		}
	}
	for key := range live {
		if _, both := wanted[key]; !both {
			live[key] = hidden
		}
	}
}

// forgetUnknown leaves out a hash that could not be computed.
func forgetUnknown(want, got map[string]any) {
	annotations := func(fields map[string]any) map[string]any {
		for _, field := range []string{"spec", "template", "metadata", "annotations"} {
			fields, _ = fields[field].(map[string]any)
		}
		return fields
	}
	if a := annotations(want); got != nil && a[names.AnnotationReferences] == UnknownHash {
		delete(a, names.AnnotationReferences)
	}
}

// common reduces two values to the fields that the wanted one sets. All other
// fields belong to the server or to another manager. A list that the wanted value
// sets keeps items that others added, because Atoll removes them.
func common(want, got any) (w, g any) {
	switch wanted := want.(type) {
	case map[string]any:
		live, ok := got.(map[string]any)
		if !ok {
			return want, got
		}
		ws, gs := map[string]any{}, map[string]any{}
		for key, value := range wanted {
			at, there := live[key]
			if !there {
				// Go writes what is not set as empty, and so says nothing.
				if !empty(value) {
					ws[key] = value
				}
				continue
			}
			ws[key], gs[key] = common(value, at)
		}
		return ws, gs
	case []any:
		live, ok := got.([]any)
		if !ok {
			return want, got
		}
		return commonList(wanted, live)
	}
	return want, got
}

func commonList(want, got []any) (w, g any) {
	ws, gs := make([]any, 0, len(want)), make([]any, 0, len(got))
	taken := make([]bool, len(got))
	for i, item := range want {
		at := counterpart(item, got, taken, i)
		if at < 0 {
			ws = append(ws, item)
			continue
		}
		taken[at] = true
		wanted, live := common(item, got[at])
		ws, gs = append(ws, wanted), append(gs, live)
	}
	for i, item := range got {
		if !taken[i] {
			gs = append(gs, item)
		}
	}
	return ws, gs
}

// identities are the fields that tell items of Kubernetes' lists apart.
var identities = [][]string{{"containerPort", "protocol"}, {"mountPath"}, {"name"}, {"port", "protocol"}, {"key"}}

// counterpart is the index of the live item that a wanted one stands for, or -1.
func counterpart(item any, got []any, taken []bool, i int) int {
	wanted, isMap := item.(map[string]any)
	for _, fields := range identities {
		if _, has := wanted[fields[0]]; !isMap || !has {
			continue
		}
		for at := range got {
			live, _ := got[at].(map[string]any)
			if !taken[at] && sameFields(wanted, live, fields) {
				return at
			}
		}
		return -1
	}
	if i < len(got) && !taken[i] {
		return i
	}
	return -1
}

func sameFields(want, got map[string]any, fields []string) bool {
	for _, field := range fields {
		if value, set := want[field]; set && !reflect.DeepEqual(value, got[field]) {
			return false
		}
	}
	return true
}

func empty(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		for _, field := range v {
			if !empty(field) {
				return false
			}
		}
		return true
	case []any:
		return len(v) == 0
	}
	return value == nil || reflect.ValueOf(value).IsZero()
}

// DiffName names an object in a diff.
func DiffName(kind string, o kube.Object) string {
	return fmt.Sprintf("%s %s/%s", kind, o.GetNamespace(), o.GetName())
}
