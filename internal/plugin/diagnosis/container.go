// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/podfailure"
)

// container is a container of a pod of a part.
type container struct {
	podfailure.Container
	part Part
}

// containers returns those of the unready pods of a part, init containers first.
func (e *Evidence) containers(part Part) []container {
	var all []container
	for _, pod := range e.unready(part) {
		all = append(all, containersOf(pod, part)...)
	}
	return all
}

func containersOf(pod *corev1.Pod, part Part) []container {
	var all []container
	for _, c := range podfailure.Containers(pod) {
		all = append(all, container{c, part})
	}
	return all
}

// exit returns the last exit of a container if that still shows how the container
// is, and nil otherwise. A container that has run for a while has recovered from
// its last exit, unless it keeps crashing.
func (e *Evidence) exit(c *container) *corev1.ContainerStateTerminated {
	end, running := c.LastExit(), c.Status.State.Running
	if end == nil || running == nil || e.Now.Sub(running.StartedAt.Time) < opening {
		return end
	}
	if c.Status.RestartCount > 1 && e.Now.Sub(end.FinishedAt.Time) < justNow {
		return end
	}
	return nil
}

// called returns how findings name the container.
func (c *container) called() string {
	if c.Init {
		return fmt.Sprintf("init container %q", c.Spec.Name)
	}
	return c.part.container(c.Spec.Name)
}

// subject is called, to begin a sentence with.
func (c *container) subject() string { return upperFirst(c.called()) }

// steps lead to the pod and the state of the container.
func (c *container) steps() []Step {
	return []Step{podStep(c.Pod, "%s %s", c.called(), c.state())}
}

// state describes the container in a few words.
func (c *container) state() string {
	var says string
	switch state := &c.Status.State; {
	case state.Waiting != nil:
		says = "waits: " + state.Waiting.Reason
	case state.Terminated != nil:
		says = "ended: " + endedAs(state.Terminated)
	case state.Running != nil && !c.Status.Ready && !c.Init:
		says = "runs and is not ready"
	case state.Running != nil:
		says = "runs"
	default:
		says = "has not started"
	}
	if n := c.Status.RestartCount; n > 0 {
		says += ", " + times(n, "restart")
	}
	if last := c.Status.LastTerminationState.Terminated; last != nil && c.Status.State.Terminated == nil {
		says += "; last state: " + endedAs(last)
	}
	return says
}

func endedAs(t *corev1.ContainerStateTerminated) string {
	if t.Reason == "" || t.Reason == "Error" || t.Reason == "Completed" {
		return fmt.Sprintf("exit code %d", t.ExitCode)
	}
	return fmt.Sprintf("%s (exit code %d)", t.Reason, t.ExitCode)
}

func times(n int32, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func podStep(pod *corev1.Pod, format string, args ...any) Step {
	return step(name("Pod", pod.Name), format, args...)
}

func upperFirst(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}
