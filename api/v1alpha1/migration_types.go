// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// DatabaseMigration is a command that updates the schema for the service's
// image.
type DatabaseMigration struct {
	// command runs in a Job with the service's environment before a rollout. It
	// must be able to run again after an interruption. The previous version
	// still serves while the command runs and must work with the new schema.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=64
	// +kubebuilder:validation:items:MinLength=0
	// +kubebuilder:validation:items:MaxLength=4096
	Command []string `json:"command,omitempty"`

	// args are the arguments of the command. Unset means none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=0
	// +kubebuilder:validation:MaxItems=256
	// +kubebuilder:validation:items:MinLength=0
	// +kubebuilder:validation:items:MaxLength=4096
	Args []string `json:"args,omitempty"`

	// image is the image that runs the command. Unset means the service's
	// image.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=500
	// +kubebuilder:validation:XValidation:rule="self.matches('^(([A-Za-z0-9-]+(([.][A-Za-z0-9-]+)+(:[0-9]+)?|:[0-9]+)|[[][0-9A-Fa-f:]+[]](:[0-9]+)?)/)?[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+(([.]|_|__|-+)[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(@(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128}))?$')",message="image must be the reference of an image, such as ghcr.io/example/orders:1.4.0: without scheme or white space, with a repository in lower case, and without an empty tag or digest"
	Image string `json:"image,omitempty"`

	// timeoutSeconds is the time after which a migration that has not ended is
	// stopped and counts as failed. It covers all tries. A change does not apply
	// to a migration that runs; it runs a migration again that exceeded the
	// earlier limit. Unset means no limit.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2592000
	TimeoutSeconds *int64 `json:"timeoutSeconds,omitempty"`
}
