// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
)

// fingerprint names the version of everything that a reconcile has read. Two equal
// fingerprints mean that nothing of it has changed.
type fingerprint struct{ strings.Builder }

func (f *fingerprint) text(parts ...string) {
	for _, part := range parts {
		f.WriteString(part)
		f.WriteByte('\n')
	}
}

// object adds the version of one object.
func (f *fingerprint) object(o client.Object) { f.text(versionOf(o)) }

// own adds the version of the Microservice that is reconciled. Its annotations do not
// count to its generation, nor does its status, which a user may have changed.
func (f *fingerprint) own(ms *v1alpha1.Microservice) {
	f.text(string(ms.UID), ms.ResourceVersion)
}

// versionOf names the version of an object, as far as it matters to a Microservice. A
// Topology's status changes with each member, and a neighbour's with each of its pods:
// of these only what a builder looks at counts.
func versionOf(o client.Object) string {
	switch o := o.(type) {
	case *v1alpha1.Topology:
		return fmt.Sprint(o.UID, " ", o.Generation, " ", o.Annotations[v1alpha1.AnnotationIsolation])
	case *v1alpha1.Microservice:
		version := make([]byte, 0, 128)
		version = fmt.Append(version, o.UID, " ", o.Generation, " ", o.DeletionTimestamp != nil, " ", condition.Serving(o.Status.Conditions))
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
		return string(version)
	}
	return string(o.GetUID()) + " " + o.GetResourceVersion()
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
	var versions []string
	err := meta.EachListItem(list, func(o runtime.Object) error {
		versions = append(versions, versionOf(o.(client.Object)))
		return nil
	})
	slices.Sort(versions)
	r.seen.text(strconv.Itoa(len(versions)))
	r.seen.text(versions...)
	return err
}
