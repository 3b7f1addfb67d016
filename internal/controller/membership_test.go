// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("Membership", func() {
	It("reaches over namespaces that the Topology chooses by their labels, at once", func(ctx SpecContext) {
		home, guest := newNamespace(ctx), newNamespace(ctx)
		simulate(home, guest)
		shop := topology(home)
		shop.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector, Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"team": "shop"}}}
		users := microservice(home, "users")
		orders := microservice(guest, "orders")
		orders.Spec.TopologyRef.Namespace = home
		orders.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users", Namespace: home}}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		Expect(eventuallyHas(ctx, orders, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)).
			To(Equal(`Topology "shop" of namespace "` + home + `" does not exist, or does not allow members from namespace "` + guest + `"; to fix: correct topologyRef, or create it with the namespace in its allowedNamespaces`))
		eventuallyReady(ctx, users)
		Eventually(func() int32 { _ = condition(ctx, shop, ""); return shop.Status.Services }).Should(BeEquivalentTo(1))
		Expect(callersIn(ctx, home, "users")).To(BeEmpty(), "one that only names the Topology gets through no policy")
		Expect(kinds(everythingIn(ctx, guest))).To(ConsistOf("Microservice/orders"))

		label(ctx, guest, "shop")
		eventuallyReady(ctx, orders)
		Eventually(func() int32 { _ = condition(ctx, shop, ""); return shop.Status.ReadyServices }).Should(BeEquivalentTo(2))
		route := get(ctx, &gatewayv1.HTTPRoute{}, guest, "orders.orders")
		Expect(string(*route.Spec.ParentRefs[0].Namespace)).To(Equal(home))
		Expect(orders.Status.URLs).To(Equal([]string{"http://shop.example.com/orders"}))
		listener := get(ctx, &gatewayv1.Gateway{}, home, "shop").Spec.Listeners[0].AllowedRoutes.Namespaces
		Expect(*listener.From).To(Equal(gatewayv1.NamespacesFromSelector))
		Expect(listener.Selector.MatchExpressions).To(Equal([]metav1.LabelSelectorRequirement{
			{Key: corev1.LabelMetadataName, Operator: metav1.LabelSelectorOpIn, Values: slices.Sorted(slices.Values([]string{home, guest}))},
		}), "the Topology's own namespace has no such label")
		Expect(variable(ctx, guest, "orders", "USERS_URL")).To(Equal("http://users." + home + ".svc:8080"))
		Expect(condition(ctx, users, v1alpha1.ConditionReady).Status).To(Equal(metav1.ConditionTrue))
		Expect(users.Status.Dependents).To(BeEquivalentTo(1))

		Eventually(func() []string { return callersIn(ctx, home, "users") }).Should(Equal([]string{guest + "/orders"}))

		By("the label being taken away, which leaves what runs and lets it call no more")
		label(ctx, guest, "other")
		eventuallyHas(ctx, orders, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)
		get(ctx, &appsv1.Deployment{}, guest, "orders")
		Eventually(func() []string { return callersIn(ctx, home, "users") }).Should(BeEmpty())
		Eventually(func() gatewayv1.FromNamespaces {
			return *get(ctx, &gatewayv1.Gateway{}, home, "shop").Spec.Listeners[0].AllowedRoutes.Namespaces.From
		}).Should(Equal(gatewayv1.NamespacesFromSame))
		Eventually(func() int32 { _ = condition(ctx, shop, ""); return shop.Status.Services }).Should(BeEquivalentTo(1))
	}, SpecTimeout(suiteTimeout))

	It("that can't be read admits no members, and stops no other service", func(ctx SpecContext) {
		home, strange, guest := newNamespace(ctx), newNamespace(ctx), newNamespace(ctx)
		simulate(home)
		shop, users := topology(home), microservice(home, "users")
		broken := topology(strange)
		broken.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromSelector,
			Selector: &metav1.LabelSelector{MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: metav1.LabelSelectorOpIn}}}}
		stranger := bare(guest, "stranger")
		stranger.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: "shop", Namespace: strange}
		stranger.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users", Namespace: home}}
		stranger.Spec.Routes = []v1alpha1.Route{{Path: "/users", Hostnames: []v1alpha1.Hostname{"shop.example.com"}, ParentRefs: []v1alpha1.GatewayReference{{Name: "shop", Namespace: home}}}}
		for _, o := range []client.Object{broken, stranger} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyHas(ctx, stranger, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)
		Expect(eventuallyHas(ctx, broken, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec)).
			To(ContainSubstring("allowedNamespaces.selector: is invalid and selects no namespace"))
		for _, o := range []client.Object{shop, users} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, users, shop)
	}, SpecTimeout(suiteTimeout))

	It("of another Topology needs the callee's leave, and both ends' policies follow it", func(ctx SpecContext) {
		shopSpace, reportSpace := newNamespace(ctx), newNamespace(ctx)
		simulate(shopSpace, reportSpace)
		for _, ns := range []string{shopSpace, reportSpace} {
			Expect(k8s.Create(ctx, topology(ns))).To(Succeed())
		}
		orders, reports := microservice(shopSpace, "orders"), microservice(reportSpace, "reports")
		orders.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 8000}}
		reports.Spec.Dependencies = []v1alpha1.Dependency{{Name: "orders", Namespace: shopSpace}}
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		eventuallyReady(ctx, orders)
		Expect(k8s.Create(ctx, reports)).To(Succeed())
		Expect(eventuallyHas(ctx, reports, v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)).
			To(ContainSubstring("create it with {name: reports, namespace: " + reportSpace + "} in its access"))
		shop := topology(reportSpace)
		Eventually(func() string { return conditionOf(ctx, shop, v1alpha1.ConditionGraphSound).Message }).Should(ContainSubstring("reports -> " + shopSpace + "/orders"))
		Expect(get(ctx, &v1alpha1.Topology{}, reportSpace, "shop").Status.Unpermitted).To(Equal([]string{"reports -> " + shopSpace + "/orders"}))
		Expect(callersIn(ctx, shopSpace, "orders")).To(BeEmpty())
		Expect(calleesIn(ctx, reportSpace, "reports")).To(BeEmpty())
		Expect(reports.Status.Dependencies[0].Ready).To(Equal(metav1.ConditionUnknown), "its readiness tells that it exists")
		Expect(variable(ctx, reportSpace, "reports", "ORDERS_PORT")).To(Equal("8080"), "its port tells that it exists")

		change(ctx, orders, func(ms *v1alpha1.Microservice) {
			ms.Spec.Access = []v1alpha1.AccessRule{{Name: "reports", Namespace: reportSpace}}
		})
		eventuallyReady(ctx, orders, reports)
		Eventually(func() []string { return callersIn(ctx, shopSpace, "orders") }).Should(Equal([]string{reportSpace + "/reports"}))
		Eventually(func() []string { return calleesIn(ctx, reportSpace, "reports") }).Should(Equal([]string{shopSpace + "/orders"}))

		By("access that is taken back and given again, which restarts nothing")
		Expect(variable(ctx, reportSpace, "reports", "ORDERS_PORT")).To(Equal("8000"))
		generation := get(ctx, &appsv1.Deployment{}, reportSpace, "reports").Generation
		change(ctx, orders, func(ms *v1alpha1.Microservice) { ms.Spec.Access = nil })
		eventuallyHas(ctx, reports, v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)
		settled(reportSpace)
		Expect(get(ctx, &appsv1.Deployment{}, reportSpace, "reports").Generation).To(Equal(generation))
		change(ctx, orders, func(ms *v1alpha1.Microservice) {
			ms.Spec.Access = []v1alpha1.AccessRule{{Name: "reports", Namespace: reportSpace}}
		})
		eventuallyReady(ctx, orders, reports)

		By("another port of the callee, which reaches the caller's policy and variables")
		change(ctx, orders, func(ms *v1alpha1.Microservice) {
			ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 9090}}
		})
		Eventually(func() int { return portsOut(ctx, reportSpace, "reports") }).Should(Equal(9090))
		Eventually(func() string { return variable(ctx, reportSpace, "reports", "ORDERS_PORT") }).Should(Equal("80"))

		By("the declaration being removed, with which both ends close")
		change(ctx, reports, func(ms *v1alpha1.Microservice) { ms.Spec.Dependencies = nil })
		Eventually(func() []string { return callersIn(ctx, shopSpace, "orders") }).Should(BeEmpty())
		Eventually(func() []string { return calleesIn(ctx, reportSpace, "reports") }).Should(BeEmpty())
	}, SpecTimeout(suiteTimeout))

	It("leaves a callee Ready that lets a new caller in", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), memberOf(ns, "users", "shop")
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		ready := watchValues(ctx, &v1alpha1.MicroserviceList{}, ns, "users", readyStatusOf)
		orders := memberOf(ns, "orders", "shop")
		orders.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users"}}
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		Eventually(func() int { return len(get(ctx, &networkingv1.NetworkPolicy{}, ns, "users").Spec.Ingress) }).Should(Equal(1))
		settled(ns)
		Expect(ready()).To(And(Not(BeEmpty()), HaveEach(metav1.ConditionTrue)))
	}, SpecTimeout(suiteTimeout))

	It("lets callers through to where the pods listen, also while a rollout is held back", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users, orders := topology(ns), memberOf(ns, "users", "shop"), memberOf(ns, "orders", "shop")
		orders.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users"}}
		for _, o := range []client.Object{shop, users, orders} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, users, orders)
		open := func() (in, out []int32) {
			ports := func(all []networkingv1.NetworkPolicyPort) (numbers []int32) {
				for i := range all {
					numbers = append(numbers, all[i].Port.IntVal)
				}
				return numbers
			}
			for _, rule := range get(ctx, &networkingv1.NetworkPolicy{}, ns, "users").Spec.Ingress {
				in = append(in, ports(rule.Ports)...)
			}
			for _, rule := range get(ctx, &networkingv1.NetworkPolicy{}, ns, "orders").Spec.Egress {
				for _, to := range rule.To {
					if to.PodSelector != nil && to.PodSelector.MatchLabels[v1alpha1.LabelMicroservice] == "users" {
						out = append(out, ports(rule.Ports)...)
					}
				}
			}
			return in, out
		}
		in, out := open()
		Expect(in).To(Equal([]int32{8080}))
		Expect(out).To(Equal(in))

		By("a new version that listens elsewhere, and lacks a Secret")
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 8080, TargetPort: 9090}}
			ms.Spec.EnvFrom = []corev1.EnvFromSource{{SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "keys"}}}}
		})
		eventuallyHas(ctx, users, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)
		Eventually(func() []int32 { in, _ := open(); return in }).Should(Equal([]int32{8080, 9090}))
		settled(ns)
		in, out = open()
		Expect(in).To(Equal([]int32{8080, 9090}))
		Expect(out).To(Equal(in))

		Expect(k8s.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "keys", Namespace: ns}})).To(Succeed())
		Eventually(func() []int32 { in, _ := open(); return in }).Should(Equal([]int32{9090}))
		Eventually(func() []int32 { _, out := open(); return out }).Should(Equal([]int32{9090}))
	}, SpecTimeout(suiteTimeout))

	It("follows a change of isolation", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), microservice(ns, "users")
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(get(ctx, &networkingv1.NetworkPolicy{}, ns, "users").Spec.PolicyTypes).To(HaveLen(2))
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Isolation = v1alpha1.IsolationIngress })
		Eventually(func() []networkingv1.PolicyType {
			return get(ctx, &networkingv1.NetworkPolicy{}, ns, "users").Spec.PolicyTypes
		}).
			Should(Equal([]networkingv1.PolicyType{networkingv1.PolicyTypeIngress}))
		change(ctx, shop, func(t *v1alpha1.Topology) {
			t.Annotations = map[string]string{v1alpha1.AnnotationIsolation: v1alpha1.IsolationAudit}
		})
		Eventually(func() []string { return kinds(everythingIn(ctx, ns)) }).Should(And(Not(ContainElement("NetworkPolicy/users")), ContainElement("NetworkPolicy/users-db")))
	}, SpecTimeout(suiteTimeout))
})

