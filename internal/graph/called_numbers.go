// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"cmp"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// CalledNumbers returns the port numbers under which pods of a caller may call a service, by
// the caller's status.
func CalledNumbers(caller, callee *v1alpha1.Microservice) []v1alpha1.PortNumber {
	if caller.Status.Calls == nil {
		return nil
	}
	for i := range caller.Status.Calls.Dependencies {
		call := &caller.Status.Calls.Dependencies[i]
		if call.Name == callee.Name && cmp.Or(call.Namespace, caller.Namespace) == callee.Namespace {
			return call.Numbers
		}
	}
	return nil
}
