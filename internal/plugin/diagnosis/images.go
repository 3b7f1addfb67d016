// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/atoll-dev/atoll/internal/podfailure"
)

// imagePlatform finds an image, or a program in it, that is not built for the
// platform of its node.
func imagePlatform(e *Evidence, part Part) *Finding {
	for _, c := range e.containers(part) {
		failure := c.Blocked()
		f := &Finding{Object: name("Pod", c.Pod.Name), Steps: c.steps()}
		switch {
		case failure != nil && failure.Class == podfailure.ImagePlatform:
			f.Cause = fmt.Sprintf("Image %q of %s has no variant for the platform of %s", c.Spec.Image, c.called(), e.platform(&c))
			f.Remedy, f.Proof = upperFirst(failure.Remedy()), e.pullProof(failure)
		case failure != nil && failure.Class == podfailure.ProgramPlatform, e.wrongFormat(&c):
			f.Cause = fmt.Sprintf("%s cannot run on %s (exec format error): its program is built for another platform, or is a script without #! on its first line", c.subject(), e.platform(&c))
			f.Remedy, f.Proof = "Build the image for that platform too, or set podTemplate.spec.nodeSelector to nodes that can run it", e.proof(&c)
		default:
			continue
		}
		return f
	}
	return nil
}

// wrongFormat reports whether a container ended because its program has the wrong
// format.
func (e *Evidence) wrongFormat(c *container) bool {
	exit := e.exit(c)
	return exit != nil && !c.Status.Ready && podfailure.WrongFormat(exit.Message+"\n"+strings.Join(e.lines(c), "\n"))
}

// platform names the node of a container, with its platform where the node was
// read.
func (e *Evidence) platform(c *container) string {
	if n := e.Nodes[c.Pod.Spec.NodeName]; n != nil {
		return fmt.Sprintf("node %s, which is %s/%s", n.Name, n.Status.NodeInfo.OperatingSystem, n.Status.NodeInfo.Architecture)
	}
	return "its node"
}

// pullText tells the events of a pull from others of the reason Failed.
var pullText = regexp.MustCompile("pull")

// pullProof is what the kubelet says of an image that cannot be pulled.
func (e *Evidence) pullProof(f *podfailure.Failure) []Excerpt {
	if event := e.event(f.Pod, pullText.MatchString, "Failed"); event != nil {
		return eventProof(event)
	}
	return detailProof(f)
}

// detailProof is what the kubelet or the runtime says of a container.
func detailProof(f *podfailure.Failure) []Excerpt {
	return []Excerpt{{Title: "Pod " + f.Pod.Name + ", container " + f.Container.Spec.Name, Lines: []string{cut(f.Detail, 2*maxLine)}}}
}

func imagePull(e *Evidence, part Part) *Finding {
	for _, c := range e.containers(part) {
		f := c.Blocked()
		if f == nil || f.Stage != podfailure.Pull {
			continue
		}
		f.DeclaredAs(e.Microservice.Spec.Image)
		return &Finding{
			Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: e.pullProof(f),
			Cause: fmt.Sprintf("Image %q of %s cannot be pulled: %s", c.Spec.Image, c.called(), f.Why()), Remedy: upperFirst(f.Remedy()),
		}
	}
	return nil
}
