// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/atoll-dev/atoll/internal/output"
)

// Message is what a condition says, in parts. String writes it and ParseMessage
// reads it back: no code takes the text apart in any other way.
type Message struct {
	// Object is what the message is about; zero where it is about no single object.
	Object Object
	// Field is the field of the spec at fault, as in routes[0].path; empty where there
	// is none.
	Field string
	// Cause says what is wrong, or how things are. It continues the name of the object.
	Cause string
	// Remedy says what to do, beginning with a verb in lower case; empty where nothing
	// needs to be done.
	Remedy string
}

// Object names a Kubernetes object.
type Object struct {
	// Kind is one that ParseMessage knows.
	Kind string
	// Namespace is empty where it is the reader's own.
	Namespace, Name string
}

// String returns the object as messages name it.
func (o Object) String() string {
	if o.Namespace == "" {
		return fmt.Sprintf("%s %q", o.Kind, o.Name)
	}
	return fmt.Sprintf("%s %q of namespace %q", o.Kind, o.Name, o.Namespace)
}

// remedyMarker comes before the remedy, and nowhere else.
const remedyMarker = "; to fix: "

// Say returns a message that has nothing but a cause.
func Say(format string, args ...any) Message { return Message{Cause: fmt.Sprintf(format, args...)} }

// String writes the message as conditions hold it. What controls a terminal is removed.
func (m Message) String() string {
	var text strings.Builder
	if m.Object.Kind != "" {
		text.WriteString(m.Object.String() + " ")
	}
	if m.Field != "" {
		text.WriteString(m.Field + ": ")
	}
	text.WriteString(withoutMarker(m.Cause))
	if m.Remedy != "" {
		text.WriteString(remedyMarker + withoutMarker(m.Remedy))
	}
	return output.Printable(text.String())
}

// withoutMarker takes the marker out of what others said, such as the end of a log.
func withoutMarker(text string) string { return strings.ReplaceAll(text, remedyMarker, "; to fix ") }

// kinds are those that messages begin with.
var kinds = []string{
	"Microservice", "Topology", "Deployment", "StatefulSet", "Job", "CronJob", "Pod", "Service", "ServiceAccount", "Secret", "ConfigMap",
	"PersistentVolumeClaim", "NetworkPolicy", "HorizontalPodAutoscaler", "PodDisruptionBudget", "HTTPRoute", "GRPCRoute", "Gateway", "GatewayClass",
	"Cluster", "ObjectStore", "ScheduledBackup", "PodMonitor", "PrometheusRule", "CustomResourceDefinition", "Namespace",
}

var (
	leadingObject = regexp.MustCompile(`^([A-Z][A-Za-z]+) "([^"]+)"(?: of namespace "([^"]+)")? `)
	leadingField  = regexp.MustCompile(`^([a-z][A-Za-z]*(?:\[[^\]]*\]|\.[A-Za-z]+)*): `)
)

// ParseMessage reads what String wrote. It takes any text: String gives the same text
// again.
func ParseMessage(text string) Message {
	var m Message
	if at := strings.LastIndex(text, remedyMarker); at >= 0 {
		text, m.Remedy = text[:at], text[at+len(remedyMarker):]
	}
	if found := leadingObject.FindStringSubmatch(text); found != nil && slices.Contains(kinds, found[1]) {
		m.Object = Object{Kind: found[1], Name: found[2], Namespace: found[3]}
		text = text[len(found[0]):]
	}
	if found := leadingField.FindStringSubmatch(text); found != nil {
		m.Field, text = found[1], text[len(found[0]):]
	}
	m.Cause = text
	return m
}

// Join returns one message for several faults of the same reason. It is about the
// object and the field of the first.
func Join(messages ...Message) Message {
	if len(messages) == 0 {
		return Message{}
	}
	joined := messages[0]
	var causes, remedies []string
	for i, m := range messages {
		cause := m.Cause
		if i > 0 {
			cause = Message{Object: m.Object, Field: m.Field, Cause: m.Cause}.String()
		}
		causes = append(causes, cause)
		if m.Remedy != "" && !slices.Contains(remedies, m.Remedy) {
			remedies = append(remedies, m.Remedy)
		}
	}
	joined.Cause, joined.Remedy = strings.Join(causes, "; "), strings.Join(remedies, "; ")
	return joined
}
