// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// inventory holds the Microservices that the user may read.
type inventory struct {
	all []*v1alpha1.Microservice
	// memberOf returns the Topology that a service is a member of, as namespace/name.
	memberOf func(*v1alpha1.Microservice) string
	// memberships is the source of memberOf.
	memberships *memberships
	// namespace is the namespace that was listed because the user may not list all
	// namespaces. Empty means all.
	namespace string
	// version is the resourceVersion of the list.
	version string
}

// readInventory lists the Microservices of all namespaces, because services may call
// each other across namespaces. If the user may not list all, it lists one namespace.
func readInventory(ctx context.Context, c client.Reader, namespace string) (*inventory, error) {
	s := &inventory{}
	list := &v1alpha1.MicroserviceList{}
	err := c.List(ctx, list)
	if apierrors.IsForbidden(err) && namespace != "" {
		s.namespace = namespace
		err = c.List(ctx, list, client.InNamespace(namespace))
	}
	if err != nil {
		return nil, explainError("listing Microservices", err)
	}
	s.version = list.ResourceVersion
	for i := range list.Items {
		s.all = append(s.all, &list.Items[i])
	}
	if s.memberships, err = listMemberships(ctx, c, namespace); err != nil {
		return nil, err
	}
	s.memberOf = s.memberships.topologyOf
	return s, nil
}

// inNamespace returns the services of a namespace. An empty namespace means all.
func (s *inventory) inNamespace(namespace string) []*v1alpha1.Microservice {
	if namespace == "" {
		return s.all
	}
	var some []*v1alpha1.Microservice
	for _, ms := range s.all {
		if ms.Namespace == namespace {
			some = append(some, ms)
		}
	}
	return some
}

// lookup returns the Microservice of a name, or nil.
func (s *inventory) lookup(namespace, name string) *v1alpha1.Microservice {
	ms, _ := s.find(namespace, name)
	return ms
}

// find returns the Microservice of a name, or an error for the user.
func (s *inventory) find(namespace, name string) (*v1alpha1.Microservice, error) {
	for _, ms := range s.inNamespace(namespace) {
		if ms.Name == name {
			return ms, nil
		}
	}
	return nil, fmt.Errorf("no Microservice %q in namespace %q", name, namespace)
}
