// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"errors"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// ErrUnknown is returned by a Registry for what exists or not, but cannot be read.
var ErrUnknown = errors.New("not known")

// Registry looks up what decides the membership of Microservices.
type Registry interface {
	// Topology returns the Topology of a name; nil where there is none. It may return
	// ErrUnknown.
	Topology(key types.NamespacedName) (*v1alpha1.Topology, error)
	// NamespaceLabels returns the labels of a namespace. Where only the label that
	// every namespace has is known, it returns that one and ErrUnknown.
	NamespaceLabels(name string) (map[string]string, error)
}

// Standing is how a Microservice stands to the Topology that it names.
type Standing string

// The standings of a Microservice.
const (
	// Alone means that the Microservice names no Topology.
	Alone Standing = "Alone"
	// Member means that the Topology exists and lets the Microservice join.
	Member Standing = "Member"
	// NotFound means that the Topology does not exist.
	NotFound Standing = "NotFound"
	// NotAllowed means that the Topology does not let the namespace join.
	NotAllowed Standing = "NotAllowed"
)

// TopologyKey returns the Topology that a Microservice names; false where it names
// none.
func TopologyKey(ms *v1alpha1.Microservice) (key types.NamespacedName, named bool) {
	ref := ms.Spec.TopologyRef
	if ref == nil {
		return key, false
	}
	key = types.NamespacedName{Namespace: ref.Namespace, Name: ref.Name}
	if key.Namespace == "" {
		key.Namespace = ms.Namespace
	}
	return key, true
}

// Join returns the Topology that a Microservice names, and how it stands to it. The
// Topology is nil unless it exists.
func Join(ms *v1alpha1.Microservice, registry Registry) (*v1alpha1.Topology, Standing, error) {
	key, named := TopologyKey(ms)
	if !named {
		return nil, Alone, nil
	}
	topology, err := registry.Topology(key)
	switch {
	case errors.Is(err, ErrUnknown), err == nil && topology == nil:
		return nil, NotFound, nil
	case err != nil:
		return nil, "", err
	}
	allowed, err := Allows(topology, ms.Namespace, registry.NamespaceLabels)
	switch {
	case err != nil:
		return nil, "", err
	case !allowed:
		return topology, NotAllowed, nil
	}
	return topology, Member, nil
}

// MemberOf returns the Topology that a Microservice is a member of, as
// namespace/name; empty where it is no member. A Topology of its own namespace is
// not looked up, and one that is unknown counts as one that lets it join.
func MemberOf(ms *v1alpha1.Microservice, registry Registry) (string, error) {
	key, named := TopologyKey(ms)
	switch {
	case !named:
		return "", nil
	case key.Namespace == ms.Namespace:
		return key.String(), nil
	}
	topology, err := registry.Topology(key)
	switch {
	case errors.Is(err, ErrUnknown):
		return key.String(), nil
	case err != nil || topology == nil:
		return "", err
	}
	allowed, err := Allows(topology, ms.Namespace, registry.NamespaceLabels)
	if err != nil || !allowed {
		return "", err
	}
	return key.String(), nil
}

// SelectsByName reports whether a selector of namespaces uses nothing but the label
// that every namespace has.
func SelectsByName(selector *metav1.LabelSelector) bool {
	s, err := metav1.LabelSelectorAsSelector(selector)
	if err != nil {
		return true
	}
	requirements, _ := s.Requirements()
	return !slices.ContainsFunc(requirements, func(r labels.Requirement) bool { return r.Key() != corev1.LabelMetadataName })
}
