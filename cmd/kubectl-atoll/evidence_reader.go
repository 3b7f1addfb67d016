// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"slices"
	"sync"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/internal/plugin/diagnosis"
)

// evidenceReader reads the evidence about one service, with concurrent requests.
type evidenceReader struct {
	*gatherer
	namespace string
	byService []client.ListOption
	evidence  *diagnosis.Evidence

	mu     sync.Mutex
	failed error
}

func (r *evidenceReader) runConcurrently(reads ...func()) {
	var done sync.WaitGroup
	for _, read := range reads {
		done.Go(read)
	}
	done.Wait()
}

// readOK reports whether a read succeeded. It records kinds that the user may not read,
// and ignores missing objects and kinds.
func (r *evidenceReader) readOK(what string, err error) bool {
	if err == nil {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case apierrors.IsNotFound(err), meta.IsNoMatchError(err):
	case apierrors.IsForbidden(err):
		if !slices.Contains(r.evidence.Unread, what) {
			r.evidence.Unread = append(r.evidence.Unread, what)
		}
	case r.failed == nil:
		r.failed = fmt.Errorf("reading %s: %w", what, err)
	}
	return false
}

// get reads an object. there reports whether it exists, and known whether the user may
// know that.
func (r *evidenceReader) get(ctx context.Context, what, namespace, name string, into client.Object) (there, known bool) {
	err := r.client.Get(ctx, types.NamespacedName{Namespace: namespace, Name: name}, into)
	return r.readOK(what, err), err == nil || apierrors.IsNotFound(err)
}

func (r *evidenceReader) list(ctx context.Context, what string, into client.ObjectList, opts ...client.ListOption) bool {
	return r.readOK(what, r.client.List(ctx, into, opts...))
}

// getLocal reads an object of the service's namespace, and reports whether it exists.
func (r *evidenceReader) getLocal(ctx context.Context, what, name string, into client.Object) bool {
	there, _ := r.get(ctx, what, r.namespace, name, into)
	return there
}
