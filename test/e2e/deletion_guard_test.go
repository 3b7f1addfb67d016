//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("The deletion guard", func() {
	It("refuses a user's deletion, but not the garbage collector's or the namespace controller's", func(ctx SpecContext) {
		const ns = "e2e-guard"
		createNamespace(ctx, ns)
		topology := &v1alpha1.Topology{Spec: v1alpha1.TopologySpec{DeletionGuard: v1alpha1.DeletionGuardDependents}}
		topology.Namespace, topology.Name = ns, "guarded"
		owner := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "owner"}}
		Expect(k8s.Create(ctx, topology)).To(Succeed())
		Expect(k8s.Create(ctx, owner)).To(Succeed())
		// The guard needs no pods, so the services are suspended.
		suspended := func(name string, dependencies ...v1alpha1.Dependency) *v1alpha1.Microservice {
			ms := &v1alpha1.Microservice{Spec: v1alpha1.MicroserviceSpec{
				TopologyRef: &v1alpha1.TopologyReference{Name: topology.Name}, Image: images["users"], Suspend: ptr.To(true), Dependencies: dependencies,
			}}
			ms.Namespace, ms.Name = ns, name
			return ms
		}
		users := suspended("users")
		users.OwnerReferences = []metav1.OwnerReference{{APIVersion: "v1", Kind: "ConfigMap", Name: owner.Name, UID: owner.UID}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(k8s.Create(ctx, suspended("orders", v1alpha1.Dependency{Name: "users"}))).To(Succeed())
		eventuallyGuarded(ctx, users)

		By("deleting a Microservice that has a dependent")
		out, err := kubectl(ctx, "-n", ns, "delete", "microservice", "users")
		Expect(err).To(HaveOccurred(), out)
		Expect(err).To(MatchError(ContainSubstring(`1 Microservice depends on "users"`)))
		Expect(err).To(MatchError(ContainSubstring("kubectl annotate microservice users -n e2e-guard atoll.dev/deletion-guard=override")))

		By("deleting its owner")
		Expect(k8s.Delete(ctx, owner)).To(Succeed())
		eventuallyGone(ctx, users)

		By("deleting the namespace")
		users = suspended("users")
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyGuarded(ctx, users)
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}}
		Expect(k8s.Delete(ctx, namespace)).To(Succeed())
		eventuallyGone(ctx, namespace)
	}, SpecTimeout(specTimeout))
})

// eventuallyGuarded waits until the status reports the guard and one dependent.
func eventuallyGuarded(ctx context.Context, ms *v1alpha1.Microservice) {
	GinkgoHelper()
	Eventually(ctx, func(g Gomega) {
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms)).To(Succeed())
		g.Expect(ms.Status.DeletionGuard).To(Equal(v1alpha1.DeletionGuardDependents))
		g.Expect(ms.Status.Dependents).To(BeEquivalentTo(1))
	}).Should(Succeed())
}
