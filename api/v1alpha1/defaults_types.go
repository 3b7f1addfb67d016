// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

// TopologyDefaults are settings for members that do not set their own.
// +kubebuilder:validation:MinProperties=0
type TopologyDefaults struct {
	// imagePullSecrets apply to members that set none. Unset means none.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=16
	ImagePullSecrets []corev1.LocalObjectReference `json:"imagePullSecrets,omitempty"`

	// resources apply to members that set none. Unset means none.
	// +optional
	// +kubebuilder:validation:XValidation:rule="['memory', 'ephemeral-storage'].all(r, (!has(self.limits) || !(r in self.limits) || !isQuantity(string(self.limits[r])) || quantity(string(self.limits[r])).compareTo(quantity('0')) == 0 || !quantity(string(self.limits[r])).isLessThan(quantity('1Mi'))) && (!has(self.requests) || !(r in self.requests) || !isQuantity(string(self.requests[r])) || quantity(string(self.requests[r])).compareTo(quantity('0')) == 0 || !quantity(string(self.requests[r])).isLessThan(quantity('1Mi'))))",message="memory and ephemeral-storage must be 0 or at least 1Mi, such as 512Mi: a number without a unit means bytes, and m means thousandths of a byte"
	// +kubebuilder:validation:XValidation:rule="!has(self.limits) || !has(self.requests) || ['cpu', 'memory', 'ephemeral-storage'].all(r, !(r in self.limits) || !(r in self.requests) || !isQuantity(string(self.limits[r])) || !isQuantity(string(self.requests[r])) || !quantity(string(self.requests[r])).isGreaterThan(quantity(string(self.limits[r]))))",message="requests must not exceed limits: lower the request, or raise the limit",fieldPath=".requests"
	Resources *corev1.ResourceRequirements `json:"resources,omitempty"`

	// scaling applies to members that set none. Unset means 2 pods.
	// +optional
	Scaling *Scaling `json:"scaling,omitempty"`

	// probes apply to members that set none. Probes with a path apply only to
	// members whose first port speaks HTTP. Unset means Atoll's defaults.
	// +optional
	Probes *Probes `json:"probes,omitempty"`

	// terminationGracePeriodSeconds is the time that the containers of members
	// have to end after SIGTERM. Atoll adds the time in which it drains
	// connections before. podTemplate takes precedence. Unset means 40.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=86400
	TerminationGracePeriodSeconds *int64 `json:"terminationGracePeriodSeconds,omitempty"`

	// env are environment variables of all members. They precede the member's
	// own, which take precedence. ConfigMaps and Secrets are those of the
	// member's namespace. PORT without a value is the number of the first port
	// that the container listens on. Unset means none.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:XValidation:rule="!has(self.value) || self.value.size() == 0 || !has(self.valueFrom)",message="value and valueFrom are mutually exclusive: remove one of them",fieldPath=".valueFrom"
	// +kubebuilder:validation:items:XValidation:rule="!has(self.valueFrom) || [has(self.valueFrom.configMapKeyRef), has(self.valueFrom.secretKeyRef), has(self.valueFrom.fieldRef), has(self.valueFrom.resourceFieldRef), has(self.valueFrom.fileKeyRef)].filter(h, h).size() == 1",message="valueFrom must have exactly one source, such as secretKeyRef",fieldPath=".valueFrom"
	Env []corev1.EnvVar `json:"env,omitempty"`

	// podTemplate is a strategic merge patch of the pod template of all members,
	// as in a Microservice. The member's own is merged after it. Unset means no
	// changes.
	// +optional
	// +kubebuilder:pruning:PreserveUnknownFields
	// +kubebuilder:validation:Type=object
	PodTemplate *runtime.RawExtension `json:"podTemplate,omitempty"`

	// database are settings for the databases of members, except External ones.
	// The storage class, the major version and podUser apply when a database is
	// created, and do not change later. The minor version, the deletion policy and
	// podMetadata also apply to existing databases. Unset means Atoll's
	// defaults.
	// +optional
	Database *DatabaseDefaults `json:"database,omitempty"`
}

// DatabaseDefaults are settings for the databases of members.
// +kubebuilder:validation:MinProperties=0
type DatabaseDefaults struct {
	// engine is the engine that version applies to. Members with another engine
	// ignore version. Unset means PostgreSQL.
	// +optional
	Engine DatabaseEngine `json:"engine,omitempty"`

	// version is the version of the engine, major or major.minor. Unset means
	// Atoll's default version.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,4}(\\\\.[0-9]{1,4})?$')",message="version must be major or major.minor, such as \"17\" or \"17.2\""
	Version string `json:"version,omitempty"`

	// storageClassName is the class of the volumes. Unset means the cluster's
	// default.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="!format.dns1123Subdomain().validate(self).hasValue()",message="storageClassName must be the name of a StorageClass: lower case letters, digits, '-' and '.'"
	StorageClassName string `json:"storageClassName,omitempty"`

	// deletionPolicy says what happens to the data when a member or its
	// database is removed. Unset means Retain.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// podMetadata are labels and annotations of the pods of databases and of
	// their migrations, backups, restores and rotations. A member's own
	// podMetadata replaces them as a whole. Unset means none.
	// +optional
	PodMetadata *PodMetadata `json:"podMetadata,omitempty"`

	// podUser says as which user the pods of databases run: Image or Platform,
	// as in a Microservice. A database that has run keeps its user. Unset means
	// Image.
	// +optional
	PodUser PodUser `json:"podUser,omitempty"`
}
