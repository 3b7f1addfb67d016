// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/monitoring"
)

var _ = Describe("The objectives of a service", Ordered, func() {
	ruleOf := func(ctx context.Context, ms *v1alpha1.Microservice) func() (*unstructured.Unstructured, error) {
		return func() (*unstructured.Unstructured, error) {
			rule := &unstructured.Unstructured{}
			rule.SetGroupVersionKind(monitoring.PrometheusRuleKind)
			return rule, k8s.Get(ctx, client.ObjectKeyFromObject(ms), rule)
		}
	}

	It("wait for the Prometheus operator and for metrics, and keep no service from Ready", func(ctx SpecContext) {
		bareServer, _ := startBare()
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.SLO = &v1alpha1.ServiceLevelObjective{Availability: "99.9"}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		reason := func() string {
			c := conditionOf(ctx, users, v1alpha1.ConditionObjectivesMonitored)
			return string(c.Status) + c.Reason
		}
		Eventually(reason).Should(Equal("False" + v1alpha1.ReasonCRDNotInstalled))

		By("the operator of Prometheus is installed")
		rules := installCRDs(bareServer, "testdata/prometheusrules.monitoring.coreos.com.yaml")
		Eventually(ruleOf(ctx, users)).ShouldNot(BeNil())
		Eventually(reason).Should(Equal("False" + v1alpha1.ReasonNotMonitored))

		By("a Topology says who scrapes")
		topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shop"}}
		topology.Spec.Monitoring = &v1alpha1.Monitoring{PodPeer: v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{}}, Labels: map[string]v1alpha1.LabelValue{"release": "prometheus"}}
		Expect(k8s.Create(ctx, topology)).To(Succeed())
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: "shop"} })
		Eventually(func() string {
			return reason() + conditionOf(ctx, users, v1alpha1.ConditionObjectivesMonitored).Message
		}).Should(And(HavePrefix("False"+v1alpha1.ReasonNotMonitored), ContainSubstring(monitoring.PodMonitorCRD)))

		By("the pods can be scraped")
		podMonitors := installCRDs(bareServer, "testdata/podmonitors.monitoring.coreos.com.yaml")
		Eventually(reason).Should(Equal("True" + v1alpha1.ReasonReady))
		Eventually(func() map[string]string {
			rule, err := ruleOf(ctx, users)()
			if err != nil {
				return nil
			}
			return rule.GetLabels()
		}).Should(HaveKeyWithValue("release", "prometheus"))
		eventuallyReady(ctx, users)

		By("the objective is removed")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.SLO = nil })
		Eventually(reason).Should(BeEmpty())
		Eventually(func() bool {
			_, err := ruleOf(ctx, users)()
			return apierrors.IsNotFound(err)
		}).Should(BeTrue())
		for _, crd := range append(rules, podMonitors...) {
			Expect(k8s.Delete(ctx, crd)).To(Succeed())
			Eventually(func() error {
				return k8s.Get(ctx, client.ObjectKeyFromObject(crd), &apiextensionsv1.CustomResourceDefinition{})
			}).ShouldNot(Succeed())
		}
	}, SpecTimeout(suiteTimeout))
})
