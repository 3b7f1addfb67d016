//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("Under steady load through the gateway, orders", func() {
	It("rolls out and scales without a dropped request", func(ctx SpecContext) {
		eventuallyShopReady(ctx)
		user := createUser(ctx)
		order := createOrder(ctx, user)
		orders := shopMember("orders")
		stream := startLoad(ctx, user, order)

		By("changing the pod template")
		startRollout(ctx, orders, "load")
		eventuallyRolledOut(ctx, orders, "load", 2)
		By("scaling up to three")
		setReplicas(ctx, orders, 3)
		eventuallyRolledOut(ctx, orders, "load", 3)
		By("scaling down to two")
		setReplicas(ctx, orders, 2)
		eventuallyRolledOut(ctx, orders, "load", 2)

		stream.stop()
		AddReportEntry("load", stream.String())
		Expect(stream.failures).To(BeEmpty())
		Expect(stream.complete).To(BeTrue(), "the load ended before the rollout did: %s", stream)
	}, SpecTimeout(specTimeout))
})

var _ = Describe("An autoscaler of the team's own", func() {
	It("scales a Microservice that declares no number", func(ctx SpecContext) {
		const ns = "scaler"
		createNotesTopology(ctx, ns)
		ms := newRelay(ns, "echo", relayHTTP)
		createAll(ctx, ms)
		// Without metrics, the controller still keeps the number in the range.
		hpa := &autoscalingv2.HorizontalPodAutoscaler{}
		hpa.Namespace, hpa.Name = ns, "theirs"
		hpa.Spec.MinReplicas, hpa.Spec.MaxReplicas = ptr.To[int32](3), 4
		hpa.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: v1alpha1.GroupVersion.String(), Kind: "Microservice", Name: ms.Name}
		Expect(k8s.Create(ctx, hpa)).To(Succeed())
		eventuallyHasPods(ctx, ms, 3)
		Eventually(ctx, func() (*autoscalingv2.HorizontalPodAutoscaler, error) {
			return hpa, k8s.Get(ctx, client.ObjectKeyFromObject(hpa), hpa)
		}).Should(And(
			HaveField("Status.CurrentReplicas", BeEquivalentTo(3)),
			HaveField("Status.Conditions", ContainElement(And(HaveField("Type", autoscalingv2.AbleToScale), HaveField("Status", corev1.ConditionTrue))))))
	}, SpecTimeout(specTimeout))
})

func setReplicas(ctx context.Context, ms *v1alpha1.Microservice, replicas int32) {
	GinkgoHelper()
	update(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.Scaling = &v1alpha1.Scaling{Replicas: ptr.To(replicas)} })
}

// eventuallyRolledOut waits until a member is Ready, has exactly the given number of
// pods, and all of them have the new template.
func eventuallyRolledOut(ctx context.Context, ms *v1alpha1.Microservice, value string, replicas int) {
	GinkgoHelper()
	Eventually(ctx, func(g Gomega) {
		pods, err := podsOf(ctx, ms, v1alpha1.ComponentService)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(pods).To(HaveLen(replicas))
		for i := range pods {
			g.Expect(pods[i].Spec.Containers[0].Env).To(ContainElement(corev1.EnvVar{Name: rolloutVariable, Value: value}))
			g.Expect(pods[i].DeletionTimestamp).To(BeNil())
		}
	}).Should(Succeed())
	eventuallyReady(ctx, ms)
}
