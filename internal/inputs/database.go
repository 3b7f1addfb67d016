/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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
	// ForeignSecret is the name of a Secret that is in the way and somebody else's;
	// empty when there is none.
	ForeignSecret string
	// StaleSecret is the name of a Secret that the cache still holds although it was
	// deleted or replaced; empty when there is none.
	StaleSecret string
	// Absent are the names of Secrets that certainly do not exist. A password may be
	// minted for them.
	Absent map[string]bool
}
