// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package v1alpha1 contains the API of Atoll: Microservice and Topology.
// +kubebuilder:object:generate=true
// +groupName=atoll.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the group and version of the API in this package.
	GroupVersion = schema.GroupVersion{Group: "atoll.dev", Version: "v1alpha1"}

	// SchemeBuilder registers the kinds of this package in a scheme.
	SchemeBuilder = runtime.NewSchemeBuilder(addKnownTypes)

	// AddToScheme registers the kinds of this package in the given scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addKnownTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion,
		&Microservice{}, &MicroserviceList{},
		&Topology{}, &TopologyList{},
	)
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
