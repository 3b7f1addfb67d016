// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("A quota of zero", func() {
	It("for Services is told, and got over", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		quota := forbid(ctx, ns, corev1.ResourceServices)
		users := bare(ns, "users")
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRefused)).To(Equal(
			`Service "users" is refused by the API server, and Atoll retries: services "users" is forbidden: ` +
				`exceeded quota: zero, requested: services=1, used: services=0, limited: services=0; to fix: raise the namespace's ResourceQuota, or request less`))
		eventuallyHas(ctx, users, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRefused)
		Expect(k8s.Delete(ctx, quota)).To(Succeed())
		eventuallyReady(ctx, users)
	}, SpecTimeout(suiteTimeout))

	It("for Secrets keeps a database from starting without its password", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		quota := forbid(ctx, ns, corev1.ResourceSecrets)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		for _, condition := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionDatabaseReady} {
			Expect(eventuallyHas(ctx, users, condition, metav1.ConditionFalse, v1alpha1.ReasonRefused)).To(ContainSubstring(`Secret "users-db-admin"`))
		}
		get(ctx, &corev1.Service{}, ns, "users")
		Consistently(func() []string { return kinds(everythingIn(ctx, ns)) }, "1s").ShouldNot(
			ContainElement(Or(HavePrefix("StatefulSet/"), HavePrefix("PersistentVolumeClaim/"), HavePrefix("Deployment/"))))
		Expect(k8s.Delete(ctx, quota)).To(Succeed())
		eventuallyReady(ctx, users)
		get(ctx, &appsv1.StatefulSet{}, ns, "users-db")
	}, SpecTimeout(suiteTimeout))
})

// forbid makes a quota that allows no object of a kind. Its status is what
// counts, which a controller writes that envtest lacks.
func forbid(ctx SpecContext, ns string, kind corev1.ResourceName) *corev1.ResourceQuota {
	GinkgoHelper()
	none := corev1.ResourceList{kind: resource.MustParse("0")}
	quota := &corev1.ResourceQuota{
		ObjectMeta: metav1.ObjectMeta{Name: "zero", Namespace: ns},
		Spec:       corev1.ResourceQuotaSpec{Hard: none},
	}
	Expect(k8s.Create(ctx, quota)).To(Succeed())
	quota.Status = corev1.ResourceQuotaStatus{Hard: none, Used: none}
	Expect(k8s.Status().Update(ctx, quota)).To(Succeed())
	return quota
}
