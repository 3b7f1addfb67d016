//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"fmt"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("An operator that is killed during a rollout", func() {
	It("is replaced and completes the rollout without recreating a child", func(ctx SpecContext) {
		eventuallyShopReady(ctx)
		before := childUIDs(ctx, "orders")
		old := operatorPod(ctx)
		orders := shopMember("orders")

		By("killing the operator during the rollout")
		startRollout(ctx, orders, "operator")
		Eventually(ctx, func(g Gomega) { expectRolling(ctx, g) }).Should(Succeed())
		forceDelete(ctx, old)
		expectRolling(ctx, Default)
		Expect(condition(ctx, orders, v1alpha1.ConditionReady)).NotTo(HaveField("Status", BeEquivalentTo("True")))

		By("waiting for the new operator to report Ready")
		eventuallyReady(ctx, orders)
		Expect(leaderPodName(ctx)).NotTo(HavePrefix(old.Name))
		Expect(operatorPod(ctx).UID).NotTo(Equal(old.UID))
		pods, err := podsOf(ctx, orders, v1alpha1.ComponentService)
		Expect(err).NotTo(HaveOccurred())
		for i := range pods {
			if pods[i].DeletionTimestamp == nil {
				Expect(pods[i].Spec.Containers[0].Env).To(ContainElement(corev1.EnvVar{Name: rolloutVariable, Value: "operator"}))
			}
		}
		Expect(childUIDs(ctx, "orders")).To(Equal(before))
	}, SpecTimeout(specTimeout))
})

// expectRolling expects the Deployment of orders to have the new template but
// still pods of the old one.
func expectRolling(ctx context.Context, g Gomega) {
	d := &appsv1.Deployment{}
	g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "orders"}, d)).To(Succeed())
	g.Expect(d.Spec.Template.Spec.Containers[0].Env).To(ContainElement(corev1.EnvVar{Name: rolloutVariable, Value: "operator"}))
	g.Expect(d.Status.ObservedGeneration).To(Equal(d.Generation))
	g.Expect(d.Status.UpdatedReplicas).To(BeNumerically("<", d.Status.Replicas))
}

// operatorPod waits until all pods of the operator are ready, and returns the leader's.
func operatorPod(ctx context.Context) *corev1.Pod {
	GinkgoHelper()
	var leader *corev1.Pod
	Eventually(ctx, func(g Gomega) {
		pods := &corev1.PodList{}
		g.Expect(k8s.List(ctx, pods, client.InNamespace(operatorNamespace), client.MatchingLabels{"control-plane": "controller-manager"})).To(Succeed())
		g.Expect(pods.Items).To(HaveLen(operatorReplicas))
		leader = nil
		name := leaderPodName(ctx)
		for i := range pods.Items {
			g.Expect(pods.Items[i].DeletionTimestamp).To(BeNil())
			g.Expect(&pods.Items[i]).To(beReady())
			if pods.Items[i].Name == name {
				leader = &pods.Items[i]
			}
		}
		g.Expect(leader).NotTo(BeNil(), "the lease names %q, which is no pod of the operator", name)
	}).Should(Succeed())
	return leader
}

// leaderPodName returns the name of the pod that holds the lease.
func leaderPodName(ctx context.Context) string {
	GinkgoHelper()
	lease := &coordinationv1.Lease{}
	Expect(k8s.Get(ctx, client.ObjectKey{Namespace: operatorNamespace, Name: "manager.atoll.dev"}, lease)).To(Succeed())
	pod, _, _ := strings.Cut(ptr.Deref(lease.Spec.HolderIdentity, ""), "_")
	return pod
}

// childUIDs returns the UIDs of a member's children by type and name.
func childUIDs(ctx context.Context, name string) map[string]types.UID {
	GinkgoHelper()
	uids := map[string]types.UID{}
	for _, list := range []client.ObjectList{
		&appsv1.DeploymentList{}, &appsv1.StatefulSetList{}, &corev1.ServiceList{}, &corev1.ServiceAccountList{}, &corev1.SecretList{},
		&corev1.PersistentVolumeClaimList{}, &policyv1.PodDisruptionBudgetList{}, &gatewayv1.HTTPRouteList{},
	} {
		Expect(k8s.List(ctx, list, client.InNamespace(namespace), client.MatchingLabels{v1alpha1.LabelMicroservice: name})).To(Succeed())
		Expect(meta.EachListItem(list, func(item runtime.Object) error {
			o := item.(client.Object)
			uids[fmt.Sprintf("%T %s", o, o.GetName())] = o.GetUID()
			return nil
		})).To(Succeed())
	}
	// Deployment, StatefulSet, two Services, ServiceAccount, two Secrets, claim, budget, route.
	Expect(uids).To(HaveLen(10))
	return uids
}
