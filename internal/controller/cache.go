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
			&corev1.Secret{}:         {Transform: stripSecret},
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
