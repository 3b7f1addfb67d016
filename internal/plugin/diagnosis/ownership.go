// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package diagnosis

import "github.com/atoll-dev/atoll/api/v1alpha1"

// notOwned finds objects of other owners that have the name of a child of the
// Microservice.
func notOwned(e *Evidence) []*Finding {
	return e.repeatConditionOfObject(PartSpec, e.red(v1alpha1.ReasonNotOwned), "Delete or rename it, or rename this Microservice",
		"belongs to another owner; Atoll does not change it")
}
