// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"errors"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
)

// Result is what became of an object that Atoll wrote, or tried to write.
type Result string

const (
	// Created means that the object did not exist.
	Created Result = "created"
	// Updated means that the desired object differs from the one that Atoll applied last.
	Updated Result = "updated"
	// Repaired means that the live object had changed and the desired one had not.
	Repaired Result = "repaired"
	// Deleted means that the object is no longer wanted.
	Deleted Result = "deleted"
	// NotOwned means that another owner has an object of the name. No request was sent to
	// change it.
	NotOwned Result = "not_owned"
	// Conflict means that another client wrote the object at the same time.
	Conflict Result = "conflict"
	// Refused means that the API server rejected the object.
	Refused Result = "refused"
	// Altered means that an admission policy or webhook changed what Atoll wrote so that it does not
	// do its work.
	Altered Result = "altered"
	// Failed means any other error.
	Failed Result = "failed"

	// unchanged means that the object is as desired.
	unchanged Result = ""
)

// Results lists all results.
var Results = []Result{Created, Updated, Repaired, Deleted, NotOwned, Conflict, Refused, Altered, Failed}

// Recorder counts results.
type Recorder interface {
	// Record adds a result of an object of a kind.
	Record(kind string, result Result)
}

// logged are the messages of results that change an object. Errors are returned instead.
var logged = map[Result]string{Created: "Created", Updated: "Updated", Repaired: "Repaired drift", Deleted: "Deleted"}

// record counts what became of an object, and logs a change of it. fields are the paths of the
// fields that changed: values can be secret. It returns whether the object has changed.
func (a *Applier) record(ctx context.Context, kind, name string, result Result, err error, fields ...string) (changed bool) {
	changed = result != unchanged
	if changed {
		values := []any{"kind", kind, "object", name}
		if len(fields) > 0 {
			values = append(values, "fields", fields)
		}
		logf.FromContext(ctx).Info(logged[result], values...)
	}
	switch {
	case err == nil:
	// The object was altered by an earlier write. This time nothing was written.
	case !changed && errors.As(err, new(*AlteredError)):
	default:
		result = resultOf(err)
	}
	if result != unchanged && a.Recorder != nil {
		a.Recorder.Record(kind, result)
	}
	return changed
}

// resultOf classifies an error.
func resultOf(err error) Result {
	var foreign *NotOwnedError
	var altered *AlteredError
	switch {
	case errors.As(err, &foreign):
		return NotOwned
	case apierrors.IsConflict(err):
		return Conflict
	case errors.As(err, &altered):
		return Altered
	case apierrors.IsInvalid(err), apierrors.IsBadRequest(err), apierrors.IsForbidden(err):
		return Refused
	}
	return Failed
}
