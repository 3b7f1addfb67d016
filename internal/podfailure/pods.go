// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import (
	"fmt"
	"slices"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/names"
)

// Current returns the pods that show how a component is now, by name: those of the
// newest template that are not being deleted. An older template may be corrected
// already. counts, which may be nil, excludes further pods.
func Current(pods []corev1.Pod, component string, counts func(*corev1.Pod) bool) []*corev1.Pod {
	var newest *corev1.Pod
	var current []*corev1.Pod
	for i := range pods {
		pod := &pods[i]
		if pod.Labels[v1alpha1.LabelComponent] != component || pod.DeletionTimestamp != nil || evicted(pod) || counts != nil && !counts(pod) {
			continue
		}
		current = append(current, pod)
		if newest == nil || newest.CreationTimestamp.Before(&pod.CreationTimestamp) {
			newest = pod
		}
	}
	current = slices.DeleteFunc(current, func(pod *corev1.Pod) bool { return Template(pod) != Template(newest) })
	slices.SortFunc(current, func(a, b *corev1.Pod) int { return strings.Compare(a.Name, b.Name) })
	return current
}

// evicted reports whether a pod of a Deployment failed as a whole. Its ReplicaSet
// has replaced it.
func evicted(pod *corev1.Pod) bool {
	return pod.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentService && pod.Status.Phase == corev1.PodFailed
}

// Unready returns the pods that are neither ready nor complete.
func Unready(pods []*corev1.Pod) []*corev1.Pod {
	return slices.DeleteFunc(slices.Clone(pods), func(pod *corev1.Pod) bool { return Ready(pod) || pod.Status.Phase == corev1.PodSucceeded })
}

// Template identifies the pod template, or the Job, that a pod was created from. It
// is empty for the single pod of a StatefulSet.
func Template(pod *corev1.Pod) string {
	if job := pod.Labels[batchv1.JobNameLabel]; job != "" {
		return job
	}
	return pod.Labels[appsv1.DefaultDeploymentUniqueLabelKey]
}

// Ready reports whether the condition Ready of a pod is True.
func Ready(pod *corev1.Pod) bool {
	c := Condition(pod, corev1.PodReady)
	return c != nil && c.Status == corev1.ConditionTrue
}

// Condition returns a condition of a pod, and nil where the pod lacks it.
func Condition(pod *corev1.Pod, t corev1.PodConditionType) *corev1.PodCondition {
	for i := range pod.Status.Conditions {
		if pod.Status.Conditions[i].Type == t {
			return &pod.Status.Conditions[i]
		}
	}
	return nil
}

// LogsCommand returns the kubectl command for the logs of a component's pods. It selects them
// by label: a condition names no pod, because a pod's name changes while the cause stays. The
// prefix of each line shows which pod wrote it.
func LogsCommand(namespace, microservice, component, flags string) string {
	return fmt.Sprintf("kubectl logs -n %s -l %s=%s,%s=%s %s --prefix --tail=50",
		namespace, v1alpha1.LabelMicroservice, microservice, v1alpha1.LabelComponent, component, flags)
}

// logsCommand returns the kubectl command for the log of the container before its last restart.
// A pod whose container was never restarted has no such log, which kubectl reports as an error.
func (f *Failure) logsCommand() string {
	return LogsCommand(f.Pod.Namespace, f.Pod.Labels[v1alpha1.LabelMicroservice], f.component(), "-c "+f.Container.Spec.Name+" --previous --ignore-errors")
}

// Field returns the field of the spec that sets a property of a component's
// container, such as command or resources.
func Field(component, property string) string {
	switch {
	case component == v1alpha1.ComponentDatabase:
		return "database." + property
	case component == v1alpha1.ComponentMigration && (property == "command" || property == "args"):
		return "database.migration." + property
	}
	return property
}

// imageField returns the fields of the spec that decide the image of the container.
func (f *Failure) imageField() string {
	switch component := f.component(); {
	case component == v1alpha1.ComponentService:
		return "image"
	case component == v1alpha1.ComponentMigration && (f.Container == nil || f.Container.Spec.Name != names.AwaitContainer):
		return "image or database.migration.image"
	}
	return "database.version or database.image"
}

func (f *Failure) component() string { return f.Pod.Labels[v1alpha1.LabelComponent] }

func (f *Failure) field(property string) string { return Field(f.component(), property) }
