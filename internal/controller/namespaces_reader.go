// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"slices"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// namespacesReader reads from a cache of some namespaces. An object in another namespace does
// not exist. For it, the cache returns an error that has no type to recognise it by.
type namespacesReader struct {
	client.Reader
	// namespaces are those that the cache holds. Empty means all.
	namespaces []string
}

// Get implements client.Reader.
func (r namespacesReader) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	if !r.holds(key.Namespace) {
		return apierrors.NewNotFound(schema.GroupResource{}, key.String())
	}
	return r.Reader.Get(ctx, key, o, opts...)
}

// List implements client.Reader.
func (r namespacesReader) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	wanted := client.ListOptions{}
	if !r.holds(wanted.ApplyOptions(opts).Namespace) {
		return nil
	}
	return r.Reader.List(ctx, list, opts...)
}

// holds reports whether the cache holds a namespace. Objects without a namespace, and lists of
// all namespaces, have an empty one.
func (r namespacesReader) holds(namespace string) bool {
	return namespace == "" || len(r.namespaces) == 0 || slices.Contains(r.namespaces, namespace)
}

// namespacesClient is a client whose reads are those of a namespacesReader.
type namespacesClient struct {
	client.Client
	reader namespacesReader
}

// newNamespacesClient returns a client that reads from the cache of some namespaces, or of all.
func newNamespacesClient(of client.Client, namespaces []string) client.Client {
	return &namespacesClient{of, namespacesReader{of, namespaces}}
}

// Get implements client.Reader.
func (c *namespacesClient) Get(ctx context.Context, key client.ObjectKey, o client.Object, opts ...client.GetOption) error {
	return c.reader.Get(ctx, key, o, opts...)
}

// List implements client.Reader.
func (c *namespacesClient) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	return c.reader.List(ctx, list, opts...)
}
