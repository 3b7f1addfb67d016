// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// State is what exists of a database, as gathered from the cluster.
// State is what exists of a database.
type State struct {
	// Claim is the persistent volume claim of the built-in provider; nil when
	// there is none.
	Claim *corev1.PersistentVolumeClaim
	// ClaimTemplate is the one of the live StatefulSet; nil where there is none.
	ClaimTemplate *corev1.PersistentVolumeClaim
	// Binding, Admin and Next are what the Secrets of the service, of the
	// administrator and of a rotation hold; nil where there is none. One that is to
	// be made has no UID yet.
	Binding, Admin, Next *Credentials
	// Cluster is that of CloudNativePG; nil when there is none.
	Cluster *unstructured.Unstructured
	// ForeignSecret is the name of a Secret that Atoll needs and does not own; empty
	// when there is none.
	ForeignSecret string
	// StaleSecret is the name of a Secret that the cache still holds although it was
	// deleted or replaced; empty when there is none.
	StaleSecret string
	// Absent are the names of Secrets that certainly do not exist. A password may be
	// minted for them.
	Absent map[string]bool
}
