//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// brokenNamespace is the namespace of the services that can't run.
const brokenNamespace = "e2e-broken"

var _ = Describe("A service that can't run reports the cause and recovers after it is fixed:", func() {
	BeforeEach(func(ctx SpecContext) { createNamespace(ctx, brokenNamespace) }, NodeTimeout(specTimeout))

	It("a missing image", func(ctx SpecContext) {
		ms := standalone(brokenNamespace, "unpulled")
		ms.Spec.Image = images["users"][:strings.LastIndex(images["users"], ":")] + ":does-not-exist"
		Expect(k8s.Create(ctx, ms)).To(Succeed())
		ready := eventuallyHas(ctx, ms, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonImagePullFailed)
		expectStalled(ms, ready.Message, ms.Spec.Image)

		update(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.Image = images["users"] })
		eventuallyReady(ctx, ms)
		Expect(meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionStalled)).To(BeNil())
	}, SpecTimeout(specTimeout))

	It("a quota that admits no pods", func(ctx SpecContext) {
		quota := &corev1.ResourceQuota{
			ObjectMeta: metav1.ObjectMeta{Namespace: brokenNamespace, Name: "no-pods"},
			Spec:       corev1.ResourceQuotaSpec{Hard: corev1.ResourceList{corev1.ResourcePods: resource.MustParse("0")}},
		}
		Expect(k8s.Create(ctx, quota)).To(Succeed())
		Eventually(ctx, func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(quota), quota)).To(Succeed())
			g.Expect(quota.Status.Hard).NotTo(BeEmpty())
		}).Should(Succeed())
		ms := standalone(brokenNamespace, "refused")
		Expect(k8s.Create(ctx, ms)).To(Succeed())
		ready := eventuallyHas(ctx, ms, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonPodsRefused)
		expectStalled(ms, ready.Message, quota.Name)

		Expect(k8s.Delete(ctx, quota)).To(Succeed())
		eventuallyReady(ctx, ms)
	}, SpecTimeout(specTimeout))

	It("a missing Secret", func(ctx SpecContext) {
		ms := standalone(brokenNamespace, "keyless")
		ms.Spec.Env = []corev1.EnvVar{{Name: "API_KEY", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "payment-provider"}, Key: "key",
		}}}}
		Expect(k8s.Create(ctx, ms)).To(Succeed())
		ready := eventuallyHas(ctx, ms, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)
		Expect(ready.Message).To(ContainSubstring(`"payment-provider"`))

		Expect(k8s.Create(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: brokenNamespace, Name: "payment-provider"},
			StringData: map[string]string{"key": "s3cret"},
		})).To(Succeed())
		eventuallyReady(ctx, ms)
	}, SpecTimeout(specTimeout))
})

// expectStalled expects Stalled to be True, and both its message and that of Ready
// to name the cause.
func expectStalled(ms *v1alpha1.Microservice, readyMessage, cause string) {
	GinkgoHelper()
	stalled := meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionStalled)
	Expect(stalled).NotTo(BeNil(), "not Stalled: %s", readyMessage)
	Expect(stalled.Status).To(Equal(metav1.ConditionTrue))
	Expect(stalled.Message).To(ContainSubstring(cause))
	Expect(readyMessage).To(ContainSubstring(cause))
}
