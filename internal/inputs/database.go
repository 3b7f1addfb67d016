// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package inputs

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

// State is the live state of a Microservice's database, as read from the cluster.
type State struct {
	// Claim is the persistent volume claim of the built-in provider; nil when
	// there is none.
	Claim *corev1.PersistentVolumeClaim
	// ClaimTemplate is the volume claim template of the live StatefulSet; nil if there
	// is none.
	ClaimTemplate *corev1.PersistentVolumeClaim
	// Binding, Admin and Next are the credentials in the Secrets of the service, of
	// the administrator and of a rotation; nil if there is none. Credentials without
	// a UID belong to a Secret that Atoll has not created yet.
	Binding, Admin, Next *Credentials
	// Cluster is the CloudNativePG Cluster; nil if there is none.
	Cluster *unstructured.Unstructured
	// ForeignSecret is the name of a Secret that Atoll needs and does not own; empty
	// when there is none.
	ForeignSecret string
	// StaleSecret is the name of a Secret that the cache still holds although it was
	// deleted or replaced; empty when there is none.
	StaleSecret string
	// Absent holds the names of Secrets that an uncached read did not find. Atoll may
	// generate passwords for them.
	Absent map[string]bool
}
