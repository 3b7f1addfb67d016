//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// describeScenarios declares the scenarios that both tools share. Each begins and ends with the
// samples as they are.
func describeScenarios(t tool) *releases {
	r := &releases{tool: t}

	BeforeAll(func(ctx SpecContext) {
		r.repository = newRepository(t.repositoryURL)
		t.start(ctx, r.repository)
	}, NodeTimeout(specTimeout))

	AfterAll(func(ctx SpecContext) {
		// The operator is last, because it deletes the children of services.
		for _, release := range []string{stagingRelease, productionRelease} {
			t.delete(ctx, release)
		}
		mustKubectl(ctx, "delete", "--ignore-not-found", "namespace", productionNamespace, stagingNamespace, "--timeout=3m")
		t.delete(ctx, operatorRelease)
		t.uninstall(ctx)
		mustKubectl(ctx, "delete", "--ignore-not-found", "namespace", "atoll-system", "--timeout=3m")
		mustKubectl(ctx, "delete", "--ignore-not-found", "crd", "microservices.atoll.dev", "topologies.atoll.dev", "--timeout=3m")
	}, NodeTimeout(specTimeout))

	AfterEach(func(ctx SpecContext) {
		if CurrentSpecReport().Failed() {
			out, err := kubectl(ctx, "get", "topo,ms,pods", "--all-namespaces", "--output=wide")
			GinkgoWriter.Println(out, err)
			s, err := t.state(ctx, productionRelease)
			GinkgoWriter.Printf("%+v %v\n", s, err)
			printLogs()
		}
	}, NodeTimeout(time.Minute))

	It("installs the operator, then both environments", func(ctx SpecContext) {
		Eventually(ctx, r.health).Should(Equal(progressing))
		r.eventuallyIs(ctx, operatorRelease, healthy)
		r.eventuallyIs(ctx, stagingRelease, healthy)
		r.eventuallyIs(ctx, productionRelease, healthy)
		r.buy(ctx)
	}, SpecTimeout(specTimeout))

	It("keeps the namespace and the data of an environment that is deleted", func(ctx SpecContext) {
		claims, secrets := dataOf(ctx, stagingNamespace)
		Expect(claims).To(HaveLen(3))
		t.delete(ctx, stagingRelease)
		Eventually(ctx, func() (int, error) {
			pods := &corev1.PodList{}
			err := k8s.List(ctx, pods, client.InNamespace(stagingNamespace))
			return len(pods.Items), err
		}).Should(BeZero())
		keptClaims, keptSecrets := dataOf(ctx, stagingNamespace)
		Expect(keptClaims).To(Equal(claims))
		Expect(keptSecrets).To(Equal(secrets))
	}, SpecTimeout(specTimeout))

	It("writes nothing in three rounds", func(ctx SpecContext) {
		r.restoreSamples(ctx)
		r.expectNoWrites(ctx)
	}, SpecTimeout(specTimeout))

	It("reports a release that waits, and takes the next commit at once", func(ctx SpecContext) {
		r.restoreSamples(ctx)
		r.release(ctx, "a callee that does not exist", func() {
			r.repository.replace(base+"/payments.yaml", "  - name: orders\n", "  - name: stock\n  - name: orders\n")
		})
		Eventually(ctx, r.reasonOf("payments", v1alpha1.ConditionReady)).Should(Equal(v1alpha1.ReasonDependencyNotFound))
		r.eventuallyIs(ctx, productionRelease, progressing)
		Consistently(ctx, r.health).WithTimeout(10 * time.Second).Should(Equal(progressing))
		r.restoreSamples(ctx)
	}, SpecTimeout(specTimeout))

	It("reports a suspended service, and is not blocked by it", func(ctx SpecContext) {
		r.restoreSamples(ctx)
		r.release(ctx, "suspend payments", func() { r.repository.replace(base+"/payments.yaml", "spec:\n", "spec:\n  suspend: true\n") })
		Eventually(ctx, r.reasonOf("payments", v1alpha1.ConditionReady)).Should(Equal(v1alpha1.ReasonSuspended))
		r.eventuallyIs(ctx, productionRelease, t.suspendedHealth())
		for range 3 {
			t.reconcile(ctx)
			Expect(r.health(ctx)).To(Equal(t.suspendedHealth()))
		}
		r.restoreSamples(ctx)
	}, SpecTimeout(specTimeout))

	It("reports a broken release while the old pods serve, and takes the fix", func(ctx SpecContext) {
		r.restoreSamples(ctx)
		r.release(ctx, "an image that does not exist", r.breakOrders)
		r.eventuallyIs(ctx, productionRelease, degraded)
		Expect(r.reasonOf("orders", v1alpha1.ConditionStalled)(ctx)).NotTo(BeEmpty())
		_, err := shopClient.Order(ctx, r.order.ID)
		Expect(err).NotTo(HaveOccurred())
		r.restoreSamples(ctx)
	}, SpecTimeout(specTimeout))

	It("replaces pods when a generated ConfigMap changes, with a fixed name and with a hash", func(ctx SpecContext) {
		r.restoreSamples(ctx)
		before, err := userPods(ctx)
		Expect(err).NotTo(HaveOccurred())
		r.release(ctx, "another setting", func() {
			r.repository.replace(base+"/settings.env", "service.namespace=shop", "service.namespace=shop,a=b")
		})
		Eventually(ctx, userPods).Should(And(HaveLen(2), Not(ContainElement(BeElementOf(before)))))
		r.eventuallyIs(ctx, productionRelease, healthy)

		r.release(ctx, "a hash in the name", func() {
			r.repository.replace(base+"/kustomization.yaml", "disableNameSuffixHash: true", "disableNameSuffixHash: false")
		})
		r.eventuallyIs(ctx, productionRelease, healthy)
		first, err := r.settings(ctx)
		Expect(err).NotTo(HaveOccurred())
		Expect(first).To(HavePrefix("shop-settings-"))
		r.release(ctx, "another hash", func() { r.repository.replace(base+"/settings.env", ",a=b", ",a=c") })
		Eventually(ctx, r.settings).Should(And(HavePrefix("shop-settings-"), Not(Equal(first))))
		r.eventuallyIs(ctx, productionRelease, healthy)
		eventuallyGone(ctx, &corev1.ConfigMap{}, first)
		r.restoreSamples(ctx)
	}, SpecTimeout(specTimeout))

	It("repairs drift without a conflict with Atoll", func(ctx SpecContext) {
		r.restoreSamples(ctx)
		By("a child that Atoll repairs")
		mustKubectl(ctx, "--namespace=shop", "set", "image", "deployment/users", "*=example.com/other:1")
		Eventually(ctx, func() (string, error) {
			deployment := &appsv1.Deployment{}
			err := k8s.Get(ctx, client.ObjectKey{Namespace: productionNamespace, Name: "users"}, deployment)
			if err != nil {
				return "", err
			}
			return deployment.Spec.Template.Spec.Containers[0].Image, nil
		}).Should(Equal(images["users"]))

		By("a service that the tool repairs")
		mustKubectl(ctx, "--namespace=shop", "patch", "ms", "users", "--type=merge", `--patch={"spec":{"probes":{"path":"/other"}}}`)
		t.reconcile(ctx)
		Eventually(ctx, func() (string, error) {
			ms := member("users")
			err := k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms)
			return ms.Spec.Probes.Path, err
		}).Should(Equal("/healthz"))
		r.eventuallyIs(ctx, productionRelease, healthy)

		By("a rotation that a user requests")
		mustKubectl(ctx, "--namespace=shop", "annotate", "ms", "users", v1alpha1.AnnotationRotateCredentials+"=once")
		t.reconcile(ctx)
		users := member("users")
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(users), users)).To(Succeed())
		_, kept := users.Annotations[v1alpha1.AnnotationRotateCredentials]
		Expect(kept).To(Equal(t.keepsAnnotations()))
		Eventually(ctx, r.reasonOf("users", v1alpha1.ConditionCredentialsRotated)).Should(Equal(v1alpha1.ReasonRotated))
		r.eventuallyIs(ctx, productionRelease, healthy)
		r.expectNoWrites(ctx)
	}, SpecTimeout(specTimeout))

	It("leaves the number of pods to kubectl scale, until Git sets it", func(ctx SpecContext) {
		r.restoreSamples(ctx)
		Expect(r.replicas(ctx)).To(BeEquivalentTo(2))
		mustKubectl(ctx, "--namespace=shop", "scale", "ms/users", "--replicas=3")
		for range 3 {
			t.reconcile(ctx)
			Expect(r.replicas(ctx)).To(BeEquivalentTo(3))
		}
		Eventually(ctx, userPods).Should(HaveLen(3))

		r.release(ctx, "autoscale", func() {
			r.repository.replace(base+"/users.yaml", "spec:\n", "spec:\n  scaling:\n    autoscale: {min: 1, max: 2, cpu: 80}\n")
		})
		r.eventuallyIs(ctx, productionRelease, healthy)
		scaler := &autoscalingv2.HorizontalPodAutoscaler{}
		Expect(k8s.Get(ctx, client.ObjectKey{Namespace: productionNamespace, Name: "users"}, scaler)).To(Succeed())
		Expect(scaler.Spec.MaxReplicas).To(BeEquivalentTo(2))

		r.release(ctx, "a number", func() {
			r.repository.replace(base+"/users.yaml", "  scaling:\n    autoscale: {min: 1, max: 2, cpu: 80}\n", "  scaling: {replicas: 1}\n")
		})
		r.eventuallyIs(ctx, productionRelease, healthy)
		eventuallyGone(ctx, scaler, "users")
		Eventually(ctx, r.replicas).Should(BeEquivalentTo(1))
		Eventually(ctx, userPods).Should(HaveLen(1))

		mustKubectl(ctx, "--namespace=shop", "scale", "ms/users", "--replicas=2")
		t.reconcile(ctx)
		Eventually(ctx, r.replicas).Should(BeEquivalentTo(1))
		r.restoreSamples(ctx)
	}, SpecTimeout(specTimeout))

	It("keeps the data of a pruned service, which adopts it when it comes back", func(ctx SpecContext) {
		r.restoreSamples(ctx)
		claims, secrets := dataOf(ctx, productionNamespace)
		r.release(ctx, "without payments", func() { r.repository.replace(base+"/kustomization.yaml", "- payments.yaml\n", "") })
		eventuallyGone(ctx, &v1alpha1.Microservice{}, "payments")
		eventuallyGone(ctx, &appsv1.Deployment{}, "payments")
		r.eventuallyIs(ctx, productionRelease, healthy)
		keptClaims, keptSecrets := dataOf(ctx, productionNamespace)
		Expect(keptClaims).To(Equal(claims))
		Expect(keptSecrets).To(Equal(secrets))

		r.restoreSamples(ctx)
		adoptedClaims, adoptedSecrets := dataOf(ctx, productionNamespace)
		Expect(adoptedClaims).To(Equal(claims))
		Expect(adoptedSecrets).To(Equal(secrets))
		Expect(r.pay(ctx).ID).To(Equal(r.payment.ID))
	}, SpecTimeout(specTimeout))

	It("does not prune a service that others call, and prunes it with its last call", func(ctx SpecContext) {
		r.restoreSamples(ctx)
		r.release(ctx, "without orders", func() { r.repository.replace(base+"/kustomization.yaml", "- orders.yaml\n", "") })
		Eventually(ctx, func() (string, error) {
			s, err := t.state(ctx, productionRelease)
			return s.message, err
		}).Should(ContainSubstring(`depends on "orders"`))
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(member("orders")), member("orders"))).To(Succeed())
		_, err := shopClient.Order(ctx, r.order.ID)
		Expect(err).NotTo(HaveOccurred())
		r.restoreSamples(ctx)

		r.release(ctx, "without orders and the call to it", func() {
			r.repository.replace(base+"/kustomization.yaml", "- orders.yaml\n", "")
			r.repository.replace(base+"/payments.yaml", "  dependencies:\n  - name: orders\n    port: internal\n", "")
		})
		eventuallyGone(ctx, &v1alpha1.Microservice{}, "orders")
		r.restoreSamples(ctx)
	}, SpecTimeout(specTimeout))

	return r
}
