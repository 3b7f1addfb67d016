// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"
	"strconv"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// fingerprint names the version of everything that a reconcile has read. Two equal
// fingerprints mean that nothing of it has changed.
type fingerprint struct{ written []byte }

func newFingerprint() *fingerprint {
	// A service with a database and a route reads about thirty objects.
	return &fingerprint{written: make([]byte, 0, 2048)}
}

func (f *fingerprint) text(parts ...string) {
	for _, part := range parts {
		f.written = append(append(f.written, part...), '\n')
	}
}

// object adds the version of one object.
func (f *fingerprint) object(o client.Object) {
	f.written = append(appendVersion(f.written, o), '\n')
}

// is reports whether the fingerprint is an earlier one, as String returned it.
func (f *fingerprint) is(earlier string) bool { return string(f.written) == earlier }

func (f *fingerprint) String() string { return string(f.written) }

// own adds the version of the Microservice that is reconciled. Its annotations do not
// count to its generation, nor does its status, which a user may have changed.
func (f *fingerprint) own(ms *v1alpha1.Microservice) {
	f.text(string(ms.UID), ms.ResourceVersion)
}

// appendVersion appends what names the version of an object, as far as it matters to a Microservice. A
// Topology's status changes with each member, and a neighbour's with each of its pods:
// of these only what a builder looks at counts.
func appendVersion(version []byte, o client.Object) []byte {
	switch o := o.(type) {
	case *v1alpha1.Topology:
		version = strconv.AppendInt(append(append(version, o.UID...), ' '), o.Generation, 10)
		return append(append(version, ' '), o.Annotations[v1alpha1.AnnotationIsolation]...)
	case *v1alpha1.Microservice:
		version = strconv.AppendInt(append(append(version, o.UID...), ' '), o.Generation, 10)
		version = strconv.AppendBool(append(version, ' '), o.DeletionTimestamp != nil)
		version = append(append(version, ' '), condition.Serving(o.Status.Conditions)...)
		for _, ports := range servingPorts(o) {
			version = append(version, ' ')
			for _, port := range ports {
				version = strconv.AppendInt(append(version, ','), int64(port), 10)
			}
		}
		for _, call := range dependencyCalls(o) {
			version = append(append(append(version, ' '), call.Namespace...), '/')
			version = append(version, call.Name...)
			for _, port := range call.Ports {
				version = append(append(version, ','), port...)
			}
			for _, n := range call.Numbers {
				version = append(append(append(version, ','), n.Port...), '=')
				version = strconv.AppendInt(version, int64(n.Number), 10)
			}
		}
		return version
	}
	return append(append(append(version, o.GetUID()...), ' '), o.GetResourceVersion()...)
}

// dependencyCalls returns the calls in a Microservice's status.
func dependencyCalls(ms *v1alpha1.Microservice) []v1alpha1.DependencyCall {
	if ms.Status.Calls == nil {
		return nil
	}
	return ms.Status.Calls.Dependencies
}

// recordingReader reads objects and adds their versions to a fingerprint. Every read
// of a reconcile goes through one, so that no new read can forget to.
type recordingReader struct {
	reader client.Reader
	seen   *fingerprint
}

// Get reads an object. That it does not exist is recorded too.
func (r recordingReader) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	err := r.reader.Get(ctx, key, o, opts...)
	switch {
	case err == nil:
		r.seen.object(o)
	case apierrors.IsNotFound(err):
		r.seen.text("no " + key.String())
	}
	return err
}

// List reads objects and records them in an order of their own: an index has none.
func (r recordingReader) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	if err := r.reader.List(ctx, list, opts...); err != nil {
		return err
	}
	n := meta.LenList(list)
	r.seen.text(strconv.Itoa(n))
	if n == 0 {
		return nil
	}
	versions := make([]string, 0, n)
	err := meta.EachListItem(list, func(o runtime.Object) error {
		if n == 1 {
			r.seen.object(o.(client.Object))
			return nil
		}
		versions = append(versions, string(appendVersion(nil, o.(client.Object))))
		return nil
	})
	slices.Sort(versions)
	r.seen.text(versions...)
	return err
}
