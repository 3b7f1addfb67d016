// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/routes"
	"github.com/atoll-dev/atoll/internal/graph"
)

// admits says whether a Gateway lets a service have a host at a listener. That of
// its own Topology does, once it is as the Topology wants it. A namespace whose
// labels are not known is let in.
func (w *World) admits(ms *v1alpha1.Microservice, topology *v1alpha1.Topology, key, section string) bool {
	gateway := w.gateway(key)
	if gateway != nil && topology != nil && metav1.IsControlledBy(gateway, topology) {
		return true
	}
	admits, err := routes.GatewayAdmits(gateway, section, ms.Namespace, func(namespace string) (map[string]string, error) {
		of, known := w.namespaces[namespace]
		if !known && !choosesByName(gateway) {
			return nil, graph.ErrUnknown
		}
		return labels.Merge(of, labels.Set{corev1.LabelMetadataName: namespace}), nil
	})
	return admits || err != nil
}

// choosesByName says whether a Gateway chooses namespaces by nothing but the label
// that every namespace has, as those of Topologies do.
func choosesByName(gateway *gatewayv1.Gateway) bool {
	return !slices.ContainsFunc(gateway.Spec.Listeners, func(listener gatewayv1.Listener) bool {
		allowed := listener.AllowedRoutes
		return allowed != nil && allowed.Namespaces != nil && !graph.SelectsByName(allowed.Namespaces.Selector)
	})
}

// gateway is the Gateway of namespace/name, or the one that a Topology of that name
// will have; nil when there is none. One that its Topology owns is as that wants it.
func (w *World) gateway(key string) *gatewayv1.Gateway {
	known := w.indexed().gateways
	if gateway, found := known[key]; found {
		return gateway
	}
	namespace, name, _ := strings.Cut(key, "/")
	gateway := w.gateways[types.NamespacedName{Namespace: namespace, Name: name}]
	if topology := w.Topology(namespace, name); topology != nil && (gateway == nil || metav1.IsControlledBy(gateway, topology)) {
		if wanted := w.ownedGateway(topology); wanted != nil {
			gateway = wanted
		}
	}
	known[key] = gateway
	return gateway
}
