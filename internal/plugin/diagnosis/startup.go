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
	"regexp"
	"slices"
	"strings"
)

// notMade are the reasons for which a container can't be made or started.
var notMade = []string{"CreateContainerConfigError", "CreateContainerError", "RunContainerError", "PreCreateHookError", "PreStartHookError"}

// refused is why the kubelet or the runtime does not start a container; empty
// where it does.
func (c *container) refused() string {
	if slices.Contains(notMade, c.waiting()) {
		return c.status.State.Waiting.Message
	}
	// Between two tries a container that can't be started waits like one that
	// crashed.
	if ended := c.lastEnd(); ended != nil && ended.Reason == "StartError" && c.status.State.Running == nil {
		return ended.Message
	}
	return ""
}

// runtimeLayers are the names of the layers that an error of the runtime passed,
// and namedPod how the kubelet names the container that it refuses.
var (
	runtimeLayers = "unable to start container process: "
	namedPod      = regexp.MustCompile(` \(pod: "[^"]*", container: [^)]*\)$`)
)

func withoutLayers(said string) string {
	if _, cause, found := strings.Cut(said, runtimeLayers); found {
		return strings.TrimPrefix(strings.TrimSuffix(cause, ": unknown"), "error during container init: ")
	}
	return namedPod.ReplaceAllString(said, "")
}

// refusedFor is a finding about the first container that is refused with certain
// words.
func refusedFor(e *Evidence, part Part, words *regexp.Regexp, tell func(c *container, said string) (cause, remedy string)) *Finding {
	for _, c := range e.containers(part) {
		said := withoutLayers(c.refused())
		if said == "" || !words.MatchString(said) {
			continue
		}
		f := &Finding{Object: name("Pod", c.pod.Name), Steps: c.steps(), Proof: []Excerpt{{Title: "Pod " + c.pod.Name + ", container " + c.spec.Name, Lines: []string{cut(said, 2*maxLine)}}}}
		f.Cause, f.Remedy = tell(&c, said)
		return f
	}
	return nil
}

var (
	rootWords    = regexp.MustCompile(`image will run as root|non-numeric user|runAsUser breaks non-root policy`)
	commandWords = regexp.MustCompile(`executable file not found|exec: .*(?:no such file or directory|permission denied|is a directory)`)
	commandName  = regexp.MustCompile(`exec: "([^"]+)"`)
	anyWords     = regexp.MustCompile(`.`)
)

// runsAsRoot tells of images that would run as root: Atoll's pods must not.
func runsAsRoot(e *Evidence, part Part) *Finding {
	return refusedFor(e, part, rootWords, func(c *container, said string) (string, string) {
		why := "would run as root, and its pod says runAsNonRoot"
		if strings.Contains(said, "non-numeric user") {
			why = "has a user by name, of which the kubelet can't tell that it is not root"
		}
		return fmt.Sprintf("Image %q of %s %s", c.spec.Image, c.called(), why),
			"Give the image a USER by number, or set podTemplate.spec.securityContext.runAsUser to one that is not 0"
	})
}

// commandNotFound tells of commands that the image does not have.
func commandNotFound(e *Evidence, part Part) *Finding {
	return refusedFor(e, part, commandWords, func(c *container, said string) (string, string) {
		command := c.spec.Image
		if found := commandName.FindStringSubmatch(said); found != nil {
			command = found[1]
		}
		why := "its image does not have it"
		switch {
		case strings.Contains(said, "permission denied"):
			why = "it is not executable for the container's user"
		case strings.Contains(said, "is a directory"):
			why = "it is a directory"
		}
		return fmt.Sprintf("%s can't run %q: %s", c.subject(), command, why),
			fmt.Sprintf("Correct %s (args are handed to the image's own command), or the image", part.field("command"))
	})
}

// containerConfig is every other way in which a container can't be made.
func containerConfig(e *Evidence, part Part) *Finding {
	return refusedFor(e, part, anyWords, func(c *container, said string) (string, string) {
		return fmt.Sprintf("%s can't be made: %s", c.subject(), cut(said, 200)), "Correct what the message names: in the spec, in podTemplate, or in the image"
	})
}

// initContainer tells of a container that has to end well before the others
// begin.
func initContainer(e *Evidence, part Part) *Finding {
	for _, c := range e.containers(part) {
		ended := e.ended(&c)
		if !c.init || ended == nil || ended.ExitCode == 0 || c.status.Ready {
			continue
		}
		return &Finding{
			Object: name("Pod", c.pod.Name), Steps: c.steps(), Proof: e.proof(&c),
			Cause:  fmt.Sprintf("Init container %q fails with exit code %d, and no other container starts before it has succeeded%s", c.spec.Name, ended.ExitCode, e.quoted(&c)),
			Remedy: "Correct what its log tells of; it is set in podTemplate.spec.initContainers",
		}
	}
	return nil
}

// quoted is the last thing that a container said, to end a sentence with.
func (e *Evidence) quoted(c *container) string {
	if words := lastWords(e.lines(c)); words != "" {
		return ": " + words
	}
	return ""
}

// podSandbox tells of pods for which a node can't make what their containers run in,
// as where a limit is too small for anything.
func podSandbox(e *Evidence, part Part) *Finding {
	for _, pod := range e.unready(part) {
		event := e.standing(pod, nil, []string{"FailedCreatePodSandBox"}, []string{"Pulling", "Pulled", "Created", "Started"})
		if event == nil {
			continue
		}
		remedy := "Correct what it names; where it is the node's own, have who runs the cluster look at node " + orElse(pod.Spec.NodeName, "it runs on")
		for i := range pod.Spec.Containers {
			if limit := pod.Spec.Containers[i].Resources.Limits.Memory(); !limit.IsZero() && limit.Value() < smallestLimit {
				remedy = fmt.Sprintf("Raise %s.limits.memory: %s is %d bytes; 128Mi is 128 mebibytes", part.field("resources"), limit, limit.Value())
			}
		}
		return &Finding{
			Object: name("Pod", pod.Name), Proof: told(event), Steps: []Step{podStep(pod, "its containers can't be made")},
			Cause: "The node can't make the pod: " + cut(innermost(event.Message), 200), Remedy: remedy,
		}
	}
	return nil
}

// innermost is the end of an error that others have passed on: what they say of
// themselves comes first.
func innermost(message string) string {
	said := strings.Split(strings.Join(strings.Fields(message), " "), ": ")
	return strings.Join(said[max(0, len(said)-2):], ": ")
}

// smallestLimit is less memory than any program starts with.
const smallestLimit = 1 << 20
