// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	kjson "sigs.k8s.io/json"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// mergeOverlay merges the user's strategic merge patch into the pod template. It refuses
// a field that Kubernetes does not know, which would have no effect.
func mergeOverlay(template *corev1.PodTemplateSpec, patch []byte) (*corev1.PodTemplateSpec, *condition.Problem) {
	var fields map[string]any
	if err := json.Unmarshal(patch, &fields); err != nil {
		return nil, invalidOverlay(err.Error(), "")
	}
	plain, err := json.Marshal(withoutDirectives(fields))
	if err != nil {
		return nil, invalidOverlay(err.Error(), "")
	}
	strict, err := kjson.UnmarshalStrict(plain, &corev1.PodTemplateSpec{})
	if err != nil {
		return nil, invalidOverlay(err.Error(), "")
	}
	if len(strict) > 0 {
		return nil, invalidOverlay(joinErrors(strict), "write it as the metadata and spec of a Pod")
	}
	base, err := json.Marshal(template)
	if err != nil {
		return nil, invalidOverlay(err.Error(), "")
	}
	merged, err := strategicpatch.StrategicMergePatch(base, patch, corev1.PodTemplateSpec{})
	if err != nil {
		return nil, invalidOverlay("can't be merged: "+err.Error(), "give each entry of containers, volumes and env its name")
	}
	result := &corev1.PodTemplateSpec{}
	if err := json.Unmarshal(merged, result); err != nil {
		return nil, invalidOverlay(err.Error(), "")
	}
	for i := range result.Spec.Containers {
		if result.Spec.Containers[i].Name == template.Spec.Containers[0].Name {
			result.Spec.Containers[i].Env = templateVariablesFirst(template.Spec.Containers[0].Env, result.Spec.Containers[i].Env)
		}
	}
	return result, nil
}

// templateVariablesFirst sorts the variables of the template before those that the
// overlay adds. A merge puts them after, where $(PGHOST) in an added one does not
// resolve.
func templateVariablesFirst(base, merged []corev1.EnvVar) []corev1.EnvVar {
	index := func(name string) int {
		at := slices.IndexFunc(base, func(v corev1.EnvVar) bool { return v.Name == name })
		if at < 0 {
			return len(base)
		}
		return at
	}
	slices.SortStableFunc(merged, func(a, b corev1.EnvVar) int { return index(a.Name) - index(b.Name) })
	return merged
}

// withoutDirectives leaves out strategic merge directives ($patch and the
// like), which are no fields of a pod.
func withoutDirectives(value any) any {
	switch v := value.(type) {
	case map[string]any:
		plain := make(map[string]any, len(v))
		for key, field := range v {
			if !strings.HasPrefix(key, "$") {
				plain[key] = withoutDirectives(field)
			}
		}
		return plain
	case []any:
		plain := make([]any, len(v))
		for i := range v {
			plain[i] = withoutDirectives(v[i])
		}
		return plain
	}
	return value
}

func invalidOverlay(cause, remedy string) *condition.Problem {
	return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: condition.Message{Field: "podTemplate", Cause: cause, Remedy: remedy}}
}

func joinErrors(errs []error) string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = fmt.Sprint(err)
	}
	return strings.Join(texts, ", ")
}
