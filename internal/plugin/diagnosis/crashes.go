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
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/internal/podfailure"
)

// recently is how long ago a container that runs again may have been killed for
// its memory to be worth telling of, and justNow how long ago it may have ended
// otherwise.
const (
	recently = time.Hour
	justNow  = 10 * time.Minute
)

// outOfMemory tells of containers that were killed for using too much memory, also
// of those that run again.
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
			limit := "the node's memory ran out"
			remedy := fmt.Sprintf("Set %s.limits.memory to what it needs", part.field("resources"))
			if max, set := c.Spec.Resources.Limits[corev1.ResourceMemory]; set {
				limit = fmt.Sprintf("its limit is %s", max.String())
				remedy = fmt.Sprintf("Raise %s.limits.memory (now %s), or have it use less", part.field("resources"), max.String())
			}
			return &Finding{
				Object: name("Pod", pod.Name), Steps: c.steps(), Proof: e.proof(&c), Beside: c.Status.Ready,
				Cause: fmt.Sprintf("%s was killed for using too much memory: %s", c.subject(), limit), Remedy: remedy,
			}
		}
	}
	return nil
}

// crashes are the containers of a part that end and should not.
func (e *Evidence) crashes(part Part) []container {
	var crashing []container
	for _, c := range append(e.containers(part), e.restarted(part)...) {
		// What a Job runs is meant to end; that it failed is told of the Job.
		if c.Init || e.exit(&c) == nil || part != PartService && part != PartDatabase {
			continue
		}
		// One restart, as when a service came up before its database, is no loop.
		if c.Status.State.Running == nil || c.Status.RestartCount > 1 {
			crashing = append(crashing, c)
		}
	}
	return crashing
}

// crashLoop tells of containers that end again and again by themselves.
func crashLoop(e *Evidence, part Part) *Finding {
	crashing := e.crashes(part)
	if len(crashing) == 0 {
		return nil
	}
	c := &crashing[0]
	code := e.exit(c).ExitCode
	why := fmt.Sprintf("ends with exit code %d%s", code, podfailure.ExitMeaning(code))
	remedy := fmt.Sprintf("Correct what its log tells of: %s, %s or %s", part.field("image"), part.field("env"), part.field("args"))
	if part == PartDatabase {
		remedy = "Correct what its log tells of: database.parameters, database.resources or its volume"
	}
	if code == 0 {
		why = "ends by itself with exit code 0, and a service must go on running"
		remedy = fmt.Sprintf("Have %s start what serves; what is to run once belongs in database.migration or a Job", part.field("command"))
	}
	return &Finding{
		Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: e.proof(c), Beside: podfailure.Ready(c.Pod),
		Cause: fmt.Sprintf("%s %s%s", c.subject(), why, e.quoted(c)), Remedy: remedy,
	}
}

// readOnlyWords are how programs say that they can't write.
var readOnlyWords = regexp.MustCompile(`(?i)read-only file ?system|EROFS`)

// writtenPath is a path in such a message.
var writtenPath = regexp.MustCompile(`(/[\w.@+-]+(?:/[\w.@+-]+)+|/[\w.@+-]+)`)

// readOnlyFilesystem tells of containers that end because they can't write: Atoll
// makes the root file system read-only.
func readOnlyFilesystem(e *Evidence, part Part) *Finding {
	crashing := e.crashes(part)
	for _, c := range e.containers(part) {
		if ended := e.exit(&c); c.Init && ended != nil && ended.ExitCode != 0 {
			crashing = append(crashing, c)
		}
	}
	for _, c := range crashing {
		for _, line := range e.lines(&c) {
			if !readOnlyWords.MatchString(line) {
				continue
			}
			where := ""
			if path := pathIn(line); path != "" {
				where = " at " + path
			}
			return &Finding{
				Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: e.proof(&c), Beside: podfailure.Ready(c.Pod),
				Cause:  fmt.Sprintf("%s ends because it can't write%s: the root file system is read-only", c.subject(), where),
				Remedy: "Have it write to /tmp, or mount an emptyDir where it writes (podTemplate.spec.volumes and containers[].volumeMounts)",
			}
		}
	}
	return nil
}

// pathIn is the path that stands closest before the words.
func pathIn(line string) string {
	paths := writtenPath.FindAllString(line[:readOnlyWords.FindStringIndex(line)[0]], -1)
	if len(paths) == 0 {
		return ""
	}
	return paths[len(paths)-1]
}

// hookFailed tells of hooks that fail: a container whose postStart hook does is
// killed.
func hookFailed(e *Evidence, part Part) *Finding {
	for _, c := range e.containers(part) {
		event := e.eventOf(&c, nil, "FailedPostStartHook")
		if event == nil {
			continue
		}
		return &Finding{
			Object: name("Pod", c.Pod.Name), Steps: c.steps(), Proof: eventProof(event),
			Cause:  fmt.Sprintf("The postStart hook of %s fails, and the container is killed for it", c.called()),
			Remedy: "Correct lifecycle.postStart of the container in podTemplate",
		}
	}
	return nil
}
