// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	"github.com/atoll-dev/atoll/internal/components"
)

// CacheOptions limits the manager's cache to Atoll's own kinds and to what Atoll made, in
// some namespaces or, without any, in all. Readers share the cached objects and must not
// change them.
func CacheOptions(namespaces ...string) cache.Options {
	everything := cache.ByObject{Label: labels.Everything()}
	return cache.Options{
		DefaultNamespaces:            namespaceConfigs(namespaces),
		DefaultLabelSelector:         labels.SelectorFromSet(labels.Set{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll}),
		DefaultTransform:             stripObject,
		DefaultUnsafeDisableDeepCopy: ptr.To(true),
		ByObject: map[client.Object]cache.ByObject{
			&v1alpha1.Microservice{}: everything,
			&v1alpha1.Topology{}:     everything,
			crdMetadata():            everything,
			&corev1.Pod{}:            {Transform: stripPod},
		},
	}
}

// ClientOptions makes the manager's client read everything from the cache, including
// kinds that have no Go type.
func ClientOptions() client.Options {
	return client.Options{FieldOwner: string(apply.FieldOwner), Cache: &client.CacheOptions{Unstructured: true}}
}

// namespaceConfigs returns the configuration of a cache of some namespaces. Objects without a
// namespace are not affected.
func namespaceConfigs(namespaces []string) map[string]cache.Config {
	configs := make(map[string]cache.Config, len(namespaces))
	for _, namespace := range namespaces {
		configs[namespace] = cache.Config{}
	}
	return configs
}

// NewForeignCache returns a cache of objects that Atoll does not own: Gateways, their
// classes, what autoscalers scale, and the metadata of ConfigMaps, Secrets and Namespaces.
// Those with a namespace are of some namespaces or, without any, of all. The manager starts
// it.
func NewForeignCache(mgr ctrl.Manager, namespaces ...string) (cache.Cache, error) {
	foreign, err := cache.New(mgr.GetConfig(), cache.Options{
		HTTPClient:                   mgr.GetHTTPClient(),
		Mapper:                       mgr.GetRESTMapper(),
		Scheme:                       mgr.GetScheme(),
		DefaultNamespaces:            namespaceConfigs(namespaces),
		DefaultTransform:             stripObject,
		DefaultUnsafeDisableDeepCopy: ptr.To(true),
		ByObject:                     map[client.Object]cache.ByObject{&autoscalingv2.HorizontalPodAutoscaler{}: {Transform: stripAutoscaler}},
	})
	if err != nil {
		return nil, err
	}
	return foreign, mgr.Add(foreign)
}

// stripPod keeps the fields of a pod that show why it is not ready, which of its
// containers run, and on which ports it listens.
func stripPod(object any) (any, error) {
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return object, nil
	}
	slim := &corev1.Pod{ObjectMeta: pod.ObjectMeta, Status: corev1.PodStatus{
		Phase:                 pod.Status.Phase,
		Reason:                pod.Status.Reason,
		Message:               pod.Status.Message,
		Conditions:            pod.Status.Conditions,
		ContainerStatuses:     pod.Status.ContainerStatuses,
		InitContainerStatuses: pod.Status.InitContainerStatuses,
	}}
	slim.ManagedFields = nil
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

// stripObject drops managedFields, which no code reads and which can be most of an
// object. Of an object cached as metadata only, it keeps what identifies its version.
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
	return cache.TransformStripManagedFields()(object)
}

// gatewayCRD defines Gateways.
var gatewayCRD = components.CRD{Name: "gateways.gateway.networking.k8s.io", Provider: components.GatewayAPI}

var (
	gatewayKind      = optionalKind{object: &gatewayv1.Gateway{}, crd: gatewayCRD.Name, wantedBy: components.HasRoutes, foreign: true}
	gatewayClassKind = optionalKind{object: &gatewayv1.GatewayClass{}, crd: "gatewayclasses.gateway.networking.k8s.io", wantedBy: components.HasRoutes, foreign: true}
)

// namespaceMetadata returns an empty Namespace, for its metadata only.
func namespaceMetadata() *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	return m
}

// crdMetadata returns an empty CustomResourceDefinition, for its metadata only: the
// schemas of a cluster can take a lot of memory.
func crdMetadata() *metav1.PartialObjectMetadata {
	m := &metav1.PartialObjectMetadata{}
	m.SetGroupVersionKind(apiextensionsv1.SchemeGroupVersion.WithKind("CustomResourceDefinition"))
	return m
}
