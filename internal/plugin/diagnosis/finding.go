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

	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// Finding is a fault that was recognised.
type Finding struct {
	// Fault is the name of the row in the table that recognised it.
	Fault string `json:"fault"`
	// Part is the part of the service that it is about.
	Part Part `json:"part,omitempty"`
	// Object is what is at fault, as kind and name.
	Object string `json:"object,omitempty"`
	// Cause says in one line what is wrong, and Remedy what to do about it.
	Cause  string `json:"cause"`
	Remedy string `json:"remedy"`
	// Steps lead from the red condition to the object.
	Steps []Step `json:"steps,omitempty"`
	// Proof is what shows that it is so: ends of logs, events.
	Proof []Excerpt `json:"proof,omitempty"`
	// Beside says that it does not keep the service from being Ready.
	Beside bool `json:"beside,omitempty"`
	// Next is the service to go on with: the cause is there.
	Next *types.NamespacedName `json:"next,omitempty"`

	// condition is the condition that it explains.
	condition string
	// symptom says that what the service's own pods show comes of it.
	symptom bool
	// cycle is the path of the cycle that a wait goes through.
	cycle string
	// row is the place in the table.
	row int
	// pods says that it was found in pods. Of those of a part, the first in the order
	// of the table is told.
	pods bool
}

// Step is one step of the way from the red condition to the cause.
type Step struct {
	Object string `json:"object"`
	Says   string `json:"says"`
}

// Excerpt is some lines of a log, or of what was said of an object.
type Excerpt struct {
	Title string   `json:"title"`
	Lines []string `json:"lines"`
}

// Diagnosis is what was found out about one service.
type Diagnosis struct {
	Namespace string      `json:"namespace"`
	Service   string      `json:"service"`
	State     graph.State `json:"state"`
	// Reason and Message are those of the condition Ready, where it is not True.
	Reason  string `json:"reason,omitempty"`
	Message string `json:"message,omitempty"`
	// Findings begin with the root. There are none where all is well.
	Findings []*Finding `json:"findings"`
	// Unread is what could not be read.
	Unread []string `json:"unread,omitempty"`
}

// Root is the finding that explains most; nil where all is well.
func (d *Diagnosis) Root() *Finding {
	if len(d.Findings) == 0 {
		return nil
	}
	return d.Findings[0]
}

// report sets the cause and the remedy to those of a message. otherwise is the
// remedy where the message has none.
func (f *Finding) report(m condition.Message, otherwise string) {
	f.Remedy = upperFirst(orElse(m.Remedy, otherwise))
	m.Remedy = ""
	f.Cause = m.String()
}

func step(object, format string, args ...any) Step {
	return Step{Object: object, Says: fmt.Sprintf(format, args...)}
}
