// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"testing"
	"time"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

func TestUntilRetry(t *testing.T) {
	retry := errors.New("conflict")
	for name, tc := range map[string]struct {
		problem *condition.Problem
		retry   error
		want    time.Duration
	}{
		"nothing wrong":                             {nil, nil, 0},
		"not owned":                                 {&condition.Problem{Reason: v1alpha1.ReasonNotOwned}, nil, time.Minute},
		"a policy, or an immutable field":           {&condition.Problem{Reason: v1alpha1.ReasonRefused}, nil, time.Minute},
		"a quota, which is tried again as an error": {&condition.Problem{Reason: v1alpha1.ReasonRefused}, retry, 0},
		"what a watch tells of":                     {&condition.Problem{Reason: v1alpha1.ReasonCRDNotInstalled}, nil, 0},
	} {
		if got := pollAfter(tc.problem, tc.retry); got != tc.want {
			t.Errorf("%s: tried again after %s, want %s", name, got, tc.want)
		}
	}
}
