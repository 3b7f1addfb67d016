// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package isolation builds the NetworkPolicies that let a service and its database
// be reached only by those that the spec names.
package isolation

import (
	"fmt"
	"strings"

	"github.com/atoll-dev/atoll/internal/condition"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// Audited reports whether a Topology's isolation is computed and not enforced.
func Audited(topology *v1alpha1.Topology) bool {
	return strings.EqualFold(topology.Annotations[v1alpha1.AnnotationIsolation], v1alpha1.IsolationAudit)
}

// InvalidAnnotation reports a value of the isolation annotation that has no effect; nil
// where there is none. A schema can't validate annotations.
func InvalidAnnotation(topology *v1alpha1.Topology) *condition.Problem {
	value := topology.Annotations[v1alpha1.AnnotationIsolation]
	if value == "" || Audited(topology) {
		return nil
	}
	return &condition.Problem{Reason: v1alpha1.ReasonInvalidSpec, Stalled: true, Message: condition.Message{
		Cause:  fmt.Sprintf("The annotation %s is %q and has no effect", v1alpha1.AnnotationIsolation, value),
		Remedy: fmt.Sprintf("set it to %q to compute isolation without enforcing it, or remove it", v1alpha1.IsolationAudit)}}
}
