// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// PodMetadata are labels and annotations of pods.
// +kubebuilder:validation:MinProperties=1
type PodMetadata struct {
	// labels are added to the pods. Unset means none.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('atoll.dev/') && !k.startsWith('app.kubernetes.io/') && !k.startsWith('batch.kubernetes.io/') && !k.startsWith('cnpg.io/') && !k.startsWith('gateway.networking.k8s.io/') && !(k in ['job-name', 'controller-uid']))",message="labels must not begin with atoll.dev/, app.kubernetes.io/, batch.kubernetes.io/, cnpg.io/ or gateway.networking.k8s.io/, nor be job-name or controller-uid: controllers find the pods by these"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k).hasValue())",message="labels must have names of at most 63 letters, digits, '-', '_' and '.', such as sidecar.istio.io/inject"
	Labels map[string]LabelValue `json:"labels,omitempty"`

	// annotations are added to the pods. Unset means none.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=32
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('atoll.dev/') && !k.startsWith('app.kubernetes.io/') && !k.startsWith('batch.kubernetes.io/') && !k.startsWith('cnpg.io/'))",message="annotations must not begin with atoll.dev/, app.kubernetes.io/, batch.kubernetes.io/ or cnpg.io/: controllers use them"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !format.qualifiedName().validate(k.lowerAscii()).hasValue())",message="annotations must have names of at most 63 letters, digits, '-', '_' and '.', such as linkerd.io/inject"
	Annotations map[string]AnnotationValue `json:"annotations,omitempty"`
}

// LabelValue is the value of a label.
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="!format.labelValue().validate(self).hasValue()",message="a label's value must consist of letters, digits, '-', '_' and '.', and begin and end with a letter or digit"
type LabelValue string

// AnnotationValue is the value of an annotation.
// +kubebuilder:validation:MaxLength=4096
type AnnotationValue string
