// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"slices"
	"strings"

	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/internal/components/routes"
)

// forwarders determines which entries the data plane of the Topology serves. The
// Ingress and Gateway controllers of one project share pods, and their names begin
// with the project.
type forwarders struct {
	// hasDataPlane means that the Topology sets gateway.dataPlane.
	hasDataPlane bool
	// ownGateway is the Topology's Gateway. ownProject is the project of its class.
	ownGateway, ownProject string
	// ingressClassProjects has projects by class, and gatewayProjects by the
	// namespace/name of a Gateway.
	ingressClassProjects, gatewayProjects map[string]string
	// defaultIngressClass is the class of Ingresses that name none.
	defaultIngressClass string
}

// readForwarders reads the classes of Ingresses and Gateways.
func (a *auditor) readForwarders(ctx context.Context) (*forwarders, error) {
	f := &forwarders{ingressClassProjects: map[string]string{}, gatewayProjects: map[string]string{}}
	spec := a.topology.Spec.Gateway
	if spec == nil || spec.DataPlane == nil {
		// Without a data plane, the policies do not distinguish between entries.
		return f, nil
	}
	f.hasDataPlane = true
	gatewayClasses, ingressClasses := &gatewayv1.GatewayClassList{}, &networkingv1.IngressClassList{}
	if err := a.skipUnreadable(a.List(ctx, gatewayClasses), "GatewayClasses"); err != nil {
		return nil, err
	}
	projects := map[string]string{}
	for i := range gatewayClasses.Items {
		projects[gatewayClasses.Items[i].Name] = controllerProject(string(gatewayClasses.Items[i].Spec.ControllerName))
	}
	for gateway, class := range a.gatewayClasses {
		f.gatewayProjects[gateway] = projects[class]
	}
	if err := a.skipUnreadable(a.List(ctx, ingressClasses), "IngressClasses"); err != nil {
		return nil, err
	}
	for i := range ingressClasses.Items {
		class := &ingressClasses.Items[i]
		f.ingressClassProjects[class.Name] = controllerProject(class.Spec.Controller)
		if class.Annotations[networkingv1.AnnotationIsDefaultIngressClass] == "true" {
			f.defaultIngressClass = class.Name
		}
	}
	f.ownGateway, f.ownProject = a.topology.Namespace+"/"+a.topology.Name, projects[spec.ClassName]
	if spec.Ref != nil {
		f.ownGateway = namespaceOr(spec.Ref.Namespace, a.topology.Namespace) + "/" + spec.Ref.Name
		f.ownProject = f.gatewayProjects[f.ownGateway]
	}
	return f, nil
}

// controllerProject returns the first part of a controller's name, such as traefik.io
// of traefik.io/gateway-controller.
func controllerProject(controller string) string {
	project, _, _ := strings.Cut(controller, "/")
	return project
}

func (f *forwarders) servesIngress(ingress *networkingv1.Ingress) bool {
	class := cmp.Or(ptr.Deref(ingress.Spec.IngressClassName, ""), ingress.Annotations["kubernetes.io/ingress.class"], f.defaultIngressClass)
	return f.isProject(f.ingressClassProjects[class])
}

// servesRoute reports whether the data plane serves all Gateways of a route.
func (f *forwarders) servesRoute(route client.Object, parents []gatewayv1.ParentReference) bool {
	return f.hasDataPlane && len(parents) > 0 && !slices.ContainsFunc(parents, func(parent gatewayv1.ParentReference) bool {
		gateway := routes.GatewayKey(parent, route.GetNamespace())
		return gateway != f.ownGateway && !f.isProject(f.gatewayProjects[gateway])
	})
}

func (f *forwarders) isProject(project string) bool {
	return f.hasDataPlane && project != "" && project == f.ownProject
}
