// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package podfailure classifies why pods do not become ready. It is the one place
// that reads what the kubelet, the container runtime, the registry and the
// scheduler wrote into the status of a pod. It is pure.
package podfailure

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/output"
)

// Class is the kind of a failure.
type Class string

// Stage is the step of a pod's start at which it fails.
type Stage int

// Stages are in order of severity: a later one needs a change of the spec more
// surely than an earlier one.
const (
	Eviction Stage = iota + 1
	Scheduling
	Exit
	Pull
	Start
)

// Failure is why a pod does not become ready.
type Failure struct {
	Class Class
	Stage Stage
	Pod   *corev1.Pod
	// Container is nil for a failure of the whole pod.
	Container *Container
	// Detail is what the kubelet, the runtime or the scheduler wrote, without the parts
	// that differ from pod to pod.
	Detail string
	// Command is the program that cannot be started.
	Command string
	// Lacking are the resources that no node has enough of.
	Lacking []corev1.ResourceName
	// Taint is the taint that the pod does not tolerate, where the scheduler names it.
	Taint string
	// Reference is the Secret or ConfigMap that is missing.
	Reference *Reference
	// ExitCode is that of a container that crashed.
	ExitCode int32

	// rewritten is the declared image where the container has another one; empty otherwise.
	rewritten string
}

// Worst returns the health of a component whose pods fail, and nil where the pods
// name no failure.
func Worst(pods []corev1.Pod, component string) *condition.Health {
	if f := Find(pods, component); f != nil {
		return f.Health()
	}
	return nil
}

// Find returns the most severe failure of a component's pods, and nil where they
// name none. It stays the same while the cause does, whether the kubelet waits or
// tries again.
func Find(pods []corev1.Pod, component string) *Failure {
	var worst *Failure
	for _, pod := range Unready(Current(pods, component, nil)) {
		f := of(pod)
		// Equally severe failures are compared by text: the order in which the cache
		// holds the pods must not show.
		if f != nil && (worst == nil || f.Stage > worst.Stage || f.Stage == worst.Stage && f.Short().String() < worst.Short().String()) {
			worst = f
		}
	}
	return worst
}

// of returns the failure of one pod. The first container that fails decides.
func of(pod *corev1.Pod) *Failure {
	if isEvicted(pod) {
		return &Failure{Stage: Eviction, Class: Evicted, Pod: pod, Detail: output.Safe(pod.Status.Message)}
	}
	containers := Containers(pod)
	for i := range containers {
		c := &containers[i]
		if f := c.Blocked(); f != nil {
			return f
		}
		if f := c.crashing(); f != nil {
			return f
		}
	}
	return Unscheduled(pod)
}

// Health returns the failure as the health of its component.
func (f *Failure) Health() *condition.Health {
	h := &condition.Health{Reason: f.reason(), Message: f.Short()}
	h.Stalled = f.Stage == Start || f.Stage == Pull && !f.Class.passing()
	h.Progressing = !h.Stalled
	return h
}

func (f *Failure) reason() string {
	switch f.Stage {
	case Eviction:
		return v1alpha1.ReasonEvicted
	case Scheduling:
		return v1alpha1.ReasonUnschedulable
	case Pull:
		return v1alpha1.ReasonImagePullFailed
	case Start:
		return v1alpha1.ReasonContainerConfigInvalid
	}
	return v1alpha1.ReasonCrashLooping
}

// Short returns the failure as a condition reports it. It does not name the pod,
// whose name changes.
func (f *Failure) Short() condition.Message {
	m := condition.Message{Remedy: f.Remedy()}
	switch f.Stage {
	case Eviction:
		m.Cause = "The kubelet evicted the pod: " + f.Detail
	case Scheduling:
		m.Cause = "No node fits the pod: " + f.Detail
		// The scheduler's text says all that is known; `kubectl atoll why` says more.
		m.Remedy = ""
	case Pull:
		m.Cause = fmt.Sprintf("Image %q of container %q cannot be pulled: %s", f.Container.Spec.Image, f.Container.Spec.Name, f.Why())
	case Start:
		m.Cause = fmt.Sprintf("Container %q cannot start: %s", f.Container.Spec.Name, f.Detail)
	default:
		m.Cause = fmt.Sprintf("Container %q %s", f.Container.Spec.Name, f.Why())
	}
	return m
}

// Why returns the cause in a few words, to follow the name of what fails.
func (f *Failure) Why() string {
	switch f.Stage {
	case Eviction:
		return "was evicted by the kubelet: " + f.Detail
	case Scheduling:
		return f.whyUnscheduled()
	case Pull:
		return pulls[f.Class].why
	case Start:
		return f.whyNotStarted()
	}
	return f.whyEnded()
}

// Remedy returns what to do, beginning with a verb in lower case.
func (f *Failure) Remedy() string {
	switch f.Stage {
	case Eviction:
		return f.evictionRemedy()
	case Scheduling:
		return f.scheduleRemedy()
	case Pull:
		return f.pullRemedy()
	case Start:
		return f.startRemedy()
	}
	return f.exitRemedy()
}

// WaitsForClaim reports whether the pod waits for a PersistentVolumeClaim.
func (f *Failure) WaitsForClaim() bool { return f.Class == UnboundClaim }
