// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package kube names what every Kubernetes object has.
package kube

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// Object is any Kubernetes object.
type Object interface {
	metav1.Object
	runtime.Object
}

// One returns a list that holds only o. Builders of one object return it.
func One(o Object) ([]Object, error) { return []Object{o}, nil }
