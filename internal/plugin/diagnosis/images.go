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
)

// pullFailures are the reasons for which a container waits for its image.
var pullFailures = []string{"ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "ImageInspectError",
	"RegistryUnavailable", "SignatureValidationFailed"}

// imagePlatform tells of an image that has nothing for the node's kind of machine:
// it can't be pulled, or what is in it can't be run.
func imagePlatform(e *Evidence, part Part) *Finding {
	for _, c := range e.containers(part) {
		said := ""
		if slices.Contains(pullFailures, c.waiting()) {
			said = c.status.State.Waiting.Message
		} else if ended := e.ended(&c); ended != nil && !c.status.Ready {
			said = ended.Message + "\n" + strings.Join(e.lines(&c), "\n")
		}
		another := strings.Contains(said, "no match for platform")
		if !another && !strings.Contains(said, "exec format error") {
			continue
		}
		node := "its node"
		if n := e.Nodes[c.pod.Spec.NodeName]; n != nil {
			node = fmt.Sprintf("node %s, which is %s/%s", n.Name, n.Status.NodeInfo.OperatingSystem, n.Status.NodeInfo.Architecture)
		}
		f := &Finding{
			Object: name("Pod", c.pod.Name), Steps: c.steps(), Proof: e.pullProof(&c),
			Cause:  fmt.Sprintf("Image %q of %s has nothing for the platform of %s", c.spec.Image, c.called(), node),
			Remedy: "Build the image for that platform too, or set podTemplate.spec.nodeSelector to nodes that can run it",
		}
		if !another {
			f.Cause = fmt.Sprintf("What %s runs is no program for %s (exec format error): it was built for another platform, or is a script without #! at its start", c.called(), node)
		}
		return f
	}
	return nil
}

// pullProof is what the kubelet says of a container's image, or the container of
// itself.
func (e *Evidence) pullProof(c *container) []Excerpt {
	if w := c.status.State.Waiting; w != nil && slices.Contains(pullFailures, w.Reason) {
		event := e.event(c.pod, nil, "Failed")
		if event != nil && strings.Contains(event.Message, "pull") {
			return told(event)
		}
		return []Excerpt{{Title: "Pod " + c.pod.Name + ", container " + c.spec.Name, Lines: []string{cut(w.Message, 2*maxLine)}}}
	}
	return e.proof(c)
}

func imagePull(e *Evidence, part Part) *Finding {
	for _, c := range e.containers(part) {
		if !slices.Contains(pullFailures, c.waiting()) {
			continue
		}
		why, remedy := pullFailure(&c)
		return &Finding{
			Object: name("Pod", c.pod.Name), Steps: c.steps(), Proof: e.pullProof(&c),
			Cause: fmt.Sprintf("Image %q of %s can't be pulled: %s", c.spec.Image, c.called(), why), Remedy: remedy,
		}
	}
	return nil
}

// pullFailure puts what a registry said into a few classes.
func pullFailure(c *container) (why, remedy string) {
	said := strings.ToLower(c.status.State.Waiting.Message)
	field := imageField(c.part)
	has := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return strings.Contains(said, text) })
	}
	switch reason := c.waiting(); {
	case reason == "InvalidImageName":
		return "it is not a valid image name", "Correct " + field
	case reason == "ErrImageNeverPull":
		return "it is not on the node, and imagePullPolicy is Never", "Set imagePullPolicy to IfNotPresent, or load the image onto the nodes"
	case reason == "SignatureValidationFailed" || has("signaturevalidationfailed"):
		return "its signature is not valid", "Sign it, or correct " + field
	case has("toomanyrequests", "rate limit"):
		return "the registry lets no more be pulled for now", "Wait, or set imagePullSecrets to an account with a higher limit"
	case has("not found", "manifest unknown", "name unknown"):
		return "the registry does not have it", "Correct " + field + ", or push the image"
	case has("unauthorized", "denied", "forbidden", "authorization"):
		return "the registry does not let it be read", "Set imagePullSecrets to a Secret that may read it, or correct " + field
	case has("no such host"):
		return "there is no registry of that name", "Correct the registry's name in " + field + ", or the nodes' DNS"
	}
	return "the registry does not answer", "Check the registry's name in " + field + ", and the nodes' network; it is tried again"
}

// imageField is what in the spec decides over a part's image.
func imageField(part Part) string {
	switch part {
	case PartService:
		return "image"
	case PartMigration:
		return "image or database.migration.image"
	}
	return "database.version or database.image"
}
