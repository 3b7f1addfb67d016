// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import (
	"fmt"

	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// Finding is a recognised fault.
type Finding struct {
	// Fault is the name of its row in the table.
	Fault string `json:"fault"`
	// Part is the part of the service that is at fault.
	Part Part `json:"part,omitempty"`
	// Object is the object at fault, as kind and name.
	Object string `json:"object,omitempty"`
	// Cause says in one line what is wrong, and Remedy what to do.
	Cause  string `json:"cause"`
	Remedy string `json:"remedy"`
	// Steps lead from the condition that is False to the object.
	Steps []Step `json:"steps,omitempty"`
	// Proof is the evidence: ends of logs, and events.
	Proof []Excerpt `json:"proof,omitempty"`
	// Beside means that the fault does not keep the service from being Ready.
	Beside bool `json:"beside,omitempty"`
	// Next is the service where the cause is.
	Next *types.NamespacedName `json:"next,omitempty"`

	// behind is the service after Next on the way to the cause, where Next is ready itself.
	behind *types.NamespacedName
	// condition is the condition that the fault explains.
	condition string
	// symptom means that failures of the service's own pods follow from this fault.
	symptom bool
	// cycle is the path of the dependency cycle.
	cycle string
	// row is the index in the table.
	row int
	// pods means that the fault was found in pods. Of several in a part, the first in
	// the table counts.
	pods bool
}

// Step is one step from the condition that is False to the cause.
type Step struct {
	Object string `json:"object"`
	Says   string `json:"says"`
}

// Excerpt is part of a log, an event or a status.
type Excerpt struct {
	Title string   `json:"title"`
	Lines []string `json:"lines"`
}

// Diagnosis holds the findings about one service.
type Diagnosis struct {
	Namespace string      `json:"namespace"`
	Service   string      `json:"service"`
	State     graph.State `json:"state"`
	// Reason and Message are those of the condition Ready, where it is not True.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Findings begin with the root cause. A healthy service has none.
	Findings []*Finding `json:"findings"`
	// Unread names what could not be read.
	Unread []string `json:"unread,omitempty"`
}

// Root returns the first finding, and nil for a healthy service.
func (d *Diagnosis) Root() *Finding {
	if len(d.Findings) == 0 {
		return nil
	}
	return d.Findings[0]
}

// report sets the cause and the remedy to those of a message. otherwise is the remedy
// of a message without one.
func (f *Finding) report(m condition.Message, otherwise string) {
	f.Remedy = upperFirst(orElse(m.Remedy, otherwise))
	m.Remedy = ""
	f.Cause = m.String()
}

func step(object, format string, args ...any) Step {
	return Step{Object: object, Says: fmt.Sprintf(format, args...)}
}
