// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"strings"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// invalidVariable reports the first variable whose name no container can have. A rule of the
// CRD can't check it: the length of these names has no limit, so the API server refuses the
// cost of the rule.
func invalidVariable(in *inputs.Inputs) *condition.Problem {
	env := in.Microservice.Spec.Env
	for i := range env {
		name, _, assigned := strings.Cut(env[i].Name, "=")
		message := condition.Message{Field: fmt.Sprintf("env[%d].name", i-in.InheritedEnv)}
		if i < in.InheritedEnv {
			message = condition.Message{Object: condition.Object{Kind: "Topology", Name: in.Topology.Name}, Field: "defaults.env"}
		}
		switch {
		case assigned && name != "":
			message.Cause, message.Remedy = fmt.Sprintf("%q contains '='", env[i].Name), fmt.Sprintf("set name to %s, and value to what follows '='", name)
		case name == "":
			message.Cause, message.Remedy = "is no name of a variable", "set the name, or remove the entry"
		default:
			continue
		}
		return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: message}
	}
	return nil
}