var _ = Describe("Startup", func() {
	It("waits with WaitForAll for what a dependency requires", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users, orders, load := bare(ns, "users"), bare(ns, "orders"), bare(ns, "load")
		users.Spec.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}
		orders.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users"}}
		load.Spec.Dependencies = []v1alpha1.Dependency{{Name: "orders", Startup: v1alpha1.StartupWaitForAll}}
		for _, ms := range []*v1alpha1.Microservice{users, orders, load} {
			Expect(k8s.Create(ctx, ms)).To(Succeed())
		}
		eventuallyReady(ctx, orders)
		Eventually(func() string { return conditionOf(ctx, load, v1alpha1.ConditionReady).Message }).
			Should(Equal("The first rollout waits for users to be Ready (dependencies[].startup)"))

		Expect(k8s.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: ns}})).To(Succeed())
		eventuallyReady(ctx, users, load)
	}, SpecTimeout(suiteTimeout))

	It("waits for a dependency at the first rollout alone", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		users, orders := bare(ns, "users"), bare(ns, "orders")
		orders.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users", Startup: v1alpha1.StartupWait}}
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		eventuallyHas(ctx, orders, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotFound)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, orders, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotReady)).
			To(Equal("The first rollout waits for users to be Ready (dependencies[].startup)"))
		Consistently(func() []string { return kinds(everythingIn(ctx, ns)) }, "300ms").ShouldNot(ContainElement("Deployment/orders"))
		simulate(ns)
		eventuallyReady(ctx, users, orders)

		By("a later one, with the dependency gone")
		Expect(k8s.Delete(ctx, users)).To(Succeed())
		change(ctx, orders, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/orders:2" })
		Eventually(func() string {
			return get(ctx, &appsv1.Deployment{}, ns, "orders").Spec.Template.Spec.Containers[0].Image
		}).Should(Equal("example.com/orders:2"))
	}, SpecTimeout(suiteTimeout))

	It("does not wait in a cycle", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		a, b := bare(ns, "a"), bare(ns, "b")
		a.Spec.Dependencies = []v1alpha1.Dependency{{Name: "b", Startup: v1alpha1.StartupWait}}
		b.Spec.Dependencies = []v1alpha1.Dependency{{Name: "a", Startup: v1alpha1.StartupWait}}
		Expect(k8s.Create(ctx, a)).To(Succeed())
		Expect(k8s.Create(ctx, b)).To(Succeed())
		eventuallyReady(ctx, a, b)
	}, SpecTimeout(suiteTimeout))

	It("ends the waiting of all services of a cycle when it closes", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		waiting := func(name string, callees ...string) *v1alpha1.Microservice {
			ms := bare(ns, name)
			for _, callee := range callees {
				ms.Spec.Dependencies = append(ms.Spec.Dependencies, v1alpha1.Dependency{Name: callee, Startup: v1alpha1.StartupWait})
			}
			return ms
		}
		d := waiting("d")
		for _, o := range []client.Object{d, waiting("c", "d"), waiting("b", "c"), waiting("a", "b")} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		for _, name := range []string{"a", "b", "c"} {
			eventuallyHas(ctx, get(ctx, &v1alpha1.Microservice{}, ns, name), v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotReady)
		}
		settled(ns)
		change(ctx, d, func(ms *v1alpha1.Microservice) { ms.Spec.Dependencies = waiting("d", "a").Spec.Dependencies })
		for _, name := range []string{"a", "b", "c"} {
			get(ctx, &appsv1.Deployment{}, ns, name)
		}
	}, SpecTimeout(suiteTimeout))
})

