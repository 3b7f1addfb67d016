// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("Ownership", func() {
	It("leaves foreign objects of the same name untouched and says so", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		foreign := []client.Object{
			&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "users", Namespace: ns}, Spec: corev1.ServiceSpec{
				Selector: map[string]string{"app": "mine"}, Ports: []corev1.ServicePort{{Port: 9999}}}},
			&appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: ns}, Spec: appsv1.DeploymentSpec{
				Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "mine"}},
				Template: corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "mine"}},
					Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "mine", Image: "mine"}}}}}},
			&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "payments-db", Namespace: ns}, Data: map[string][]byte{"password": []byte("mine")}},
			// One that claims to be Atoll's and is controlled by something else.
			&corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "carts", Namespace: ns,
				Labels:          map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "carts"},
				OwnerReferences: []metav1.OwnerReference{{APIVersion: "example.com/v1", Kind: "Cart", Name: "cart", UID: "1", Controller: new(true)}}},
				Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 9999}}}},
		}
		for _, o := range foreign {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		for name, want := range map[string]string{
			"users":    `Service "users" exists and was not created by Atoll; to fix: delete or rename it, or rename this Microservice`,
			"orders":   `Deployment "orders" exists and was not created by Atoll; to fix: delete or rename it, or rename this Microservice`,
			"payments": `Secret "payments-db" exists and was not created by Atoll; to fix: delete or rename it, or rename this Microservice`,
			"carts":    `Service "carts" exists and belongs to Cart "cart"; to fix: delete or rename it, or rename this Microservice`,
		} {
			ms := bare(ns, name)
			if name == "payments" {
				ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
			}
			Expect(k8s.Create(ctx, ms)).To(Succeed())
			Expect(eventuallyHas(ctx, ms, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)).To(Equal(want))
			eventuallyHas(ctx, ms, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNotOwned)
		}
		for _, o := range foreign {
			before := o.GetResourceVersion()
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
			// A Deployment's status is the simulation's.
			if _, ok := o.(*appsv1.Deployment); !ok {
				Expect(o.GetResourceVersion()).To(Equal(before), o.GetName())
			}
			for _, manager := range o.GetManagedFields() {
				Expect(manager.Manager).NotTo(Equal("atoll"))
			}
		}

		By("the foreign object going away")
		Expect(k8s.Delete(ctx, foreign[0])).To(Succeed())
		users := bare(ns, "users")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Args = []string{"--again"} })
		eventuallyReady(ctx, users)
	}, SpecTimeout(suiteTimeout))

	It("tells of a foreign NetworkPolicy where it belongs", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		shop, users := topology(ns), memberOf(ns, "users", "shop")
		Expect(k8s.Create(ctx, &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "users", Namespace: ns}})).To(Succeed())
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyHas(ctx, users, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
		Expect(condition(ctx, users, v1alpha1.ConditionDatabaseReady)).To(BeNil())
	}, SpecTimeout(suiteTimeout))

	It("leaves a foreign Gateway of a Topology's name untouched", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		gateway := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: ns}, Spec: gatewayv1.GatewaySpec{
			GatewayClassName: "other", Listeners: []gatewayv1.Listener{{Name: "mine", Port: 8080, Protocol: gatewayv1.HTTPProtocolType}}}}
		Expect(k8s.Create(ctx, gateway)).To(Succeed())
		shop := topology(ns)
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		eventuallyHas(ctx, shop, v1alpha1.ConditionGatewayReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
		before := gateway.ResourceVersion
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(gateway), gateway)).To(Succeed())
		Expect(gateway.ResourceVersion).To(Equal(before))
	}, SpecTimeout(suiteTimeout))
})
