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

package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// container is a container of a pod, and how it is.
type container struct {
	pod    *corev1.Pod
	part   Part
	spec   *corev1.Container
	status *corev1.ContainerStatus
	init   bool
}

// containers are those of the unready pods of a part, the ones that begin first
// first.
func (e *Evidence) containers(part Part) []container {
	var all []container
	for _, pod := range e.unready(part) {
		all = append(all, containersOf(pod, part)...)
	}
	return all
}

func containersOf(pod *corev1.Pod, part Part) []container {
	var all []container
	add := func(specs []corev1.Container, statuses []corev1.ContainerStatus, init bool) {
		for i := range statuses {
			at := slices.IndexFunc(specs, func(c corev1.Container) bool { return c.Name == statuses[i].Name })
			if at >= 0 {
				all = append(all, container{pod, part, &specs[at], &statuses[i], init})
			}
		}
	}
	add(pod.Spec.InitContainers, pod.Status.InitContainerStatuses, true)
	add(pod.Spec.Containers, pod.Status.ContainerStatuses, false)
	return all
}

// waiting is why a container does not run; empty when it does.
func (c *container) waiting() string {
	if c.status.State.Waiting == nil {
		return ""
	}
	return c.status.State.Waiting.Reason
}

// lastEnd is how the container, or the one before it, came to its end; nil when it
// never did.
func (c *container) lastEnd() *corev1.ContainerStateTerminated {
	if c.status.State.Terminated != nil {
		return c.status.State.Terminated
	}
	return c.status.LastTerminationState.Terminated
}

// ended is the last end of a container as far as that says how it is now; nil
// otherwise. Of one that has run for a while the end before is past, unless it ends
// again and again.
func (e *Evidence) ended(c *container) *corev1.ContainerStateTerminated {
	end, running := c.lastEnd(), c.status.State.Running
	if end == nil || running == nil || e.Now.Sub(running.StartedAt.Time) < opening {
		return end
	}
	if c.status.RestartCount > 1 && e.Now.Sub(end.FinishedAt.Time) < justNow {
		return end
	}
	return nil
}

// called is how the container is told of.
func (c *container) called() string {
	if c.init {
		return fmt.Sprintf("init container %q", c.spec.Name)
	}
	return c.part.container(c.spec.Name)
}

// subject is called at the start of a sentence.
func (c *container) subject() string { return upperFirst(c.called()) }

// steps are those of the pod and of how the container is.
func (c *container) steps() []Step {
	return []Step{podStep(c.pod, "%s %s", c.called(), c.state())}
}

// state is how the container is, in a few words.
func (c *container) state() string {
	var says string
	switch state := &c.status.State; {
	case state.Waiting != nil:
		says = "waits: " + state.Waiting.Reason
	case state.Terminated != nil:
		says = "ended: " + endedAs(state.Terminated)
	case state.Running != nil && !c.status.Ready && !c.init:
		says = "runs and is not ready"
	case state.Running != nil:
		says = "runs"
	default:
		says = "has not started"
	}
	if n := c.status.RestartCount; n > 0 {
		says += ", " + times(n, "restart")
	}
	if last := c.status.LastTerminationState.Terminated; last != nil && c.status.State.Terminated == nil {
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