func readyStatusOf(ms *v1alpha1.Microservice) metav1.ConditionStatus {
	if c := meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionReady); c != nil {
		return c.Status
	}
	return metav1.ConditionUnknown
}

func label(ctx context.Context, ns, team string) {
	GinkgoHelper()
	change(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}, func(n *corev1.Namespace) {
		if n.Labels == nil {
			n.Labels = map[string]string{}
		}
		n.Labels["team"] = team
	})
}

// variable is what a service's pods have in an environment variable.
func variable(ctx context.Context, ns, name, variable string) string {
	GinkgoHelper()
	for _, v := range get(ctx, &appsv1.Deployment{}, ns, name).Spec.Template.Spec.Containers[0].Env {
		if v.Name == variable {
			return v.Value
		}
	}
	return ""
}

// callersIn are the services that a service's policy lets in, and calleesIn those
// that it lets it out to, as namespace/name.
func callersIn(ctx context.Context, ns, name string) []string {
	GinkgoHelper()
	var found []string
	for _, rule := range get(ctx, &networkingv1.NetworkPolicy{}, ns, name).Spec.Ingress {
		found = append(found, servicesOf(rule.From)...)
	}
	return found
}

func calleesIn(ctx context.Context, ns, name string) []string {
	GinkgoHelper()
	var found []string
	for _, rule := range get(ctx, &networkingv1.NetworkPolicy{}, ns, name).Spec.Egress {
		found = append(found, servicesOf(rule.To)...)
	}
	return found
}

func servicesOf(peers []networkingv1.NetworkPolicyPeer) []string {
	var found []string
	for _, peer := range peers {
		if peer.NamespaceSelector == nil || peer.PodSelector == nil {
			continue
		}
		if service := peer.PodSelector.MatchLabels[v1alpha1.LabelMicroservice]; service != "" {
			found = append(found, peer.NamespaceSelector.MatchLabels[corev1.LabelMetadataName]+"/"+service)
		}
	}
	return found
}

// portsOut is the port at which a service is let out to its only dependency.
func portsOut(ctx context.Context, ns, name string) int {
	GinkgoHelper()
	for _, rule := range get(ctx, &networkingv1.NetworkPolicy{}, ns, name).Spec.Egress {
		if len(servicesOf(rule.To)) > 0 {
			return rule.Ports[0].Port.IntValue()
		}
	}
	return 0
}
