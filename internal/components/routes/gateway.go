// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package routes

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/names"
)

// Gateway builds the Gateway of a Topology that names a class; nil where the Topology
// has no Gateway or refers to an existing one. guests are the namespaces other than the
// Topology's own that have members.
func Gateway(topology *v1alpha1.Topology, guests []string) *gatewayv1.Gateway {
	spec := topology.Spec.Gateway
	if spec == nil || spec.ClassName == "" {
		return nil
	}
	gateway := &gatewayv1.Gateway{
		ObjectMeta: metav1.ObjectMeta{
			Name:      topology.Name,
			Namespace: topology.Namespace,
			Labels:    map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelTopology: topology.Name},
		},
		Spec: gatewayv1.GatewaySpec{GatewayClassName: gatewayv1.ObjectName(spec.ClassName)},
	}
	if spec.TLS != nil && spec.TLS.IssuerRef != nil {
		// cert-manager issues a certificate for the listeners of a Gateway with this
		// annotation (https://cert-manager.io/docs/usage/gateway/).
		annotation := "cert-manager.io/issuer"
		if spec.TLS.IssuerRef.Kind == "ClusterIssuer" {
			annotation = "cert-manager.io/cluster-issuer"
		}
		gateway.Annotations = map[string]string{annotation: spec.TLS.IssuerRef.Name}
	}
	if len(spec.Hostnames) == 0 {
		gateway.Spec.Listeners = []gatewayv1.Listener{listener(topology, guests, 0, nil)}
		return gateway
	}
	for i := range spec.Hostnames {
		gateway.Spec.Listeners = append(gateway.Spec.Listeners, listener(topology, guests, i, ptr.To(gatewayv1.Hostname(spec.Hostnames[i]))))
	}
	return gateway
}

// listener builds the listener of the i-th hostname; nil means every hostname.
func listener(topology *v1alpha1.Topology, guests []string, i int, hostname *gatewayv1.Hostname) gatewayv1.Listener {
	l := gatewayv1.Listener{
		Name:     "http",
		Hostname: hostname,
		Port:     80,
		Protocol: gatewayv1.HTTPProtocolType,
		AllowedRoutes: &gatewayv1.AllowedRoutes{
			Namespaces: routeNamespaces(topology, guests),
		},
	}
	if tls := topology.Spec.Gateway.TLS; tls != nil {
		secret := tls.SecretName
		if secret == "" {
			secret = names.TLSSecret(topology)
		}
		l.Name, l.Port, l.Protocol = "https", 443, gatewayv1.HTTPSProtocolType
		l.TLS = &gatewayv1.ListenerTLSConfig{
			Mode: ptr.To(gatewayv1.TLSModeTerminate),
			CertificateRefs: []gatewayv1.SecretObjectReference{{
				Group: ptr.To(gatewayv1.Group("")), Kind: ptr.To(gatewayv1.Kind("Secret")), Name: gatewayv1.ObjectName(secret),
			}},
		}
	}
	if i > 0 {
		l.Name += gatewayv1.SectionName("-" + strconv.Itoa(i))
	}
	return l
}

// routeNamespaces selects the namespaces that may join the Topology. Where labels decide
// that, it selects the namespaces with members by name: the Topology's own namespace may
// join whatever its labels are, and a selector has no "or".
func routeNamespaces(topology *v1alpha1.Topology, guests []string) *gatewayv1.RouteNamespaces {
	from := v1alpha1.NamespacesFromSame
	if allowed := topology.Spec.AllowedNamespaces; allowed != nil {
		from = allowed.From
	}
	switch {
	case from == v1alpha1.NamespacesFromAll:
		return &gatewayv1.RouteNamespaces{From: ptr.To(gatewayv1.NamespacesFromAll)}
	case from == v1alpha1.NamespacesFromSame || len(guests) == 0:
		return &gatewayv1.RouteNamespaces{From: ptr.To(gatewayv1.NamespacesFromSame)}
	}
	names := slices.Concat([]string{topology.Namespace}, guests)
	slices.Sort(names)
	return &gatewayv1.RouteNamespaces{From: ptr.To(gatewayv1.NamespacesFromSelector), Selector: &metav1.LabelSelector{
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpIn, Values: slices.Compact(names)}},
	}}
}

// GatewayHealth returns how a Gateway is, from what its controller reports of it and of
// its listeners.
func GatewayHealth(gateway *gatewayv1.Gateway) condition.Health {
	for _, want := range []gatewayv1.GatewayConditionType{gatewayv1.GatewayConditionAccepted, gatewayv1.GatewayConditionProgrammed} {
		c := meta.FindStatusCondition(gateway.Status.Conditions, string(want))
		switch {
		case c == nil || c.ObservedGeneration < gateway.Generation || c.Status == metav1.ConditionUnknown:
			return condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true, Message: condition.Message{
				Object: condition.Object{Kind: "Gateway", Name: gateway.Name},
				Cause:  fmt.Sprintf("waits for the controller of GatewayClass %q", gateway.Spec.GatewayClassName),
				Remedy: "check that the class exists (kubectl get gatewayclass) and that its controller runs",
			}}
		case c.Status == metav1.ConditionFalse, c.Reason == string(gatewayv1.GatewayReasonListenersNotValid):
			return gatewayNotReady(gateway, want, c)
		}
	}
	return condition.Healthy("The Gateway is programmed")
}

// gatewayNotReady reports a condition of a Gateway, and the first listener at fault,
// where there is one.
func gatewayNotReady(gateway *gatewayv1.Gateway, what gatewayv1.GatewayConditionType, c *metav1.Condition) condition.Health {
	health := condition.Health{Reason: v1alpha1.ReasonNotAccepted, Progressing: true, Message: condition.Message{
		Object: condition.Object{Kind: "Gateway", Name: gateway.Name},
		Cause:  fmt.Sprintf("is not %s: %s", strings.ToLower(string(what)), c.Reason),
	}}
	for i := range gateway.Status.Listeners {
		for j := range gateway.Status.Listeners[i].Conditions {
			l := &gateway.Status.Listeners[i].Conditions[j]
			if l.Status != metav1.ConditionFalse || !isPositive(gatewayv1.ListenerConditionType(l.Type)) {
				continue
			}
			health.Message.Cause += fmt.Sprintf("; listener %q: %s", gateway.Status.Listeners[i].Name, l.Reason)
			if l.Reason == string(gatewayv1.ListenerReasonInvalidCertificateRef) {
				health.Message.Remedy = "check that the Secret of gateway.tls exists and has the type kubernetes.io/tls"
			}
			return health
		}
	}
	return health
}

// isPositive reports whether a listener's condition is True where all is well. Others,
// such as Conflicted, are False.
func isPositive(condition gatewayv1.ListenerConditionType) bool {
	switch condition {
	case gatewayv1.ListenerConditionAccepted, gatewayv1.ListenerConditionProgrammed, gatewayv1.ListenerConditionResolvedRefs:
		return true
	}
	return false
}
