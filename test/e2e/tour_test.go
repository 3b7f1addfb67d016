//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"net/url"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/test/shop"
)

var _ = Describe("The sample topology", func() {
	It("becomes Ready and serves users, orders and payments through its gateway", func(ctx SpecContext) {
		eventuallyShopReady(ctx)

		user := createUser(ctx)
		order := createOrder(ctx, user)
		payment, err := shopClient.CreatePayment(ctx, "tour", shop.Payment{OrderID: order.ID, AmountCents: order.TotalCents, Currency: order.Currency})
		Expect(err).NotTo(HaveOccurred())
		Expect(payment.OrderID).To(Equal(order.ID))
		paid, err := shopClient.WaitForPaidOrder(ctx, order.ID)
		Expect(err).NotTo(HaveOccurred())
		Expect(paid.UserID).To(Equal(user.ID))
		Expect(paid.TotalCents).To(BeEquivalentTo(2500))
	}, SpecTimeout(specTimeout))

	It("reports URLs, databases, replicas and dependents in status", func(ctx SpecContext) {
		eventuallyShopReady(ctx)

		topology := &v1alpha1.Topology{}
		Eventually(ctx, func() (string, error) {
			err := k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "shop"}, topology)
			return topology.Status.Ready, err
		}).Should(Equal("3/3"))
		gateway, err := url.Parse(gatewayURL)
		Expect(err).NotTo(HaveOccurred())
		base := "http://" + hostname
		if port := gateway.Port(); port != "" && gateway.Scheme == "http" {
			base += ":" + port
		}
		Expect(topology.Status.URLs).To(Equal([]string{base}))
		Expect([]int32{topology.Status.Services, topology.Status.ReadyServices}).To(Equal([]int32{3, 3}))
		for _, name := range services {
			ms := shopMember(name)
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms)).To(Succeed())
			Expect(ms.Status.URLs).To(Equal([]string{base + "/" + name}))
			Expect(ms.Status.Database.SecretName).To(Equal(name + "-db"))
			Expect(ms.Status.ReadyReplicas).To(BeEquivalentTo(2))
			Expect(ms.Status.Dependents).To(BeEquivalentTo(map[string]int{"users": 1, "orders": 1}[name]), name)
		}
	}, SpecTimeout(specTimeout))

	It("creates the schema of each database with a Job that runs once", func(ctx SpecContext) {
		eventuallyShopReady(ctx)

		for _, name := range services {
			jobs := &batchv1.JobList{}
			Expect(k8s.List(ctx, jobs, client.InNamespace(namespace),
				client.MatchingLabels{v1alpha1.LabelMicroservice: name, v1alpha1.LabelComponent: v1alpha1.ComponentMigration})).To(Succeed())
			Expect(jobs.Items).To(HaveLen(1), name)
			job := &jobs.Items[0]
			Expect(job.Name).To(HavePrefix(name + "-migrate-"))
			Expect(job.Spec.Template.Spec.Containers[0].Command).To(Equal([]string{"/" + name, "migrate"}))
			Expect([]int32{job.Status.Succeeded, job.Status.Failed}).To(Equal([]int32{1, 0}), name)
			Expect(job.Status.Conditions).To(ContainElement(And(HaveField("Type", batchv1.JobComplete), HaveField("Status", corev1.ConditionTrue))), name)
		}
	}, SpecTimeout(specTimeout))
})
