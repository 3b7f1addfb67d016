// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"maps"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/cache"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/engine"
)

// stripPod keeps the fields of a pod that show why it is not ready, which of its
// containers run, and on which ports it listens. Users decide how much its annotations hold.
func stripPod(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	slim := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{
		Name: pod.Name, Namespace: pod.Namespace, UID: pod.UID, ResourceVersion: pod.ResourceVersion, Labels: pod.Labels,
		OwnerReferences: pod.OwnerReferences, CreationTimestamp: pod.CreationTimestamp, DeletionTimestamp: pod.DeletionTimestamp,
	}, Status: corev1.PodStatus{
		Phase:                 pod.Status.Phase,
		Reason:                pod.Status.Reason,
		Message:               pod.Status.Message,
		Conditions:            pod.Status.Conditions,
		ContainerStatuses:     pod.Status.ContainerStatuses,
		InitContainerStatuses: pod.Status.InitContainerStatuses,
	}}
	for i := range pod.Spec.InitContainers {
		c := nameAndImage(&pod.Spec.InitContainers[i])
		// It tells a sidecar from a container that ends.
		c.RestartPolicy = pod.Spec.InitContainers[i].RestartPolicy
		slim.Spec.InitContainers = append(slim.Spec.InitContainers, c)
	}
	for i := range pod.Spec.Containers {
		c := nameAndImage(&pod.Spec.Containers[i])
		c.Ports = pod.Spec.Containers[i].Ports
		slim.Spec.Containers = append(slim.Spec.Containers, c)
	}
	return slim, nil
}

func nameAndImage(c *corev1.Container) corev1.Container {
	return corev1.Container{Name: c.Name, Image: c.Image}
}

// maxSecretValue is more than a value in a database's Secret ever has, in bytes.
const maxSecretValue = 4 << 10

// stripSecret keeps the values that a Secret of a database has. Any user who may create Secrets
// can give them Atoll's label, and one who may change them can add values.
func stripSecret(object any) (any, error) {
	secret, ok := object.(*corev1.Secret)
	if !ok {
		return stripObject(object)
	}
	maps.DeleteFunc(secret.Data, func(key string, value []byte) bool {
		return len(value) > maxSecretValue || !slices.Contains(engine.Keys(), key)
	})
	return stripObject(secret)
}

// stripObject drops managedFields and kubectl's copy of the object, which can be most of an object
// and which no code reads, except the copy of a Microservice: it tells who set the number of pods.
// Of an object cached as metadata only, stripObject keeps what identifies its version.
func stripObject(object any) (any, error) {
	if full, ok := object.(*metav1.PartialObjectMetadata); ok {
		if full.Kind == "Namespace" {
			// Topologies select namespaces by label.
			return &metav1.PartialObjectMetadata{TypeMeta: full.TypeMeta, ObjectMeta: metav1.ObjectMeta{
				Name: full.Name, UID: full.UID, ResourceVersion: full.ResourceVersion, Labels: full.Labels, DeletionTimestamp: full.DeletionTimestamp,
			}}, nil
		}
		return &metav1.PartialObjectMetadata{TypeMeta: full.TypeMeta, ObjectMeta: metav1.ObjectMeta{
			Name: full.Name, Namespace: full.Namespace, UID: full.UID, ResourceVersion: full.ResourceVersion,
			DeletionTimestamp: full.DeletionTimestamp,
		}}, nil
	}
	_, isMicroservice := object.(*v1alpha1.Microservice)
	if o, ok := object.(metav1.Object); ok && !isMicroservice {
		if annotations := o.GetAnnotations(); annotations[corev1.LastAppliedConfigAnnotation] != "" {
			delete(annotations, corev1.LastAppliedConfigAnnotation)
			o.SetAnnotations(annotations)
		}
	}
	return cache.TransformStripManagedFields()(object)
}
