// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package condition says how components are, in the terms of conditions: health,
// problems, the messages that report both, and the table of all condition types. It is pure.
package condition

import (
	"fmt"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Health is how a child is, in the terms of a condition.
type Health struct {
	Ready   bool
	Reason  string
	Message Message
	// Progressing says that it is on its way without anybody's doing.
	Progressing bool
	// Stalled says that only a change by the user helps.
	Stalled bool
}

// Healthy returns the health of a component that is ready.
func Healthy(message string) Health {
	return Health{Ready: true, Reason: v1alpha1.ReasonReady, Message: ParseMessage(message)}
}

// Progressing returns the health of a component that is on its way to be ready, with no
// need for action.
func Progressing(format string, args ...any) Health {
	return Health{Reason: v1alpha1.ReasonProgressing, Message: ParseMessage(fmt.Sprintf(format, args...)), Progressing: true}
}
