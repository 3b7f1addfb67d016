// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/monitoring"
)

var _ = Describe("The PodMonitor of a member", Ordered, func() {
	monitorOf := func(ctx context.Context, ms *v1alpha1.Microservice) func() (map[string]any, error) {
		return func() (map[string]any, error) {
			monitor := &unstructured.Unstructured{}
			monitor.SetGroupVersionKind(monitoring.PodMonitorKind)
			err := k8s.Get(ctx, client.ObjectKeyFromObject(ms), monitor)
			spec, _, _ := unstructured.NestedMap(monitor.Object, "spec")
			return spec, err
		}
	}

	It("is made where the Prometheus operator is installed, and goes with monitoring", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shop"}}
		topology.Spec.Monitoring = &v1alpha1.Monitoring{PodPeer: v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{}}}
		users := bare(ns, "users")
		users.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: "shop"}
		Expect(k8s.Create(ctx, topology)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Eventually(monitorOf(ctx, users)).Should(HaveKeyWithValue("podMetricsEndpoints", ConsistOf(
			And(HaveKeyWithValue("port", "http"), HaveKeyWithValue("path", "/metrics")))))

		change(ctx, topology, func(topology *v1alpha1.Topology) { topology.Spec.Monitoring = nil })
		Eventually(func() bool {
			_, err := monitorOf(ctx, users)()
			return apierrors.IsNotFound(err)
		}).Should(BeTrue())
		eventuallyReady(ctx, users)
	}, SpecTimeout(suiteTimeout))

	It("is left out where the CRD is missing, and follows when it comes and goes", func(ctx SpecContext) {
		bareServer, _ := startBare()
		ns := newNamespace(ctx)
		simulate(ns)
		topology := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "shop"}}
		topology.Spec.Monitoring = &v1alpha1.Monitoring{PodPeer: v1alpha1.PodPeer{NamespaceSelector: &metav1.LabelSelector{}}}
		users := bare(ns, "users")
		users.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: "shop"}
		Expect(k8s.Create(ctx, topology)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)

		crds := installCRDs(bareServer, "testdata/podmonitors.monitoring.coreos.com.yaml")
		Eventually(monitorOf(ctx, users)).Should(HaveKey("selector"))
		Expect(k8s.Delete(ctx, crds[0])).To(Succeed())
		Eventually(func() error {
			return k8s.Get(ctx, client.ObjectKeyFromObject(crds[0]), &apiextensionsv1.CustomResourceDefinition{})
		}).ShouldNot(Succeed())
		eventuallyReady(ctx, users)

		By("coming back")
		installCRDs(bareServer, "testdata/podmonitors.monitoring.coreos.com.yaml")
		Eventually(monitorOf(ctx, users)).Should(HaveKey("selector"))
	}, SpecTimeout(suiteTimeout))
})
