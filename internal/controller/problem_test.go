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
		"somebody else's":                           {&condition.Problem{Reason: v1alpha1.ReasonNotOwned}, nil, time.Minute},
		"a policy, or an immutable field":           {&condition.Problem{Reason: v1alpha1.ReasonRefused}, nil, time.Minute},
		"a quota, which is tried again as an error": {&condition.Problem{Reason: v1alpha1.ReasonRefused}, retry, 0},
		"what a watch tells of":                     {&condition.Problem{Reason: v1alpha1.ReasonCRDNotInstalled}, nil, 0},
	} {
		if got := pollAfter(tc.problem, tc.retry); got != tc.want {
			t.Errorf("%s: tried again after %s, want %s", name, got, tc.want)
		}
	}
}
