// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package podfailure

import (
	"slices"

	corev1 "k8s.io/api/core/v1"
)

// Container is a container of a pod with its status.
type Container struct {
	Pod    *corev1.Pod
	Spec   *corev1.Container
	Status *corev1.ContainerStatus
	Init   bool
}

// Containers returns the containers of a pod that have a status, init containers
// first.
func Containers(pod *corev1.Pod) []Container {
	var all []Container
	add := func(specs []corev1.Container, statuses []corev1.ContainerStatus, init bool) {
		for i := range statuses {
			spec := &corev1.Container{Name: statuses[i].Name}
			if at := slices.IndexFunc(specs, func(c corev1.Container) bool { return c.Name == spec.Name }); at >= 0 {
				spec = &specs[at]
			}
			all = append(all, Container{pod, spec, &statuses[i], init})
		}
	}
	add(pod.Spec.InitContainers, pod.Status.InitContainerStatuses, true)
	add(pod.Spec.Containers, pod.Status.ContainerStatuses, false)
	return all
}

// LastExit returns how the container ended last, and nil where it never did.
func (c *Container) LastExit() *corev1.ContainerStateTerminated {
	if c.Status.State.Terminated != nil {
		return c.Status.State.Terminated
	}
	return c.Status.LastTerminationState.Terminated
}

// Blocked returns why a container does not run: its image cannot be pulled, or the
// container cannot be created or started. It is nil where neither is so.
func (c *Container) Blocked() *Failure {
	waiting := c.Status.State.Waiting
	switch {
	case waiting != nil && slices.Contains(pullReasons, waiting.Reason):
		return c.pullFailure(waiting)
	case waiting != nil && slices.Contains(startReasons, waiting.Reason):
		return c.startFailure(waiting.Reason, waiting.Message)
	}
	// Between two tries, a container that cannot be started waits like one that
	// crashed. The reason of its last exit tells the two apart.
	if last := c.LastExit(); last != nil && last.Reason == startError && c.Status.State.Running == nil {
		return c.startFailure(last.Reason, last.Message)
	}
	return nil
}

func (c *Container) failure(stage Stage, class Class) *Failure {
	return &Failure{Stage: stage, Class: class, Pod: c.Pod, Container: c}
}
