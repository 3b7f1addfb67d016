// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"strconv"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("Convergence", func() {
	It("reaches Ready in every order of applying", func(ctx SpecContext) {
		orders := permutations([]string{"shop", "users", "orders", "payments"})
		Expect(orders).To(HaveLen(24))
		all := make([]map[string]client.Object, len(orders))
		var namespaces []string
		for i := range orders {
			ns := newNamespace(ctx)
			namespaces = append(namespaces, ns)
			all[i] = map[string]client.Object{
				"shop": topology(ns), "users": microservice(ns, "users"),
				"orders": microservice(ns, "orders", "users"), "payments": microservice(ns, "payments", "orders"),
			}
		}
		simulate(namespaces...)
		for step := range 4 {
			for i, order := range orders {
				Expect(k8s.Create(ctx, all[i][order[step]])).To(Succeed())
				// What is applied next comes only after the operator has seen this.
				Eventually(func() *metav1.Condition { return condition(ctx, all[i][order[step]], v1alpha1.ConditionReady) }).ShouldNot(BeNil())
			}
		}
		for i, order := range orders {
			By(strings.Join(order, ", "))
			for _, name := range order {
				eventuallyReady(ctx, all[i][name])
			}
			orders := all[i]["orders"].(*v1alpha1.Microservice)
			Expect(orders.Status.Dependents).To(BeEquivalentTo(1))
			Expect(orders.Status.URLs).To(Equal([]string{"http://shop.example.com/orders"}))
			shop := all[i]["shop"].(*v1alpha1.Topology)
			Eventually(func() int32 { _ = condition(ctx, shop, ""); return shop.Status.ReadyServices }).Should(BeEquivalentTo(3))
		}
	}, SpecTimeout(suiteTimeout))

	It("sends nothing on a second reconcile, also after a restart", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users, orders := topology(ns), microservice(ns, "users"), microservice(ns, "orders", "users")
		users.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Max: 4}}
		orders.Spec.Command = []string{"/orders"}
		for _, o := range []client.Object{shop, users, orders} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, shop, users, orders)
		settled(ns)
		before := versions(everythingIn(ctx, ns))

		By("a pod that changes nothing but wakes the controller")
		sent, ran := requestsFor.in(ns), reconciles()
		pod := &corev1.Pod{
			ObjectMeta: metav1.ObjectMeta{Name: "users-1", Namespace: ns, Labels: map[string]string{
				v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "users", v1alpha1.LabelComponent: v1alpha1.ComponentService}},
			Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "users", Image: "example.com/users:1"}}},
		}
		Expect(k8s.Create(ctx, pod)).To(Succeed())
		Eventually(reconciles).Should(BeNumerically(">", ran))
		Consistently(func() []string { return requestsFor.in(ns) }, "500ms").Should(Equal(sent))

		By("a second manager, which remembers nothing, and sees every object for the first time")
		second := &requestCounter{}
		ran = reconciles()
		DeferCleanup(startManager(apiServer, second))
		Eventually(reconciles).Should(BeNumerically(">=", ran+2))
		Consistently(func() []string { return second.in(ns) }, "1s").Should(BeEmpty())
		Expect(versions(everythingIn(ctx, ns))).To(Equal(before))
	}, SpecTimeout(suiteTimeout))

	It("builds nothing on a reconcile before which nothing has changed", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		// Of most of what is read there is more than one: what is found in another
		// order has not changed.
		settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: ns}, Data: map[string]string{"LEVEL": "info"}}
		shop, users := topology(ns), microservice(ns, "users", "ledger", "stock")
		users.Spec.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}
		ledger, stock := memberOf(ns, "ledger", "shop"), memberOf(ns, "stock", "shop")
		orders, payments := microservice(ns, "orders", "users"), microservice(ns, "payments", "users")
		for _, o := range []client.Object{settings, shop, users, ledger, stock, orders, payments} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, shop, users, orders, payments)
		for _, name := range []string{"usurper", "visitor"} {
			claims := memberOf(ns, name, "shop")
			claims.Spec.Routes = users.Spec.Routes
			Expect(k8s.Create(ctx, claims)).To(Succeed())
			eventuallyHas(ctx, claims, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonRouteConflict)
		}
		settled(ns)

		name := "microservice " + client.ObjectKeyFromObject(users).String()
		_, built := reconciled.of(name)
		for i := range 20 {
			before, _ := reconciled.of(name)
			change(ctx, settings, func(o *corev1.ConfigMap) { o.Annotations = map[string]string{"touched": strconv.Itoa(i)} })
			Eventually(func() int { n, _ := reconciled.of(name); return n }).Should(BeNumerically(">", before))
		}
		_, after := reconciled.of(name)
		Expect(after).To(Equal(built))
		change(ctx, settings, func(o *corev1.ConfigMap) { o.Data["LEVEL"] = "debug" })
		Eventually(func() int { _, n := reconciled.of(name); return n }).Should(BeNumerically(">", built))
	}, SpecTimeout(suiteTimeout))
})

// settled waits until the operator has gone quiet about a namespace.
func settled(ns string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		before := len(requestsFor.in(ns))
		g.Consistently(func() int { return len(requestsFor.in(ns)) }, "500ms").Should(Equal(before))
	}).Should(Succeed())
}

// versions are the resourceVersions of objects.
func versions(objects []client.Object) map[string]string {
	found := map[string]string{}
	for _, o := range objects {
		found[fmt.Sprintf("%T/%s", o, o.GetName())] = o.GetResourceVersion()
	}
	return found
}

// reconciles is how often Microservices were reconciled, by all managers together.
func reconciles() float64 {
	GinkgoHelper()
	families, err := metrics.Registry.Gather()
	Expect(err).NotTo(HaveOccurred())
	total := 0.0
	for _, family := range families {
		if family.GetName() != "controller_runtime_reconcile_total" {
			continue
		}
		for _, m := range family.GetMetric() {
			for _, label := range m.GetLabel() {
				if label.GetName() == "controller" && label.GetValue() == "microservice" {
					total += m.GetCounter().GetValue()
				}
			}
		}
	}
	return total
}

func permutations(items []string) [][]string {
	if len(items) < 2 {
		return [][]string{items}
	}
	var all [][]string
	for i := range items {
		rest := append(append([]string{}, items[:i]...), items[i+1:]...)
		for _, p := range permutations(rest) {
			all = append(all, append([]string{items[i]}, p...))
		}
	}
	return all
}
