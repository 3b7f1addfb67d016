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

package routes

import (
	"fmt"
	"slices"
	"strconv"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/names"
)

// Gateway is the Gateway of a Topology that asks for one by class; nil for one
// that has none or refers to an existing one. guests are the namespaces beside
// the Topology's own that have members.
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
		// cert-manager makes a certificate for the listeners of a Gateway that names an
		// issuer (https://cert-manager.io/docs/usage/gateway/).
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

// routeNamespaces lets those attach routes who may join. Where labels decide who
// may, the namespaces that have members are named: the Topology's own may join
// whatever its labels are, and a selector can't say "or".
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

// GatewayHealth reads what the Gateway's controller says of it and of its
// listeners.
func GatewayHealth(gateway *gatewayv1.Gateway) condition.Health {
	for _, want := range []gatewayv1.GatewayConditionType{gatewayv1.GatewayConditionAccepted, gatewayv1.GatewayConditionProgrammed} {
		c := meta.FindStatusCondition(gateway.Status.Conditions, string(want))
		switch {
		case c == nil || c.ObservedGeneration < gateway.Generation || c.Status == metav1.ConditionUnknown:
			return condition.Health{Reason: v1alpha1.ReasonPending, Progressing: true,
				Message: condition.ParseMessage(fmt.Sprintf("Gateway %q waits for the controller of GatewayClass %q: check that the class exists (kubectl get gatewayclass) and its controller runs", gateway.Name, gateway.Spec.GatewayClassName))}
		case c.Status == metav1.ConditionFalse, c.Reason == string(gatewayv1.GatewayReasonListenersNotValid):
			return gatewayRefused(gateway, want, c)
		}
	}
	return condition.Healthy("The Gateway is programmed")
}

// gatewayRefused names the listener that is at fault, where one is.
func gatewayRefused(gateway *gatewayv1.Gateway, what gatewayv1.GatewayConditionType, c *metav1.Condition) condition.Health {
	message := fmt.Sprintf("Gateway %q is not %s: %s", gateway.Name, lowerFirst(string(what)), c.Reason)
	for i := range gateway.Status.Listeners {
		for j := range gateway.Status.Listeners[i].Conditions {
			l := &gateway.Status.Listeners[i].Conditions[j]
			if goodWhenTrue(l.Type) && l.Status == metav1.ConditionFalse {
				return condition.Health{Reason: v1alpha1.ReasonNotAccepted, Progressing: true,
					Message: condition.ParseMessage(fmt.Sprintf("%s; listener %q: %s", message, gateway.Status.Listeners[i].Name, listenerAdvice(l.Reason)))}
			}
		}
	}
	return condition.Health{Reason: v1alpha1.ReasonNotAccepted, Progressing: true, Message: condition.ParseMessage(message)}
}

func listenerAdvice(reason string) string {
	if reason == string(gatewayv1.ListenerReasonInvalidCertificateRef) {
		return reason + ": check that the Secret of gateway.tls exists and has the type kubernetes.io/tls"
	}
	return reason
}

// goodWhenTrue says whether False is a listener's fault: Conflicted and the like
// are good when False.
func goodWhenTrue(condition string) bool {
	switch gatewayv1.ListenerConditionType(condition) {
	case gatewayv1.ListenerConditionAccepted, gatewayv1.ListenerConditionProgrammed, gatewayv1.ListenerConditionResolvedRefs:
		return true
	}
	return false
}

func lowerFirst(s string) string { return string(s[0]|0x20) + s[1:] }
