// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import "fmt"

// Severity says whether a finding keeps a service from running.
type Severity string

const (
	// SeverityError is what the API server refuses, or what Atoll can't carry out.
	SeverityError Severity = "error"
	// SeverityWarning is what stops nothing, or what may be right in the cluster.
	SeverityWarning Severity = "warning"
)

// Codes of findings beside the reasons of conditions.
const (
	// CodeUnknownField says that the kind has no such field.
	CodeUnknownField = "UnknownField"
	// CodeInvalid says that the API server would refuse the object.
	CodeInvalid = "Invalid"
	// CodeOpenRoutes says that routed ports are open to pods beside the gateway's.
	CodeOpenRoutes = "OpenRoutes"
	// CodeUnknownKind says that Atoll has no such kind, or not of that version.
	CodeUnknownKind = "UnknownKind"
)

// Finding is what can be reported about an object without a cluster.
type Finding struct {
	Source string `json:"source,omitempty"`
	// Position is the place of the field; of the object if no field of it is at fault.
	Position
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace,omitempty"`
	Name      string   `json:"name"`
	Severity  Severity `json:"severity"`
	// Code is the reason that a condition would have, or one of the codes above.
	Code    string `json:"code"`
	Field   string `json:"field,omitempty"`
	Message string `json:"message"`
}

// String is one line.
func (f *Finding) String() string {
	source := ""
	if f.Source != "" {
		source = f.Source + ": "
	}
	return fmt.Sprintf("%s%s: %s [%s]", source, f.Severity, f.Text(), f.Code)
}

// Text names the object and the field, and says what is wrong and what to do.
func (f *Finding) Text() string {
	text := fmt.Sprintf("%s %q: ", f.Kind, f.Name)
	if f.Field != "" {
		text += f.Field + ": "
	}
	return text + f.Message
}
