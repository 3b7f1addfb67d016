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
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// LogLines is how many lines of a log are wanted, and maxLine how much of each is
// shown.
const (
	LogLines = 10
	maxLine  = 300
)

// LogsWanted are the logs that may say more: of one container of each part that
// ended or does not become ready.
func LogsWanted(e *Evidence) []Log {
	var wanted []Log
	for _, part := range parts {
		if c := e.troubled(part); c != nil {
			wanted = append(wanted, e.log(c))
		}
	}
	return wanted
}

// EventsWanted are the objects whose events may say more: pods that are not
// ready, of each part a few, and what makes them.
func EventsWanted(e *Evidence) []metav1.Object {
	var wanted []metav1.Object
	for _, part := range parts {
		pods := append(e.unready(part), e.unstable(part)...)
		for _, pod := range pods[:min(len(pods), 3)] {
			wanted = append(wanted, pod)
		}
		if job := e.job(part); job != nil && jobState(job) != jobComplete {
			wanted = append(wanted, job)
		}
	}
	if set := e.StatefulSet; set != nil && set.Status.ReadyReplicas < 1 {
		wanted = append(wanted, set)
	}
	return wanted
}

// troubled is the container of a part that there is most to say of; nil when none
// has a log.
func (e *Evidence) troubled(part Part) *container {
	containers := append(e.containers(part), e.restarted(part)...)
	for _, troubled := range []func(c *container) bool{
		func(c *container) bool { return e.exit(c) != nil && e.exit(c).ExitCode != 0 },
		func(c *container) bool { return !c.Init && e.exit(c) != nil },
		func(c *container) bool { return !c.Init && c.Status.State.Running != nil && !c.Status.Ready },
	} {
		for i := range containers {
			if troubled(&containers[i]) {
				return &containers[i]
			}
		}
	}
	return nil
}

// log is the log that tells of the container's end, or of how it runs. While the
// next try runs, the last one's is another log.
func (e *Evidence) log(c *container) Log {
	return Log{Pod: c.Pod.Name, Container: c.Spec.Name, Previous: c.Status.State.Terminated == nil && e.exit(c) != nil}
}

// lines are the end of a container's log; where it could not be read, what the
// kubelet kept of it.
func (e *Evidence) lines(c *container) []string {
	text := e.Logs[e.log(c)]
	if ended := e.exit(c); strings.TrimSpace(text) == "" && ended != nil {
		text = ended.Message
	}
	return tail(text)
}

func tail(text string) []string {
	text = strings.TrimSpace(strings.ToValidUTF8(text, "?"))
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-LogLines):]
	for i := range lines {
		lines[i] = cut(strings.Map(printable, lines[i]), maxLine)
	}
	return lines
}

// printable drops what would steer a terminal.
func printable(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0:
		return -1
	}
	return r
}

func cut(text string, length int) string {
	if runes := []rune(text); len(runes) > length {
		return string(runes[:length-1]) + "…"
	}
	return text
}

// proof is the end of a container's log; none where there is none.
func (e *Evidence) proof(c *container) []Excerpt {
	lines := e.lines(c)
	if len(lines) == 0 {
		return nil
	}
	title := "Log of pod " + c.Pod.Name + ", container " + c.Spec.Name
	if e.log(c).Previous {
		title += ", before it was restarted"
	}
	return []Excerpt{{Title: title, Lines: lines}}
}

// What lines of a log are most telling, the most telling first.
var tellingWords = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b(?:fatal|panic)\b`),
	regexp.MustCompile(`(?i)\b(?:error|exception|failed|failure|cannot|can't|could not|denied|refused|no such|not found)\b`),
	regexp.MustCompile(`[A-Za-z]`),
}

// lastWords is what the end of a log says: the last line of those that are most
// telling, without its time.
func lastWords(lines []string) string {
	for _, telling := range tellingWords {
		for _, line := range slices.Backward(lines) {
			if telling.MatchString(line) {
				return cut(words(line), 160)
			}
		}
	}
	return ""
}

