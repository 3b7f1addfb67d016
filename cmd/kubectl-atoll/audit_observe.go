// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"context"
	"slices"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/plugin/offline"
)

// observe reads the objects that may send requests to members, and the policies that
// already allow some.
func (a *auditor) observe(ctx context.Context) (*offline.Observed, error) {
	observed := &offline.Observed{}
	for _, step := range []func(context.Context, *offline.Observed) error{a.readGateways, a.readWorkloads, a.readEntries, a.readPolicies} {
		if err := step(ctx, observed); err != nil {
			return nil, err
		}
	}
	slices.SortFunc(observed.Workloads, func(x, y offline.Workload) int {
		return cmp.Or(cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Name, y.Name))
	})
	slices.SortFunc(observed.Entries, func(x, y offline.Entry) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Namespace, y.Namespace), cmp.Compare(x.Name, y.Name),
			cmp.Compare(x.To.String(), y.To.String()), cmp.Compare(x.Port, y.Port))
	})
	observed.Entries = slices.Compact(observed.Entries)
	return observed, nil
}

// madeByOthers reports whether Atoll did not create an object.
func madeByOthers(o metav1.Object) bool {
	return o.GetLabels()[v1alpha1.LabelManagedBy] != v1alpha1.ManagedByAtoll
}

// readGateways reads the Gateways, because they decide which routes take effect.
func (a *auditor) readGateways(ctx context.Context, _ *offline.Observed) error {
	lists, err := listAll(ctx, a, "Gateways", func() *gatewayv1.GatewayList { return &gatewayv1.GatewayList{} })
	for _, list := range lists {
		for i := range list.Items {
			if err := a.addToWorld(&list.Items[i]); err != nil {
				return err
			}
			a.gatewayClasses[client.ObjectKeyFromObject(&list.Items[i]).String()] = string(list.Items[i].Spec.GatewayClassName)
		}
	}
	return err
}

func (a *auditor) addToWorld(o kube.Object) error {
	u, err := offline.ToUnstructured(o)
	if err != nil {
		return err
	}
	return a.world.Add(u)
}

// readWorkloads reads the workloads. Atoll's own Deployments show the ports that pods
// listen on.
func (a *auditor) readWorkloads(ctx context.Context, observed *offline.Observed) error {
	add := func(kind string, o metav1.Object, pods *corev1.PodTemplateSpec) {
		// The Jobs of a CronJob are reported as the CronJob.
		if madeByOthers(o) && metav1.GetControllerOfNoCopy(o) == nil {
			observed.Workloads = append(observed.Workloads, offline.Workload{Kind: kind, Namespace: o.GetNamespace(), Name: o.GetName(), Pods: pods})
		}
	}
	deployments, err := listAll(ctx, a, "Deployments", func() *appsv1.DeploymentList { return &appsv1.DeploymentList{} })
	if err != nil {
		return err
	}
	for _, list := range deployments {
		for i := range list.Items {
			d := &list.Items[i]
			add("Deployment", d, &d.Spec.Template)
			if !madeByOthers(d) {
				if err := a.addToWorld(d); err != nil {
					return err
				}
			}
		}
	}
	sets, err := listAll(ctx, a, "StatefulSets", func() *appsv1.StatefulSetList { return &appsv1.StatefulSetList{} })
	for _, list := range sets {
		for i := range list.Items {
			add("StatefulSet", &list.Items[i], &list.Items[i].Spec.Template)
		}
	}
	if err != nil {
		return err
	}
	daemons, err := listAll(ctx, a, "DaemonSets", func() *appsv1.DaemonSetList { return &appsv1.DaemonSetList{} })
	for _, list := range daemons {
		for i := range list.Items {
			add("DaemonSet", &list.Items[i], &list.Items[i].Spec.Template)
		}
	}
	if err != nil {
		return err
	}
	crons, err := listAll(ctx, a, "CronJobs", func() *batchv1.CronJobList { return &batchv1.CronJobList{} })
	for _, list := range crons {
		for i := range list.Items {
			add("CronJob", &list.Items[i], &list.Items[i].Spec.JobTemplate.Spec.Template)
		}
	}
	if err != nil {
		return err
	}
	jobs, err := listAll(ctx, a, "Jobs", func() *batchv1.JobList { return &batchv1.JobList{} })
	for _, list := range jobs {
		for i := range list.Items {
			add("Job", &list.Items[i], &list.Items[i].Spec.Template)
		}
	}
	return err
}

