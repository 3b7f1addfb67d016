// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"sync"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// memberships finds the Topologies that services are members of, and remembers what
// it has read: of hundreds of guests each is asked about at both ends of every call.
// Who may not read a Topology of another namespace, or the labels of a namespace, is
// shown a service as a member of the one that it names.
type memberships struct {
	ctx    context.Context
	client client.Reader
	// topologies are those that were listed, or asked for; nil for what does not exist.
	topologies map[types.NamespacedName]*v1alpha1.Topology
	// complete says that all Topologies were listed.
	complete bool
	// canList means that Topologies could be listed, those of one namespace if it is named,
	// and version is that of the list.
	canList            bool
	version, namespace string

	mu sync.Mutex
	// labels are those of namespaces; what could not be read has an error instead.
	labels map[string]labelsOrError
	// namespacesListed means that the list of namespaces was attempted.
	namespacesListed bool
	// failed are the errors of Topologies that could not be read.
	failed map[types.NamespacedName]error
}

type labelsOrError struct {
	labels map[string]string
	err    error
}

// listMemberships lists the Topologies of all namespaces, or, where that is not
// allowed, of one.
func listMemberships(ctx context.Context, c client.Reader, namespace string) (*memberships, error) {
	m := &memberships{ctx: ctx, client: c, topologies: map[types.NamespacedName]*v1alpha1.Topology{},
		labels: map[string]labelsOrError{}, failed: map[types.NamespacedName]error{}}
	list := &v1alpha1.TopologyList{}
	err := c.List(ctx, list)
	m.complete = err == nil
	if apierrors.IsForbidden(err) && namespace != "" {
		m.namespace = namespace
		err = c.List(ctx, list, client.InNamespace(namespace))
	}
	if apierrors.IsForbidden(err) {
		return m, nil
	}
	if err != nil {
		return nil, explainError("listing Topologies", err)
	}
	m.canList, m.version = true, list.ResourceVersion
	for i := range list.Items {
		m.topologies[client.ObjectKeyFromObject(&list.Items[i])] = &list.Items[i]
	}
	return m, nil
}

// topologyOf returns the Topology that a service is a member of, as namespace/name.
func (m *memberships) topologyOf(ms *v1alpha1.Microservice) string {
	named := graph.TopologyOf(ms)
	ref := ms.Spec.TopologyRef
	if ref == nil || ref.Namespace == "" || ref.Namespace == ms.Namespace {
		return named
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	topology, err := m.getTopology(types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name})
	switch {
	case err != nil:
		return named
	case topology == nil:
		return ""
	}
	allowed, err := graph.Allows(topology, ms.Namespace, m.labelsOf)
	if err == nil && !allowed {
		return ""
	}
	return named
}

// getTopology returns the Topology of a name, or nil if there is none.
func (m *memberships) getTopology(key types.NamespacedName) (*v1alpha1.Topology, error) {
	if topology, known := m.topologies[key]; known || m.complete {
		return topology, nil
	}
	if err := m.failed[key]; err != nil {
		return nil, err
	}
	topology := &v1alpha1.Topology{}
	err := m.client.Get(m.ctx, key, topology)
	switch {
	case apierrors.IsNotFound(err):
		topology = nil
	case err != nil:
		m.failed[key] = err
		return nil, err
	}
	m.topologies[key] = topology
	return topology, nil
}

// readableTopology returns the Topology of a name, or nil if there is none or the user
// may not read it.
func (m *memberships) readableTopology(key types.NamespacedName) *v1alpha1.Topology {
	m.mu.Lock()
	defer m.mu.Unlock()
	topology, err := m.getTopology(key)
	if err != nil {
		return nil
	}
	return topology
}

// labelsOf reads the labels of a namespace: with the first one those of all.
func (m *memberships) labelsOf(name string) (map[string]string, error) {
	m.listNamespaces()
	known, read := m.labels[name]
	if !read {
		ns := &corev1.Namespace{}
		err := m.client.Get(m.ctx, types.NamespacedName{Name: name}, ns)
		known = labelsOrError{ns.Labels, client.IgnoreNotFound(err)}
		m.labels[name] = known
	}
	return known.labels, known.err
}

func (m *memberships) listNamespaces() {
	if m.namespacesListed {
		return
	}
	m.namespacesListed = true
	list := &corev1.NamespaceList{}
	// Who may not list them may still read some.
	if err := m.client.List(m.ctx, list); err == nil {
		for i := range list.Items {
			m.labels[list.Items[i].Name] = labelsOrError{labels: list.Items[i].Labels}
		}
	}
}

// addToWorld adds the Topologies and namespaces to a world, so that it finds the same
// memberships.
func (m *memberships) addToWorld(world *offline.World, also *v1alpha1.Topology) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.listNamespaces()
	world.Topologies = append(world.Topologies, also)
	for key, topology := range m.topologies {
		if topology != nil && key != client.ObjectKeyFromObject(also) {
			world.Topologies = append(world.Topologies, topology)
		}
	}
	for key := range m.failed {
		world.Hidden["Topology "+key.String()] = true
	}
	for name, of := range m.labels {
		if of.err != nil {
			continue
		}
		ns, err := offline.ToUnstructured(&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: of.labels}})
		if err == nil {
			err = world.Add(ns)
		}
		if err != nil {
			return err
		}
	}
	return nil
}
