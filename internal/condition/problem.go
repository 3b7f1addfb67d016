// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package condition

import (
	"fmt"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Problem is a fault that a condition reports and that keeps a component from
// being built.
type Problem struct {
	// Condition is the type of the condition that reports it. Empty means the
	// component's own.
	Condition string
	Reason    string
	Message   Message
	// Stalled means that only a change by the user helps. Otherwise Atoll waits for
	// something that it watches.
	Stalled bool
}

// Error returns the message. It makes a Problem an error.
func (p *Problem) Error() string { return p.Message.String() }

// Invalid returns a problem that only a change of the spec solves.
func Invalid(format string, args ...any) *Problem {
	return &Problem{Reason: v1alpha1.ReasonInvalidSpec, Message: ParseMessage(fmt.Sprintf(format, args...)), Stalled: true}
}

// Health returns the problem as the health of what it holds back.
func (p *Problem) Health() Health {
	return Health{Reason: p.Reason, Message: p.Message, Stalled: p.Stalled, Progressing: !p.Stalled}
}
