// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"path/filepath"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("A manager for some namespaces", Serial, func() {
	It("works there with the rights of config/namespaced, and does not touch others", func(ctx SpecContext) {
		environment := &envtest.Environment{CRDDirectoryPaths: []string{filepath.Join("..", "..", "config", "crd", "bases"), gatewayCRDs(), "testdata"}}
		server, err := environment.Start()
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(environment.Stop)
		connect(server)
		for _, name := range []string{"shop", "other"} {
			Expect(k8s.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})).To(Succeed())
		}
		Expect(k8s.Create(ctx, &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: className}, Spec: gatewayv1.GatewayClassSpec{ControllerName: "example.com/simulated"}})).To(Succeed())
		install(server, "namespaced")
		// CloudNativePG is installed, and Atoll has no right to use it.
		Expect(k8s.Delete(ctx, &rbacv1.RoleBinding{ObjectMeta: metav1.ObjectMeta{Name: "atoll-cloudnativepg-manager-rolebinding", Namespace: "shop"}})).To(Succeed())
		sent := &requestCounter{}
		DeferCleanup(startManager(server, sent, "shop"))
		simulate("shop", "other")

		users, elsewhere := microservice("shop", "users"), bare("other", "users")
		for _, o := range []client.Object{topology("shop"), users, elsewhere} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, users, topology("shop"))

		By("a child that changes")
		d := get(ctx, &appsv1.Deployment{}, "shop", "users")
		d.Spec.Template.Spec.Containers[0].Image = "other"
		Expect(k8s.Update(ctx, d)).To(Succeed())
		Eventually(func() string {
			return get(ctx, &appsv1.Deployment{}, "shop", "users").Spec.Template.Spec.Containers[0].Image
		}).Should(Equal("example.com/users:1"))

		By("a kind that Atoll may not list")
		clustered := bare("shop", "clustered")
		clustered.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Provider: v1alpha1.ProviderCloudNativePG}
		Expect(k8s.Create(ctx, clustered)).To(Succeed())
		Expect(eventuallyHas(ctx, clustered, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonCRDNotInstalled)).To(ContainSubstring("or Atoll may not list Cluster"))

		By("references to the other namespace")
		// No controller answers the route.
		DeferCleanup(pause("shop"))
		caller, guest, routed, through := bare("shop", "caller"), memberOf("shop", "guest", "theirs"), bare("shop", "routed"), topology("shop")
		caller.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users", Namespace: "other"}}
		guest.Spec.TopologyRef.Namespace = "other"
		routed.Spec.Routes = []v1alpha1.Route{{Path: "/routed", ParentRefs: []v1alpha1.GatewayReference{{Name: "public", Namespace: "other"}}}}
		through.Name, through.Spec.Gateway = "through", &v1alpha1.TopologyGateway{Ref: &v1alpha1.GatewayReference{Name: "public", Namespace: "other"}}
		member := memberOf("shop", "member", "through")
		member.Spec.Dependencies = caller.Spec.Dependencies
		for _, o := range []client.Object{caller, guest, routed, through, member} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyHas(ctx, caller, v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)
		get(ctx, &appsv1.Deployment{}, "shop", "caller")
		eventuallyHas(ctx, guest, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)
		eventuallyHas(ctx, routed, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonNoGateway)
		eventuallyHas(ctx, through, v1alpha1.ConditionGatewayReady, metav1.ConditionFalse, v1alpha1.ReasonNoGateway)
		eventuallyHas(ctx, member, v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)
		Eventually(func() int32 { return get(ctx, &v1alpha1.Topology{}, "shop", "through").Status.Services }).Should(BeEquivalentTo(1))

		By("the other namespace")
		Expect(conditionOf(ctx, elsewhere, v1alpha1.ConditionReady)).To(BeZero())
		Expect(apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Namespace: "other", Name: "users"}, &appsv1.Deployment{}))).To(BeTrue())
		Expect(sent.in("other")).To(BeEmpty())
		operator, err := client.New(asOperator(server), client.Options{Scheme: scheme})
		Expect(err).NotTo(HaveOccurred())
		Expect(operator.List(ctx, &corev1.SecretList{}, client.InNamespace("shop"))).To(Succeed())
		for _, ns := range []string{"other", ""} {
			Expect(apierrors.IsForbidden(operator.List(ctx, &corev1.SecretList{}, client.InNamespace(ns)))).To(BeTrue())
		}
	}, SpecTimeout(suiteTimeout))
})
