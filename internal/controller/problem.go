// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/condition"
)

// applyProblem classifies an error from applying an object. retry is the error where a
// retry may help; the user must fix everything else.
func applyProblem(kind, name, conditionType string, err error) (problem *condition.Problem, retry error) {
	problem = &condition.Problem{Condition: conditionType}
	retry = fmt.Errorf("applying %s %q: %w", kind, name, err)
	object := condition.Object{Kind: kind, Name: name}
	var foreign *apply.NotOwnedError
	var altered *apply.AlteredError
	switch {
	case errors.As(err, &foreign) && foreign.Leftover:
		problem.Reason, problem.Message = v1alpha1.ReasonProgressing, foreign.Message()
		return problem, nil
	case errors.As(err, &foreign):
		problem.Reason, problem.Message, problem.Stalled = v1alpha1.ReasonNotOwned, foreign.Message(), true
		return problem, nil
	case errors.As(err, &altered):
		problem.Reason, problem.Message, problem.Stalled = v1alpha1.ReasonRefused, altered.Message(), true
		return problem, nil
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err):
		problem.Reason, problem.Stalled = v1alpha1.ReasonRefused, true
		refusal := condition.RefusalOf(err)
		problem.Message = condition.Message{Object: object, Cause: "is refused by the API server: " + refusal.Text, Remedy: refusal.Advice}
		return problem, nil
	case apierrors.HasStatusCause(err, corev1.NamespaceTerminatingCause):
		problem.Reason = v1alpha1.ReasonProgressing
		problem.Message = condition.Say("The namespace is being deleted")
		return problem, nil
	case apierrors.IsForbidden(err):
		// It may be allowed later, and no watch reports that.
		problem.Reason, problem.Stalled = v1alpha1.ReasonRefused, true
		refusal := condition.RefusalOf(err)
		problem.Message = condition.Message{Object: object, Cause: "is refused by the API server, and Atoll retries: " + refusal.Text, Remedy: refusal.Advice}
		return problem, retry
	}
	problem.Reason = v1alpha1.ReasonApplyFailed
	problem.Message = condition.Message{Object: object, Cause: "could not be applied, and Atoll retries"}
	return problem, retry
}

// pollAfter returns the polling period for an object that no watch and no retry covers:
// a foreign object that blocks the name, or a policy. Zero means no polling.
func pollAfter(problem *condition.Problem, retry error) time.Duration {
	if problem != nil && retry == nil && (problem.Reason == v1alpha1.ReasonNotOwned || problem.Reason == v1alpha1.ReasonRefused) {
		return foreignPollInterval
	}
	return 0
}