// readPolicies reads the NetworkPolicies of the members' namespaces.
func (a *auditor) readPolicies(ctx context.Context, observed *offline.Observed) error {
	for _, namespace := range a.namespaces {
		list := &networkingv1.NetworkPolicyList{}
		if err := a.skipUnreadable(a.List(ctx, list, client.InNamespace(namespace)), "NetworkPolicies of namespace "+namespace); err != nil {
			return err
		}
		for i := range list.Items {
			if madeByOthers(&list.Items[i]) {
				observed.Policies = append(observed.Policies, &list.Items[i])
			}
		}
	}
	return nil
}

// readEntries reads the Ingresses and the routes that Atoll did not create.
func (a *auditor) readEntries(ctx context.Context, observed *offline.Observed) error {
	by, err := a.readForwarders(ctx)
	if err != nil {
		return err
	}
	ingresses, err := listAll(ctx, a, "Ingresses", func() *networkingv1.IngressList { return &networkingv1.IngressList{} })
	if err != nil {
		return err
	}
	for _, list := range ingresses {
		for i := range list.Items {
			ingress := &list.Items[i]
			for _, backend := range serviceBackends(ingress) {
				observed.Entries = append(observed.Entries, offline.Entry{Kind: "Ingress", Namespace: ingress.Namespace, Name: ingress.Name,
					To: types.NamespacedName{Namespace: ingress.Namespace, Name: backend.Name}, Port: portText(backend.Port), DataPlane: by.servesIngress(ingress)})
			}
		}
	}
	add := func(kind string, route client.Object, parents []gatewayv1.ParentReference, to *gatewayv1.BackendObjectReference) {
		if !madeByOthers(route) || ptr.Deref(to.Kind, "Service") != "Service" {
			return
		}
		entry := offline.Entry{Kind: kind, Namespace: route.GetNamespace(), Name: route.GetName(), DataPlane: by.servesRoute(route, parents),
			To: types.NamespacedName{Namespace: namespaceOr(string(ptr.Deref(to.Namespace, "")), route.GetNamespace()), Name: string(to.Name)}}
		if to.Port != nil {
			entry.Port = strconv.Itoa(int(*to.Port))
		}
		observed.Entries = append(observed.Entries, entry)
	}
	httpRoutes, err := listAll(ctx, a, "HTTPRoutes", func() *gatewayv1.HTTPRouteList { return &gatewayv1.HTTPRouteList{} })
	if err != nil {
		return err
	}
	for _, list := range httpRoutes {
		for i := range list.Items {
			route := &list.Items[i]
			for _, rule := range route.Spec.Rules {
				for j := range rule.BackendRefs {
					add("HTTPRoute", route, route.Spec.ParentRefs, &rule.BackendRefs[j].BackendObjectReference)
				}
			}
		}
	}
	grpcRoutes, err := listAll(ctx, a, "GRPCRoutes", func() *gatewayv1.GRPCRouteList { return &gatewayv1.GRPCRouteList{} })
	for _, list := range grpcRoutes {
		for i := range list.Items {
			route := &list.Items[i]
			for _, rule := range route.Spec.Rules {
				for j := range rule.BackendRefs {
					add("GRPCRoute", route, route.Spec.ParentRefs, &rule.BackendRefs[j].BackendObjectReference)
				}
			}
		}
	}
	return err
}

func serviceBackends(ingress *networkingv1.Ingress) []networkingv1.IngressServiceBackend {
	var backends []networkingv1.IngressServiceBackend
	add := func(backend *networkingv1.IngressBackend) {
		if backend != nil && backend.Service != nil {
			backends = append(backends, *backend.Service)
		}
	}
	add(ingress.Spec.DefaultBackend)
	for _, rule := range ingress.Spec.Rules {
		if rule.HTTP == nil {
			continue
		}
		for i := range rule.HTTP.Paths {
			add(&rule.HTTP.Paths[i].Backend)
		}
	}
	return backends
}

func portText(port networkingv1.ServiceBackendPort) string {
	if port.Number != 0 {
		return strconv.Itoa(int(port.Number))
	}
	return port.Name
}
