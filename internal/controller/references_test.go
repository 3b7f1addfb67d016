// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("References", func() {
	It("hold a rollout while missing, and roll the pods by content alone", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "settings"}}}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)).
			To(Equal(`ConfigMap "settings" does not exist in namespace "` + ns + `", and envFrom[0] needs it; to fix: create it, or correct envFrom[0]`))

		settings := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "settings", Namespace: ns}, Data: map[string]string{"A": "1"}}
		Expect(k8s.Create(ctx, settings)).To(Succeed())
		eventuallyReady(ctx, users)
		d := get(ctx, &appsv1.Deployment{}, ns, "users")
		hash := d.Spec.Template.Annotations["atoll.dev/references-hash"]
		Expect(hash).NotTo(BeEmpty())

		By("a label that changes no content")
		change(ctx, settings, func(c *corev1.ConfigMap) { c.Labels = map[string]string{"team": "a"} })
		settled(ns)
		Expect(get(ctx, &appsv1.Deployment{}, ns, "users").Generation).To(Equal(d.Generation))

		By("another value")
		change(ctx, settings, func(c *corev1.ConfigMap) { c.Data["A"] = "2" })
		Eventually(func() string {
			return get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template.Annotations["atoll.dev/references-hash"]
		}).ShouldNot(Equal(hash))

		By("its deletion, which leaves what runs running")
		eventuallyReady(ctx, users)
		Expect(k8s.Delete(ctx, settings)).To(Succeed())
		eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)
		get(ctx, &appsv1.Deployment{}, ns, "users")
	}, SpecTimeout(suiteTimeout))
})
