// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/atoll-dev/atoll/internal/podfailure"
)

// blockedBy returns a finding about the first container that cannot start for one
// of some classes of failures.
func blockedBy(e *Evidence, part Part, cause func(c *container, f *podfailure.Failure) string, classes ...podfailure.Class) *Finding {
	for _, c := range e.containers(part) {
		f := c.Blocked()
		if f == nil || f.Stage != podfailure.Start || !slices.Contains(classes, f.Class) {
			continue
		}
		return &Finding{Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: detailProof(f), Cause: cause(&c, f), Remedy: upperFirst(f.Remedy())}
	}
	return nil
}

// runsAsRoot finds images that would run as root, which the security context of
// Atoll's pods forbids.
func runsAsRoot(e *Evidence, part Part) *Finding {
	return blockedBy(e, part, func(c *container, f *podfailure.Failure) string {
		return fmt.Sprintf("Image %q of %s %s", c.Spec.Image, c.called(), f.Why())
	}, podfailure.RunsAsRoot, podfailure.UserByName, podfailure.RunAsUserZero)
}

// commandNotFound finds commands that the image does not contain, or that cannot be
// executed.
func commandNotFound(e *Evidence, part Part) *Finding {
	return blockedBy(e, part, func(c *container, f *podfailure.Failure) string {
		return fmt.Sprintf("%s cannot run %q: %s", c.subject(), f.Command, f.Why())
	}, podfailure.CommandNotFound, podfailure.CommandNotExecutable, podfailure.CommandIsDirectory)
}

// containerConfig finds containers that cannot be created or started for any other
// reason.
func containerConfig(e *Evidence, part Part) *Finding {
	return blockedBy(e, part, func(c *container, f *podfailure.Failure) string {
		return fmt.Sprintf("%s cannot start: %s", c.subject(), cut(f.Why(), 200))
	}, podfailure.ContainerConfig, podfailure.ReferenceMissing)
}

// initContainer finds init containers that fail: no other container starts before
// they succeed.
func initContainer(e *Evidence, part Part) *Finding {
	for _, c := range e.containers(part) {
		ended := e.exit(&c)
		if !c.Init || ended == nil || ended.ExitCode == 0 || c.Status.Ready {
			continue
		}
		return &Finding{
			Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: e.proof(&c),
			Cause:  fmt.Sprintf("Init container %q fails with exit code %d, and no other container starts before it succeeds%s", c.Spec.Name, ended.ExitCode, e.quoted(&c)),
			Remedy: "Correct what its log reports; the container is set in podTemplate.spec.initContainers",
		}
	}
	return nil
}

// quoted returns the line of a container's log that says most, after a colon, to end a
// sentence with.
func (e *Evidence) quoted(c *container) string {
	if words := lastWords(e.allLines(c)); words != "" {
		return ": " + words
	}
	return ""
}

// podSandbox finds pods whose sandbox the node cannot create, for example because a
// memory limit is too small for any process.
func podSandbox(e *Evidence, part Part) *Finding {
	for _, pod := range e.unready(part) {
		event := e.standing(pod, nil, []string{"FailedCreatePodSandBox"}, []string{"Pulling", "Pulled", "Created", "Started"})
		if event == nil {
			continue
		}
		remedy := "Correct what it names; if the node is at fault, ask the administrator of the cluster to check node " + orElse(pod.Spec.NodeName, "it runs on")
		for i := range pod.Spec.Containers {
			if limit := pod.Spec.Containers[i].Resources.Limits.Memory(); !limit.IsZero() && limit.Value() < smallestLimit {
				remedy = fmt.Sprintf("Raise %s.limits.memory: %s is %d bytes; 128Mi is 128 mebibytes", part.field("resources"), limit, limit.Value())
			}
		}
		return &Finding{
			Object: name("Pod", pod.Name), Proof: eventProof(event), Steps: []Step{podStep(pod, "its sandbox cannot be created")},
			Cause: "The node cannot create the pod: " + cut(innermost(event.Message), 200), Remedy: remedy,
		}
	}
	return nil
}

// innermost returns the end of an error that several layers wrapped: each puts its
// own text first.
func innermost(message string) string {
	layers := strings.Split(strings.Join(strings.Fields(message), " "), ": ")
	return strings.Join(layers[max(0, len(layers)-2):], ": ")
}

// smallestLimit is less memory than any program needs to start.
const smallestLimit = 1 << 20
