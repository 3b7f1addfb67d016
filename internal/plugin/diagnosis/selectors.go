// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// selectorClash finds foreign pods that the Service selects, and Deployments that
// select the service's pods.
func selectorClash(e *Evidence) []*Finding {
	var all []*Finding
	if service := e.Service; service != nil && len(service.Spec.Selector) > 0 {
		selector := labels.SelectorFromSet(service.Spec.Selector)
		for i := range e.Pods {
			pod := &e.Pods[i]
			if !selector.Matches(labels.Set(pod.Labels)) || !e.stray(pod) || pod.DeletionTimestamp != nil {
				continue
			}
			of := "which has no controller"
			if owner := metav1.GetControllerOfNoCopy(pod); owner != nil {
				of = fmt.Sprintf("of %s %s", owner.Kind, owner.Name)
			}
			all = append(all, &Finding{
				Part: PartService, Object: name("Pod", pod.Name), Beside: true,
				Steps:  []Step{step(name("Service", service.Name), "selects pods by %s", selector), podStep(pod, "%s, has these labels", of)},
				Cause:  fmt.Sprintf("Pod %s, %s, has the labels that Service %q selects: it receives part of the service's requests", pod.Name, of, service.Name),
				Remedy: fmt.Sprintf("Remove the label %s from the template of the pod: only Atoll sets it", v1alpha1.LabelMicroservice),
			})
			break
		}
	}
	return append(all, overlapping(e)...)
}

func overlapping(e *Evidence) []*Finding {
	own := e.deployment()
	if own == nil {
		return nil
	}
	for i := range e.Deployments {
		d := &e.Deployments[i]
		selector, err := metav1.LabelSelectorAsSelector(d.Spec.Selector)
		if d.UID == own.UID && d.Name == own.Name || err != nil || selector.Empty() || !selector.Matches(labels.Set(own.Spec.Template.Labels)) {
			continue
		}
		return []*Finding{{
			Part: PartService, Object: name("Deployment", d.Name), Beside: true,
			Steps:  []Step{step(name("Deployment", d.Name), "selects pods by %s", selector), step(name("Deployment", own.Name), "has pods with these labels")},
			Cause:  fmt.Sprintf("Deployment %q selects pods by %s, which also select the pods of Deployment %q: each may count or adopt the other's pods", d.Name, selector, own.Name),
			Remedy: fmt.Sprintf("Give Deployment %q a selector of its own (recreate it: a selector is immutable)", d.Name),
		}}
	}
	return nil
}
