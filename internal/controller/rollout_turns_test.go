// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("A default of a Topology", func() {
	It("that changes is rolled out by a few members at a time, and a member's own change at once", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop := topology(ns)
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		var members []*v1alpha1.Microservice
		for i := range 6 {
			member := memberOf(ns, fmt.Sprintf("svc-%d", i), "shop")
			Expect(k8s.Create(ctx, member)).To(Succeed())
			members = append(members, member)
		}
		for _, member := range members {
			eventuallyReady(ctx, member)
		}
		settled(ns)
		with := func(name string) func() []string {
			return func() []string {
				var found []string
				deployments := &appsv1.DeploymentList{}
				Expect(k8s.List(ctx, deployments, client.InNamespace(ns))).To(Succeed())
				for i := range deployments.Items {
					for _, v := range deployments.Items[i].Spec.Template.Spec.Containers[0].Env {
						if v.Name == name {
							found = append(found, deployments.Items[i].Name)
						}
					}
				}
				return found
			}
		}

		release := sticks(ns)
		change(ctx, shop, func(t *v1alpha1.Topology) {
			t.Spec.Defaults = &v1alpha1.TopologyDefaults{Env: []corev1.EnvVar{{Name: "LOG_LEVEL", Value: "debug"}}}
		})
		Eventually(with("LOG_LEVEL")).Should(HaveLen(3))
		Consistently(with("LOG_LEVEL"), "6s").Should(HaveLen(3))
		waiting := 0
		for _, member := range members {
			if c := conditionOf(ctx, member, v1alpha1.ConditionWorkloadReady); strings.HasPrefix(c.Message, "The change waits for other services of the Topology") {
				Expect([]string{string(c.Status), c.Reason}).To(Equal([]string{"False", v1alpha1.ReasonProgressing}))
				waiting++
			}
		}
		Expect(waiting).To(Equal(3))

		By("a change of one that waits")
		var own *v1alpha1.Microservice
		for _, member := range members {
			if !slices.Contains(with("LOG_LEVEL")(), member.Name) {
				own = member
			}
		}
		change(ctx, own, func(ms *v1alpha1.Microservice) { ms.Spec.Env = []corev1.EnvVar{{Name: "OWN", Value: "1"}} })
		Eventually(with("OWN")).Should(ConsistOf(own.Name))

		By("the rollouts completing")
		release()
		Eventually(with("LOG_LEVEL")).Should(HaveLen(6))
		for _, member := range members {
			eventuallyReady(ctx, member)
		}
	}, SpecTimeout(suiteTimeout))

	It("reaches members that set no value of their own, and so does the ConfigMap that it names", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, plain, own := topology(ns), memberOf(ns, "plain", "shop"), memberOf(ns, "own", "shop")
		one, seconds := int32(1), int64(5)
		shop.Spec.Defaults = &v1alpha1.TopologyDefaults{
			Scaling: &v1alpha1.Scaling{Replicas: &one}, TerminationGracePeriodSeconds: &seconds,
			Env: []corev1.EnvVar{{Name: "PORT"}, {Name: "GREETING", ValueFrom: &corev1.EnvVarSource{ConfigMapKeyRef: &corev1.ConfigMapKeySelector{
				LocalObjectReference: corev1.LocalObjectReference{Name: "greetings"}, Key: "text"}}}},
			PodTemplate: raw(`{"spec": {"securityContext": {"runAsUser": 1000}, "nodeSelector": {"disk": "ssd"}}}`),
		}
		own.Spec.Scaling = &v1alpha1.Scaling{Replicas: new(int32(3))}
		own.Spec.Env = []corev1.EnvVar{{Name: "PORT", Value: "1"}, {Name: "GREETING", Value: "own"}}
		own.Spec.PodTemplate = raw(`{"spec": {"securityContext": {"runAsUser": 2000}}}`)
		config := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "greetings", Namespace: ns}, Data: map[string]string{"text": "hello"}}
		for _, o := range []client.Object{config, shop, plain, own} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, plain, own)
		of := func(name string) *appsv1.Deployment { return get(ctx, &appsv1.Deployment{}, ns, name) }
		value := func(d *appsv1.Deployment, name string) string {
			for _, v := range d.Spec.Template.Spec.Containers[0].Env {
				if v.Name == name {
					return v.Value
				}
			}
			return ""
		}
		Expect(*of("plain").Spec.Replicas).To(Equal(int32(1)))
		Expect(*of("own").Spec.Replicas).To(Equal(int32(3)))
		Expect(value(of("plain"), "PORT")).To(Equal("8080"))
		Expect(value(of("own"), "PORT")).To(Equal("1"))
		Expect(*of("plain").Spec.Template.Spec.TerminationGracePeriodSeconds).To(Equal(int64(10)), "the drain and the default")
		Expect(*of("plain").Spec.Template.Spec.SecurityContext.RunAsUser).To(Equal(int64(1000)))
		Expect(*of("own").Spec.Template.Spec.SecurityContext.RunAsUser).To(Equal(int64(2000)))
		Expect(of("own").Spec.Template.Spec.NodeSelector).To(Equal(map[string]string{"disk": "ssd"}))

		before := of("plain").Spec.Template.Annotations
		change(ctx, config, func(c *corev1.ConfigMap) { c.Data["text"] = "good morning" })
		Eventually(func() map[string]string { return of("plain").Spec.Template.Annotations }).ShouldNot(Equal(before))
	}, SpecTimeout(suiteTimeout))
})
