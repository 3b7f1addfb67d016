// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("Deletion guard", Ordered, func() {
	BeforeAll(func(ctx SpecContext) {
		awaitDeletionGuard(ctx)
	}, NodeTimeout(suiteTimeout))

	// guarded is a Topology with the guard, in which orders and payments call users.
	guarded := func(ctx SpecContext, ns string) (shop *v1alpha1.Topology, users, orders *v1alpha1.Microservice) {
		shop = topology(ns)
		shop.Spec.DeletionGuard = v1alpha1.DeletionGuardDependents
		users, orders = microservice(ns, "users"), microservice(ns, "orders", "users")
		for _, o := range []client.Object{shop, users, orders, microservice(ns, "payments", "users")} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyGuarded(ctx, users, 2)
		return shop, users, orders
	}

	It("refuses to delete a service that others depend on, says how many and how to do it all the same", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		_, users, orders := guarded(ctx, ns)
		err := k8s.Delete(ctx, users)
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "got %v", err)
		Expect(err).To(MatchError(ContainSubstring(`2 Microservices depend on "users", and its Topology has deletionGuard: Dependents (to see them: kubectl atoll impact users -n ` + ns + `)`)))
		Expect(err).To(MatchError(ContainSubstring(`kubectl annotate microservice users -n ` + ns + ` atoll.dev/deletion-guard=override`)))

		By("deleting one that nobody depends on, which leaves fewer")
		Expect(k8s.Delete(ctx, orders)).To(Succeed())
		eventuallyGuarded(ctx, users, 1)
		Expect(k8s.Delete(ctx, users)).To(MatchError(ContainSubstring(`1 Microservice depends on "users"`)))

		By("deleting all of them at once, as kubectl delete --all does")
		Expect(k8s.DeleteAllOf(ctx, &v1alpha1.Microservice{}, client.InNamespace(ns))).NotTo(Succeed())
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(users), users)).To(Succeed())
	}, SpecTimeout(suiteTimeout))

	It("is overridden by an annotation", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		_, users, _ := guarded(ctx, ns)
		for value, refused := range map[string]bool{"yes": true, v1alpha1.DeletionGuardOverride: false} {
			change(ctx, users, func(ms *v1alpha1.Microservice) {
				ms.Annotations = map[string]string{v1alpha1.AnnotationDeletionGuard: value}
			})
			err := k8s.Delete(ctx, users, client.DryRunAll)
			Expect(err != nil).To(Equal(refused), "with %s: %v", value, err)
		}
	}, SpecTimeout(suiteTimeout))

	It("is taken away with the field, and lets go of one whose last dependent goes", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		shop, users, _ := guarded(ctx, ns)
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.DeletionGuard = v1alpha1.DeletionGuardNone })
		Eventually(func() v1alpha1.DeletionGuard {
			return get(ctx, &v1alpha1.Microservice{}, ns, "users").Status.DeletionGuard
		}).Should(Equal(v1alpha1.DeletionGuardNone))
		Expect(k8s.Delete(ctx, users)).To(Succeed())

		By("the Topology going")
		ns = newNamespace(ctx)
		shop, users, _ = guarded(ctx, ns)
		Expect(k8s.Delete(ctx, shop)).To(Succeed())
		Eventually(func() error { return k8s.Delete(ctx, users) }).Should(Succeed())

		By("the dependents going")
		ns = newNamespace(ctx)
		_, users, orders := guarded(ctx, ns)
		Expect(k8s.Delete(ctx, orders)).To(Succeed())
		Expect(k8s.Delete(ctx, get(ctx, &v1alpha1.Microservice{}, ns, "payments"))).To(Succeed())
		eventuallyGuarded(ctx, users, 0)
		Expect(k8s.Delete(ctx, users)).To(Succeed())
	}, SpecTimeout(suiteTimeout))

	It("counts nobody whom the service does not permit", func(ctx SpecContext) {
		ns, elsewhere := newNamespace(ctx), newNamespace(ctx)
		shop := topology(ns)
		shop.Spec.DeletionGuard = v1alpha1.DeletionGuardDependents
		users := microservice(ns, "users")
		stranger := bare(elsewhere, "stranger")
		stranger.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users", Namespace: ns}}
		for _, o := range []client.Object{shop, users, stranger} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyHas(ctx, stranger, v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)
		eventuallyGuarded(ctx, users, 0)
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Access = []v1alpha1.AccessRule{{Namespace: elsewhere, Name: "stranger"}}
		})
		eventuallyGuarded(ctx, users, 1)
		Expect(k8s.Delete(ctx, users)).To(MatchError(ContainSubstring("1 Microservice depends")))
	}, SpecTimeout(suiteTimeout))

	It("never holds up the deletion of a namespace", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		_, users, _ := guarded(ctx, ns)
		Expect(k8s.Delete(ctx, users)).NotTo(Succeed())
		Expect(k8s.Delete(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: ns}})).To(Succeed())
		// The API server needs a moment to know of it.
		Eventually(func() error { return k8s.Delete(ctx, users) }).Should(Succeed())
		Expect(users.Status.Dependents).To(BeEquivalentTo(2))
	}, SpecTimeout(suiteTimeout))

	DescribeTable("never holds up the cluster itself", func(ctx SpecContext, user string) {
		ns := newNamespace(ctx)
		_, users, _ := guarded(ctx, ns)
		for name, refused := range map[string]bool{"system:serviceaccount:kube-system:deployment-controller": true, user: false} {
			// Whoever it is may do everything but for the guard.
			err := clientAs(name, "system:masters").Delete(ctx, users.DeepCopy(), client.DryRunAll)
			Expect(err != nil).To(Equal(refused), "as %s: %v", name, err)
		}
	},
		Entry("that empties namespaces", "system:serviceaccount:kube-system:namespace-controller", SpecTimeout(suiteTimeout)),
		Entry("that collects garbage", "system:serviceaccount:kube-system:generic-garbage-collector", SpecTimeout(suiteTimeout)),
		Entry("where all its controllers have one name", "system:kube-controller-manager", SpecTimeout(suiteTimeout)),
	)
})

// awaitDeletionGuard waits until the policy of the suite's installation is in force.
func awaitDeletionGuard(ctx context.Context) {
	GinkgoHelper()
	// The operator takes the status back, so that it is written each time.
	ns := newNamespace(ctx)
	probe := bare(ns, "probe")
	Expect(k8s.Create(ctx, probe)).To(Succeed())
	Eventually(func() error {
		change(ctx, probe, func(*v1alpha1.Microservice) {})
		probe.Status.DeletionGuard, probe.Status.Dependents = v1alpha1.DeletionGuardDependents, 1
		if err := k8s.Status().Update(ctx, probe); err != nil {
			return err
		}
		return k8s.Delete(ctx, probe, client.DryRunAll)
	}).Should(MatchError(ContainSubstring("deletionGuard")))
}

// eventuallyGuarded waits until the operator has counted a service's dependents.
func eventuallyGuarded(ctx context.Context, ms *v1alpha1.Microservice, dependents int32) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms)).To(Succeed())
		g.Expect(ms.Status.DeletionGuard).To(Equal(v1alpha1.DeletionGuardDependents))
		g.Expect(ms.Status.Dependents).To(Equal(dependents))
	}).Should(Succeed())
}
