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

package children

import (
	"encoding/json"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	kjson "sigs.k8s.io/json"
)

// overlay lays the user's strategic merge patch over the pod template. A field
// that Kubernetes doesn't know is refused: dropped silently, it would leave the
// user to find out why nothing changed.
func overlay(template *corev1.PodTemplateSpec, patch []byte) (*corev1.PodTemplateSpec, *Problem) {
	var fields map[string]any
	if err := json.Unmarshal(patch, &fields); err != nil {
		return nil, invalid("podTemplate: %s", err)
	}
	plain, err := json.Marshal(withoutDirectives(fields))
	if err != nil {
		return nil, invalid("podTemplate: %s", err)
	}
	strict, err := kjson.UnmarshalStrict(plain, &corev1.PodTemplateSpec{})
	if err != nil {
		return nil, invalid("podTemplate: %s", err)
	}
	if len(strict) > 0 {
		return nil, invalid("podTemplate: %s: it must have the form of a Pod's metadata and spec", joinErrors(strict))
	}
	base, err := json.Marshal(template)
	if err != nil {
		return nil, invalid("podTemplate: %s", err)
	}
	merged, err := strategicpatch.StrategicMergePatch(base, patch, corev1.PodTemplateSpec{})
	if err != nil {
		return nil, invalid("podTemplate can't be merged: %s", err)
	}
	result := &corev1.PodTemplateSpec{}
	if err := json.Unmarshal(merged, result); err != nil {
		return nil, invalid("podTemplate: %s", err)
	}
	return result, nil
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

func joinErrors(errs []error) string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = fmt.Sprint(err)
	}
	return strings.Join(texts, ", ")
}
