// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"
	"regexp"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/podfailure"
)

// recently is how long an out-of-memory kill counts for a container that runs again,
// and justNow is how long any other exit counts.
const (
	recently = time.Hour
	justNow  = 10 * time.Minute
)

// outOfMemory finds containers that were killed because they used too much memory, even
// if they run again.
func outOfMemory(e *Evidence, part Part) *Finding {
	for _, pod := range e.current(part) {
		for _, c := range containersOf(pod, part) {
			ended := e.exit(&c)
			if last := c.LastExit(); c.Status.Ready && last != nil && e.Now.Sub(last.FinishedAt.Time) <= recently {
				ended = last
			}
			if ended == nil || podfailure.ExitClass(ended) != podfailure.OutOfMemory {
				continue
			}
			limit := "the node ran out of memory"
			remedy := fmt.Sprintf("Set %s.limits.memory to what it needs", part.field("resources"))
			if max, set := c.Spec.Resources.Limits[corev1.ResourceMemory]; set {
				limit = fmt.Sprintf("its limit is %s", max.String())
				remedy = fmt.Sprintf("Raise %s.limits.memory (now %s), or reduce its memory use", part.field("resources"), max.String())
			}
			return &Finding{
				Object: name("Pod", pod.Name), Steps: c.steps(), Proof: e.proof(&c), Beside: c.Status.Ready,
				Cause: fmt.Sprintf("%s was killed because it used too much memory: %s", c.subject(), limit), Remedy: remedy,
			}
		}
	}
	return nil
}

// crashes returns the containers of a part that ended although they must keep running.
func (e *Evidence) crashes(part Part) []container {
	var crashing []container
	for _, c := range append(e.containers(part), e.restarted(part)...) {
		// The container of a Job is meant to end; the Job reports its failure.
		if c.Init || e.exit(&c) == nil || part != PartService && part != PartDatabase {
			continue
		}
		// One restart is no crash loop: a service may start before its database.
		if c.Status.State.Running == nil || c.Status.RestartCount > 1 {
			crashing = append(crashing, c)
		}
	}
	return crashing
}

// crashLoop finds containers that keep crashing.
func crashLoop(e *Evidence, part Part) *Finding {
	crashing := e.crashes(part)
	if len(crashing) == 0 {
		return nil
	}
	c := &crashing[0]
	code := e.exit(c).ExitCode
	why := fmt.Sprintf("keeps crashing; last exit code %d%s", code, podfailure.ExitMeaning(code))
	remedy := fmt.Sprintf("Correct what its log reports: %s, %s or %s", part.field("image"), part.field("env"), part.field("args"))
	if part == PartDatabase {
		remedy = "Correct what its log reports: database.parameters, database.resources or its volume"
	}
	if code == 0 {
		why = "exits with exit code 0, but a service must keep running"
		remedy = fmt.Sprintf("Correct %s so that it starts a server; run one-time work in database.migration or a Job", part.field("command"))
	}
	return &Finding{
		Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: e.proof(c), Beside: podfailure.Ready(c.Pod),
		Cause: fmt.Sprintf("%s %s%s", c.subject(), why, e.quoted(c)), Remedy: remedy,
	}
}

// readOnlyWords are the messages of programs that cannot write.
var readOnlyWords = regexp.MustCompile(`(?i)read-only file ?system|EROFS`)

// writtenPath is a path in such a message.
var writtenPath = regexp.MustCompile(`(/[\w.@+-]+(?:/[\w.@+-]+)+|/[\w.@+-]+)`)

// readOnlyFilesystem finds containers that end because they cannot write: Atoll mounts
// the root file system read-only.
func readOnlyFilesystem(e *Evidence, part Part) *Finding {
	crashing := e.crashes(part)
	for _, c := range e.containers(part) {
		if ended := e.exit(&c); c.Init && ended != nil && ended.ExitCode != 0 {
			crashing = append(crashing, c)
		}
	}
	for _, c := range crashing {
		lines := e.currentLines(&c)
		for _, line := range lines {
			if !readOnlyWords.MatchString(line) {
				continue
			}
			where := ""
			if path := pathIn(line); path != "" {
				where = " at " + path
			}
			return &Finding{
				Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: e.proof(&c), Beside: podfailure.Ready(c.Pod),
				Cause:  fmt.Sprintf("%s ends because it cannot write%s: the root file system is read-only", c.subject(), where),
				Remedy: "Write to /tmp, or mount an emptyDir at the path (podTemplate.spec.volumes and containers[].volumeMounts)",
			}
		}
	}
	return nil
}

// pathIn returns the last path before the words.
func pathIn(line string) string {
	paths := writtenPath.FindAllString(line[:readOnlyWords.FindStringIndex(line)[0]], -1)
	if len(paths) == 0 {
		return ""
	}
	return paths[len(paths)-1]
}

// hookFailed finds postStart hooks that fail. The kubelet kills their containers.
func hookFailed(e *Evidence, part Part) *Finding {
	for _, c := range e.containers(part) {
		event := e.eventOf(&c, nil, "FailedPostStartHook")
		if event == nil {
			continue
		}
		return &Finding{
			Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: eventProof(event),
			Cause:  fmt.Sprintf("The postStart hook of %s fails, so the kubelet kills the container", c.called()),
			Remedy: "Correct lifecycle.postStart of the container in podTemplate",
		}
	}
	return nil
}
