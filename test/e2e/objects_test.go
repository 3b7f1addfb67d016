//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// shopMember returns an empty Microservice with the key of a member of the shop.
func shopMember(name string) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{}
	ms.Namespace, ms.Name = namespace, name
	return ms
}

// condition reads one condition of an object; nil means that it is absent.
func condition(ctx context.Context, o client.Object, conditionType string) *metav1.Condition {
	if err := k8s.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		return nil
	}
	switch o := o.(type) {
	case *v1alpha1.Microservice:
		return meta.FindStatusCondition(o.Status.Conditions, conditionType)
	case *v1alpha1.Topology:
		return meta.FindStatusCondition(o.Status.Conditions, conditionType)
	}
	return nil
}

// eventuallyHas waits for a condition at the current generation and returns it.
func eventuallyHas(ctx context.Context, o client.Object, conditionType string, status metav1.ConditionStatus, reason string) *metav1.Condition {
	GinkgoHelper()
	var found *metav1.Condition
	Eventually(ctx, func(g Gomega) {
		found = condition(ctx, o, conditionType)
		g.Expect(found).NotTo(BeNil(), "%s has no condition %s", o.GetName(), conditionType)
		g.Expect([]any{found.Status, found.Reason, found.ObservedGeneration}).To(
			Equal([]any{status, reason, o.GetGeneration()}), "%s: %s", o.GetName(), found.Message)
	}).Should(Succeed())
	return found
}

func eventuallyReady(ctx context.Context, o client.Object) {
	GinkgoHelper()
	eventuallyHas(ctx, o, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
}

// update reads an object, mutates it and writes it, and retries on a conflict.
func update[T client.Object](ctx context.Context, o T, mutate func(T)) {
	GinkgoHelper()
	Eventually(ctx, func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		mutate(o)
		return k8s.Update(ctx, o)
	}).Should(Succeed())
}

// startRollout changes the pod template of a member with an env variable.
func startRollout(ctx context.Context, ms *v1alpha1.Microservice, value string) {
	GinkgoHelper()
	update(ctx, ms, func(ms *v1alpha1.Microservice) {
		ms.Spec.Env = []corev1.EnvVar{{Name: rolloutVariable, Value: value}}
	})
}

// rolloutVariable is an env variable that the services ignore.
const rolloutVariable = "E2E_ROLL"

// podsOf lists the pods of one component, including those that are terminating.
func podsOf(ctx context.Context, ms *v1alpha1.Microservice, component string) ([]corev1.Pod, error) {
	pods := &corev1.PodList{}
	err := k8s.List(ctx, pods, client.InNamespace(ms.Namespace),
		client.MatchingLabels{v1alpha1.LabelMicroservice: ms.Name, v1alpha1.LabelComponent: component})
	return pods.Items, err
}

// eventuallyReplaced waits until a pod with the same name but another UID is ready.
func eventuallyReplaced(ctx context.Context, old *corev1.Pod) {
	GinkgoHelper()
	Eventually(ctx, func(g Gomega) {
		pod := &corev1.Pod{}
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(old), pod)).To(Succeed())
		g.Expect(pod.UID).NotTo(Equal(old.UID))
		g.Expect(pod).To(beReady())
	}).Should(Succeed(), old.Name)
}

// beReady matches a pod that is ready.
func beReady() types.GomegaMatcher {
	return HaveField("Status.Conditions", ContainElement(And(HaveField("Type", corev1.PodReady), HaveField("Status", corev1.ConditionTrue))))
}

// deletePod deletes a pod with its grace period.
func deletePod(ctx context.Context, pod *corev1.Pod) {
	GinkgoHelper()
	Expect(k8s.Delete(ctx, pod)).To(Succeed())
}

// forceDelete deletes a pod without waiting for its containers, as after the loss
// of its node.
func forceDelete(ctx context.Context, pod *corev1.Pod) {
	GinkgoHelper()
	Expect(client.IgnoreNotFound(k8s.Delete(ctx, pod, client.GracePeriodSeconds(0)))).To(Succeed())
}

func eventuallyGone(ctx context.Context, o client.Object) {
	GinkgoHelper()
	Eventually(ctx, func() bool {
		return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(o), o))
	}).Should(BeTrue(), "%T %s still exists", o, o.GetName())
}
