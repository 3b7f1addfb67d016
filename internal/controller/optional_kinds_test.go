// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"net/http"
	"path"
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
)

var _ = Describe("Optional kinds", Serial, func() {
	It("are told when missing and taken up when installed, without a restart", func(ctx SpecContext) {
		bareServer, sent := startBare()
		ns := newNamespace(ctx)
		shop, users := topology(ns), microservice(ns, "users")
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonCRDNotInstalled)).
			To(ContainSubstring(`"httproutes.gateway.networking.k8s.io"`))
		Expect(eventuallyHas(ctx, shop, v1alpha1.ConditionGatewayReady, metav1.ConditionFalse, v1alpha1.ReasonCRDNotInstalled)).
			To(ContainSubstring(`"gateways.gateway.networking.k8s.io"`))

		crds := installCRDs(bareServer, gatewayCRDs())
		Expect(k8s.Create(ctx, &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: className}, Spec: gatewayv1.GatewayClassSpec{ControllerName: "example.com/simulated"}})).To(Succeed())
		simulate(ns)
		eventuallyReady(ctx, shop, users)
		gateway := get(ctx, &gatewayv1.Gateway{}, ns, "shop")

		By("a Gateway that is watched as any other child")
		Expect(k8s.Delete(ctx, gateway)).To(Succeed())
		Eventually(func(g Gomega) {
			again := get(ctx, &gatewayv1.Gateway{}, ns, "shop")
			g.Expect(again.UID).NotTo(Equal(gateway.UID))
		}).Should(Succeed())

		By("the definition of routes going away, and coming back")
		for _, crd := range crds {
			if crd.Name == "httproutes.gateway.networking.k8s.io" {
				Expect(k8s.Delete(ctx, crd)).To(Succeed())
			}
		}
		Eventually(func() error {
			return k8s.Get(ctx, client.ObjectKey{Name: "httproutes.gateway.networking.k8s.io"}, &apiextensionsv1.CustomResourceDefinition{})
		}).ShouldNot(Succeed())
		eventuallyHas(ctx, users, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonCRDNotInstalled)
		installCRDs(bareServer, gatewayCRDs())
		eventuallyReady(ctx, shop, users)

		By("those of databases, of which one can't be listed")
		clustered := bare(ns, "clustered")
		clustered.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Provider: v1alpha1.ProviderCloudNativePG}
		Expect(k8s.Create(ctx, clustered)).To(Succeed())
		eventuallyHas(ctx, clustered, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonCRDNotInstalled)
		sent.failWith(func(r *http.Request) *http.Response {
			if path.Base(r.URL.Path) != "scheduledbackups" {
				return nil
			}
			return answer(r, http.StatusForbidden, metav1.StatusReasonForbidden)
		})
		installCRDs(bareServer, "testdata")
		cluster := &unstructured.Unstructured{}
		cluster.SetGroupVersionKind(database.ClusterKind)
		Eventually(func() error { return k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: "clustered-db"}, cluster) }).Should(Succeed())
		Expect(k8s.Create(ctx, bare(ns, "other"))).To(Succeed())
		eventuallyReady(ctx, bare(ns, "other"))
	}, SpecTimeout(suiteTimeout))
})

// startBare starts an API server that knows Atoll's kinds alone, and a manager on
// it; both end with the test.
func startBare() (*rest.Config, *requestCounter) {
	GinkgoHelper()
	environment := &envtest.Environment{CRDDirectoryPaths: []string{filepath.Join("..", "..", "config", "crd", "bases")}}
	bareServer, err := environment.Start()
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(environment.Stop)
	connect(bareServer)
	install(bareServer, "default")
	sent := &requestCounter{}
	DeferCleanup(startManager(bareServer, sent))
	return bareServer, sent
}

// installCRDs installs the CRDs of a file or a folder, and returns them.
func installCRDs(server *rest.Config, path string) []*apiextensionsv1.CustomResourceDefinition {
	GinkgoHelper()
	crds, err := envtest.InstallCRDs(server, envtest.CRDInstallOptions{Paths: []string{path}})
	Expect(err).NotTo(HaveOccurred())
	return crds
}