// lineHead is the time at the start of a line, and the number of a process.
var lineHead = regexp.MustCompile(`^\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*(?: UTC| [+-]\d{4})?\]?\s*(?:\[\d+\]\s*)?`)

// words are what a line of a log says, without its time; of a line in JSON, its
// message and its error.
func words(line string) string {
	line = strings.TrimSpace(line)
	var fields map[string]any
	if json.Unmarshal([]byte(line), &fields) != nil {
		return strings.Join(strings.Fields(lineHead.ReplaceAllString(line, "")), " ")
	}
	var said []string
	for _, names := range [][]string{{"msg", "message"}, {"error", "err", "exception"}} {
		for _, of := range names {
			if text, ok := fields[of].(string); ok && text != "" {
				said = append(said, strings.Join(strings.Fields(text), " "))
				break
			}
		}
	}
	return orElse(strings.Join(said, ": "), line)
}

// event is the latest event of an object with one of some reasons and a text that
// matches; nil when there is none.
func (e *Evidence) event(o metav1.Object, matching func(string) bool, reasons ...string) *corev1.Event {
	if o == nil {
		return nil
	}
	for _, event := range slices.Backward(e.Events[o.GetUID()]) {
		if slices.Contains(reasons, event.Reason) && (matching == nil || matching(event.Message)) {
			return &event
		}
	}
	return nil
}

// standing is the latest such event, unless one with a reason that refutes it has
// come since.
func (e *Evidence) standing(o metav1.Object, matching func(string) bool, reasons, refuting []string) *corev1.Event {
	for _, event := range slices.Backward(e.Events[o.GetUID()]) {
		switch {
		case slices.Contains(refuting, event.Reason):
			return nil
		case slices.Contains(reasons, event.Reason) && (matching == nil || matching(event.Message)):
			return &event
		}
	}
	return nil
}

// eventOf is the latest such event that is about a container as it is now.
func (e *Evidence) eventOf(c *container, matching func(string) bool, reasons ...string) *corev1.Event {
	for _, event := range slices.Backward(e.Events[c.Pod.UID]) {
		if slices.Contains(reasons, event.Reason) && (matching == nil || matching(event.Message)) && ofContainer(&event, c) && e.ofNow(&event, c) {
			return &event
		}
	}
	return nil
}

// ofNow says whether an event is about a container as it runs, or as it ended, and
// not about one before. What comes again and again the kubelet reports only now and
// then: of a container that ends so, an event that came several times counts.
func (e *Evidence) ofNow(event *corev1.Event, c *container) bool {
	at, ended, running := LastSeen(event), e.exit(c), c.Status.State.Running
	switch {
	case at.IsZero():
		return true
	case ended != nil:
		return event.Count > 1 || !at.Before(ended.StartedAt.Time)
	case running != nil:
		// A container may end and the next one begin within the second.
		last := c.LastExit()
		return !at.Before(running.StartedAt.Time) && (last == nil || at.After(last.FinishedAt.Time))
	}
	return true
}

// LastSeen is when an event happened last: the two ways of writing events differ
// in where they say so.
func LastSeen(event *corev1.Event) time.Time {
	switch {
	case event.Series != nil:
		return event.Series.LastObservedTime.Time
	case !event.LastTimestamp.IsZero():
		return event.LastTimestamp.Time
	}
	return event.EventTime.Time
}

// told is an event as proof.
func eventProof(event *corev1.Event) []Excerpt {
	if event == nil {
		return nil
	}
	o := &event.InvolvedObject
	return []Excerpt{{Title: "Event of " + o.Kind + " " + o.Name, Lines: []string{event.Reason + ": " + cut(strings.Join(strings.Fields(event.Message), " "), 2*maxLine)}}}
}

// ofContainer says whether an event is about a container.
func ofContainer(event *corev1.Event, c *container) bool {
	path := event.InvolvedObject.FieldPath
	return path == "" || path == "spec.containers{"+c.Spec.Name+"}" || path == "spec.initContainers{"+c.Spec.Name+"}"
}

func splitKey(key string) (namespace, of string) {
	namespace, of, _ = strings.Cut(key, "/")
	return namespace, of
}
