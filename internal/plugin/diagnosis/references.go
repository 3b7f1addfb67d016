// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/podfailure"
)

// referenceMissing finds Secrets, ConfigMaps and keys that Atoll misses.
func referenceMissing(e *Evidence) []*Finding {
	return e.repeatConditionOfObject(PartSpec, e.red(v1alpha1.ReasonReferenceNotFound), "Create it, or correct the field that names it", "does not exist, or lacks a key")
}

// referenceMissingInPods finds those that the kubelet misses: they were deleted
// after the pod was created.
func referenceMissingInPods(e *Evidence, part Part) *Finding {
	for _, pod := range e.unready(part) {
		missing, proof := e.missingReference(pod, part)
		if missing == nil {
			continue
		}
		f := &Finding{Steps: []Step{podStep(pod, "its containers cannot start")}, Proof: proof}
		switch {
		case missing.Key == "":
			f.Object = name(missing.Kind, missing.Name)
			f.Cause = fmt.Sprintf("%s %q, which pod %s uses, does not exist in namespace %q", missing.Kind, missing.Name, pod.Name, pod.Namespace)
			f.Remedy = "Create it, or correct the field of the spec that names it"
		case missing.Name != "":
			f.Object = name(missing.Kind, missing.Name)
			f.Cause = fmt.Sprintf("%s %q has no key %q, which pod %s uses", missing.Kind, missing.Name, missing.Key, pod.Name)
			f.Remedy = "Add the key, or correct the field of the spec that names it"
		default:
			f.Object = name("Pod", pod.Name)
			f.Cause = fmt.Sprintf("A volume of pod %s names the key %q, which its %s does not have", pod.Name, missing.Key, missing.Kind)
			f.Remedy = "Add the key, or correct podTemplate.spec.volumes"
		}
		return f
	}
	return nil
}

// missingReference returns the Secret or ConfigMap that keeps the kubelet from
// creating a container or mounting a volume, and the event that says so.
func (e *Evidence) missingReference(pod *corev1.Pod, part Part) (*podfailure.Reference, []Excerpt) {
	for _, c := range containersOf(pod, part) {
		if f := c.Blocked(); f != nil && f.Reference != nil {
			return f.Reference, nil
		}
	}
	event := e.notMounted(pod, func(text string) bool { return podfailure.MissingReference(text) != nil })
	// The kubelet repeats the event every two minutes while the fault lasts.
	if event == nil || e.Now.Sub(LastSeen(event)) > justNow {
		return nil, nil
	}
	return podfailure.MissingReference(event.Message), eventProof(event)
}
