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
	"github.com/atoll-dev/atoll/internal/inputs"
)

// overlay is a strategic merge patch of the pod template, and where it comes from.
type overlay struct {
	patch []byte
	// container is the name of the service's container.
	container string
	// drain is how long the template's preStop hook sleeps, in seconds.
	drain int64
	// topology is the Topology whose default it is; empty if it is the Microservice's own.
	topology condition.Object
}

// overlays returns the overlays in the order of merging: the Topology's default, and the
// Microservice's own.
func overlays(in *inputs.Inputs) []overlay {
	var all []overlay
	drain := drainSeconds(in.Microservice)
	if patch := in.DefaultPodTemplate(); patch != nil {
		all = append(all, overlay{patch, in.Microservice.Name, drain, condition.Object{Kind: "Topology", Name: in.Topology.Name}})
	}
	if own := in.Microservice.Spec.PodTemplate; own != nil {
		all = append(all, overlay{patch: own.Raw, container: in.Microservice.Name, drain: drain})
	}
	return all
}

// mergeOverlay merges an overlay into the pod template. It refuses a field that Kubernetes
// does not know, which would have no effect.
func mergeOverlay(template *corev1.PodTemplateSpec, from overlay) (*corev1.PodTemplateSpec, *condition.Problem) {
	var patch fields
	if err := json.Unmarshal(from.patch, &patch); err != nil {
		return nil, from.invalid(err.Error(), "")
	}
	plain, err := json.Marshal(withoutDirectives(patch))
	if err != nil {
		return nil, from.invalid(err.Error(), "")
	}
	strict, err := kjson.UnmarshalStrict(plain, &corev1.PodTemplateSpec{})
	if err != nil {
		return nil, from.invalid(err.Error(), "")
	}
	if len(strict) > 0 {
		return nil, from.invalid(joinErrors(strict), "write it as the metadata and spec of a Pod")
	}
	if list, key := duplicateItem(patch); list != "" {
		return nil, from.invalid(fmt.Sprintf("%s has %q twice", list, key), "remove one of the two")
	}
	if key := reservedLabel(patch, template.Labels); key != "" {
		return nil, from.invalid(fmt.Sprintf("metadata.labels must not have %s: selectors of other services and of controllers use it", key), "remove it")
	}
	base, err := withoutReplaced(template, patch)
	if err != nil {
		return nil, from.invalid(err.Error(), "")
	}
	merged, err := strategicpatch.StrategicMergePatch(base, from.patch, corev1.PodTemplateSpec{})
	if err != nil {
		return nil, from.invalid("can't be merged: "+err.Error(), "give each entry of containers, volumes and env its name")
	}
	result := &corev1.PodTemplateSpec{}
	if err := json.Unmarshal(merged, result); err != nil {
		return nil, from.invalid(err.Error(), "")
	}
	if c, before := containerOf(result, from.container), containerOf(template, from.container); c != nil && before != nil {
		c.Env = templateVariablesFirst(before.Env, c.Env)
		if _, own := object(patch, "spec")["terminationGracePeriodSeconds"]; own && drains(c, from.drain) && result.Spec.TerminationGracePeriodSeconds != nil {
			// The user's seconds are for the service. The drain comes before them.
			*result.Spec.TerminationGracePeriodSeconds += from.drain
		}
	}
	return result, nil
}

// containerOf returns a container of a template; nil if there is none of the name.
func containerOf(template *corev1.PodTemplateSpec, name string) *corev1.Container {
	for i := range template.Spec.Containers {
		if template.Spec.Containers[i].Name == name {
			return &template.Spec.Containers[i]
		}
	}
	return nil
}

// withoutReplaced returns the template as JSON, without what a patch replaces.
func withoutReplaced(template *corev1.PodTemplateSpec, patch fields) ([]byte, error) {
	text, err := json.Marshal(template)
	if err != nil {
		return nil, err
	}
	var base fields
	if err := json.Unmarshal(text, &base); err != nil {
		return nil, err
	}
	removeReplaced(base, patch)
	return json.Marshal(base)
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

func (o *overlay) invalid(cause, remedy string) *condition.Problem {
	field := "podTemplate"
	if o.topology.Kind != "" {
		field = "defaults.podTemplate"
	}
	return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true,
		Message: condition.Message{Object: o.topology, Field: field, Cause: cause, Remedy: remedy}}
}

func joinErrors(errs []error) string {
	texts := make([]string, len(errs))
	for i, err := range errs {
		texts[i] = fmt.Sprint(err)
	}
	return strings.Join(texts, ", ")
}
