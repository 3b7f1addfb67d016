// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"encoding/json"
	"regexp"
	"slices"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/internal/output"
)

// LogLines is the number of log lines to read: the error may be far above the end, before
// the frames of a stack trace. shownLines is the number of lines that a finding shows, and
// maxLine the length at which a line is cut.
const (
	LogLines   = 100
	shownLines = 10
	maxLine    = 300
)

// LogsWanted returns the logs to read: of each part, that of one container that ended
// or is not ready.
func LogsWanted(e *Evidence) []Log {
	var wanted []Log
	for _, part := range parts {
		if c := e.troubled(part); c != nil {
			wanted = append(wanted, e.log(c))
		}
	}
	return wanted
}

// EventsWanted returns the objects whose events to read: a few unready pods of each
// part, and their controllers.
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

// troubled returns the container of a part whose log matters most, and nil where none
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

// log returns the log that covers the last exit of a container, or its current run.
// Once the next try runs, the last exit is in the previous log.
func (e *Evidence) log(c *container) Log {
	return Log{Pod: c.Pod.Name, Container: c.Spec.Name, Previous: c.Status.State.Terminated == nil && e.exit(c) != nil}
}

// lines returns the last few lines of a container's log. Earlier ones may be about faults
// that have passed.
func (e *Evidence) lines(c *container) []string {
	lines := e.allLines(c)
	return lines[max(0, len(lines)-shownLines):]
}

// currentLines returns those of the last few lines of a container's log that may say why it
// ended, after the error of the stack trace above them.
func (e *Evidence) currentLines(c *container) []string {
	all := e.allLines(c)
	begin := handledUntil(all)
	first := max(begin, len(all)-shownLines)
	if at := endedWith(all, begin); at >= 0 && at < first {
		return append([]string{all[at]}, all[first:]...)
	}
	return all[first:]
}

// allLines returns the end of a container's log, or the termination message where the log
// could not be read.
func (e *Evidence) allLines(c *container) []string {
	text := e.Logs[e.log(c)]
	if ended := e.exit(c); strings.TrimSpace(text) == "" && ended != nil {
		text = ended.Message
	}
	return tail(text)
}

func tail(text string) []string {
	text = strings.TrimSpace(output.Safe(text))
	if text == "" {
		return nil
	}
	lines := strings.Split(text, "\n")
	lines = lines[max(0, len(lines)-LogLines):]
	for i := range lines {
		lines[i] = cut(strings.ReplaceAll(lines[i], "\t", " "), maxLine)
	}
	return lines
}

func cut(text string, length int) string {
	if runes := []rune(text); len(runes) > length {
		return string(runes[:length-1]) + "…"
	}
	return text
}

// proof returns the end of a container's log, and nothing where the log is empty.
func (e *Evidence) proof(c *container) []Excerpt {
	all := e.allLines(c)
	if len(all) == 0 {
		return nil
	}
	lines := all[max(0, len(all)-shownLines):]
	// The line that says most is shown, also where it is far above the end.
	if at := tellingLine(all); at < len(all)-len(lines) {
		lines = append([]string{all[at], "…"}, lines[2:]...)
	}
	title := "Log of pod " + c.Pod.Name + ", container " + c.Spec.Name
	if e.log(c).Previous {
		title += ", before it was restarted"
	}
	return []Excerpt{{Title: title, Lines: lines}}
}

// lineHead matches the timestamp and the process ID at the start of a line.
var lineHead = regexp.MustCompile(`^\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d:\d\d\S*(?: UTC| [+-]\d{4})?\]?\s*(?:\[\d+\]\s*)?`)

// words returns the text of a log line without its timestamp. Of a JSON line, it
// returns the message and the error.
func words(line string) string {
	line = strings.TrimSpace(line)
	var fields map[string]any
	if json.Unmarshal([]byte(line), &fields) != nil {
		return strings.Join(strings.Fields(lineHead.ReplaceAllString(line, "")), " ")
	}
	var texts []string
	for _, names := range [][]string{{"msg", "message"}, {"error", "err", "exception"}} {
		for _, of := range names {
			field := fields[of]
			if nested, ok := field.(map[string]any); ok {
				field = nested["message"]
			}
			if text, ok := field.(string); ok && text != "" {
				texts = append(texts, strings.Join(strings.Fields(text), " "))
				break
			}
		}
	}
	return orElse(strings.Join(texts, ": "), line)
}

// event returns the latest event of an object that has one of some reasons and whose
// text matches, and nil where there is none.
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

// standing returns the latest such event, unless an event with a refuting reason is
// newer.
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

// eventOf returns the latest such event about the current state of a container.
func (e *Evidence) eventOf(c *container, matching func(string) bool, reasons ...string) *corev1.Event {
	for _, event := range slices.Backward(e.Events[c.Pod.UID]) {
		if slices.Contains(reasons, event.Reason) && (matching == nil || matching(event.Message)) && ofContainer(&event, c) && e.ofNow(&event, c) {
			return &event
		}
	}
	return nil
}

// ofNow reports whether an event is about the current run or the last exit of a
// container, and not about an earlier one. The kubelet reports a repeated event only
// from time to time: for a container that keeps crashing, an event with a count counts.
func (e *Evidence) ofNow(event *corev1.Event, c *container) bool {
	at, ended, running := LastSeen(event), e.exit(c), c.Status.State.Running
	switch {
	case at.IsZero():
		return true
	case ended != nil:
		return event.Count > 1 || !at.Before(ended.StartedAt.Time)
	case running != nil:
		// A container may end and restart within one second.
		last := c.LastExit()
		return !at.Before(running.StartedAt.Time) && (last == nil || at.After(last.FinishedAt.Time))
	}
	return true
}

// LastSeen returns when an event happened last. The two event APIs store the time in
// different fields.
func LastSeen(event *corev1.Event) time.Time {
	switch {
	case event.Series != nil:
		return event.Series.LastObservedTime.Time
	case !event.LastTimestamp.IsZero():
		return event.LastTimestamp.Time
	}
	return event.EventTime.Time
}

// eventProof returns an event as proof.
func eventProof(event *corev1.Event) []Excerpt {
	if event == nil {
		return nil
	}
	o := &event.InvolvedObject
	return []Excerpt{{Title: "Event of " + o.Kind + " " + o.Name, Lines: []string{event.Reason + ": " + cut(strings.Join(strings.Fields(event.Message), " "), 2*maxLine)}}}
}

// ofContainer reports whether an event is about a container.
func ofContainer(event *corev1.Event, c *container) bool {
	path := event.InvolvedObject.FieldPath
	return path == "" || path == "spec.containers{"+c.Spec.Name+"}" || path == "spec.initContainers{"+c.Spec.Name+"}"
}

func splitKey(key string) (namespace, of string) {
	namespace, of, _ = strings.Cut(key, "/")
	return namespace, of
}
