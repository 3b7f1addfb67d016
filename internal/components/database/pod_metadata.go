// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package database

import (
	"maps"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// PodMeta returns the labels and annotations of a pod: those of podMetadata over others,
// and Atoll's labels over all.
func (p *Plan) PodMeta(others metav1.ObjectMeta, labels map[string]string) metav1.ObjectMeta {
	m := metav1.ObjectMeta{Labels: map[string]string{}, Annotations: maps.Clone(others.Annotations)}
	maps.Copy(m.Labels, others.Labels)
	maps.Copy(m.Labels, p.podLabels())
	maps.Copy(m.Labels, labels)
	if annotations := p.podAnnotations(); len(annotations) > 0 {
		if m.Annotations == nil {
			m.Annotations = map[string]string{}
		}
		maps.Copy(m.Annotations, annotations)
	}
	return m
}

func (p *Plan) podLabels() map[string]string {
	if p.PodMetadata == nil {
		return nil
	}
	return texts(p.PodMetadata.Labels)
}

func (p *Plan) podAnnotations() map[string]string {
	if p.PodMetadata == nil {
		return nil
	}
	return texts(p.PodMetadata.Annotations)
}

func texts[T v1alpha1.LabelValue | v1alpha1.AnnotationValue](values map[string]T) map[string]string {
	plain := make(map[string]string, len(values))
	for key, value := range values {
		plain[key] = string(value)
	}
	return plain
}
