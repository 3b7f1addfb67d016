// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("kstatus", func() {
	It("reads the samples as InProgress, then as Current", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		var samples []*unstructured.Unstructured
		for _, name := range []string{"topology", "users", "orders", "payments"} {
			sample := readSample(name)
			sample.SetNamespace(ns)
			if name == "topology" {
				Expect(unstructured.SetNestedField(sample.Object, className, "spec", "gateway", "className")).To(Succeed())
			}
			Expect(k8s.Create(ctx, sample)).To(Succeed())
			Expect(kstatusOf(ctx, sample).Status).To(Equal(status.InProgressStatus), name)
			samples = append(samples, sample)
		}
		Consistently(func(g Gomega) {
			for _, sample := range samples {
				g.Expect(kstatusOf(ctx, sample).Status).To(Equal(status.InProgressStatus), sample.GetName())
			}
		}, "1s").Should(Succeed())
		simulate(ns)
		for _, sample := range samples {
			Eventually(func() status.Status { return kstatusOf(ctx, sample).Status }).Should(Equal(status.CurrentStatus), sample.GetName())
		}

		By("a change, which is InProgress at once")
		users := samples[1]
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(users), users)).To(Succeed())
		Expect(unstructured.SetNestedField(users.Object, "example.com/users:2", "spec", "image")).To(Succeed())
		Expect(k8s.Update(ctx, users)).To(Succeed())
		result, err := status.Compute(users)
		Expect(err).NotTo(HaveOccurred())
		Expect(result.Status).To(Equal(status.InProgressStatus))
	}, SpecTimeout(suiteTimeout))

	// A tool that applies in an order, such as dependsOn of Flux or a sync wave of Argo CD, waits
	// for each object before it applies what may correct another one.
	It("reads a Topology as Current whatever its members are, and a suspended service too", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users, orders := topology(ns), memberOf(ns, "users", "shop"), memberOf(ns, "orders", "shop")
		orders.Spec.Dependencies = []v1alpha1.Dependency{{Name: "absent"}}
		users.Spec.Suspend = ptr.To(true)
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Migration: &v1alpha1.DatabaseMigration{Command: []string{"/migrate"}}}
		for _, o := range []client.Object{shop, users, orders} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		computed := func(kind string, o client.Object) func() status.Status {
			u := &unstructured.Unstructured{}
			u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(kind))
			u.SetNamespace(ns)
			u.SetName(o.GetName())
			return func() status.Status { return kstatusOf(ctx, u).Status }
		}
		eventuallyHas(ctx, orders, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotFound)
		Eventually(computed("Microservice", users)).Should(Equal(status.CurrentStatus))
		Eventually(computed("Topology", shop)).Should(Equal(status.CurrentStatus))
		eventuallyHas(ctx, shop, v1alpha1.ConditionServicesReady, metav1.ConditionFalse, v1alpha1.ReasonServicesNotReady)
		Expect(shop.Status.Ready).To(Equal("0/2"))
	}, SpecTimeout(suiteTimeout))

	It("reads a broken one as Failed, with the cause", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		users := bare(ns, "users")
		Expect(k8s.Create(ctx, users)).To(Succeed())
		get(ctx, &appsv1.Deployment{}, ns, "users")
		brokenPod(ctx, ns, "users", corev1.ContainerStatus{Name: "users", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{
			Reason: "ImagePullBackOff", Message: `Back-off pulling image "example.com/users:1": ErrImagePull: not found`}}})
		d := get(ctx, &appsv1.Deployment{}, ns, "users")
		d.Status = appsv1.DeploymentStatus{ObservedGeneration: d.Generation, Replicas: 2, UpdatedReplicas: 2, UnavailableReplicas: 2}
		Expect(k8s.Status().Update(ctx, d)).To(Succeed())

		read := &unstructured.Unstructured{}
		read.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Microservice"))
		read.SetName("users")
		read.SetNamespace(ns)
		Eventually(func(g Gomega) {
			result := kstatusOf(ctx, read)
			g.Expect(result.Status).To(Equal(status.FailedStatus))
			g.Expect(result.Message).To(Equal(`Image "example.com/users:1" of container "users" cannot be pulled: the registry does not have it; to fix: correct image, or push the image`))
		}).Should(Succeed())
	}, SpecTimeout(suiteTimeout))

	It("reads an object that no operator has seen as InProgress", func(ctx SpecContext) {
		fresh := readSample("users")
		fresh.SetNamespace(newNamespace(ctx))
		Expect(k8s.Create(ctx, fresh, client.DryRunAll)).To(Succeed())
		result, err := status.Compute(fresh)
		Expect(err).NotTo(HaveOccurred())
		Expect(result.Status).To(Equal(status.InProgressStatus))
	}, SpecTimeout(suiteTimeout))
})

var _ = Describe("Status", func() {
	It("says what is missing, and goes on when it comes", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		orders := microservice(ns, "orders", "users")
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		Expect(eventuallyHas(ctx, orders, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTopologyNotFound)).
			To(Equal(`Topology "shop" of namespace "` + ns + `" does not exist; to fix: create it, or correct topologyRef`))

		shop := topology(ns)
		shop.Spec.Gateway.ClassName = "nowhere"
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(eventuallyHas(ctx, orders, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotFound)).
			To(Equal(`Microservice "users" does not exist in this namespace; to fix: create it, or remove it from dependencies`))
		Expect(eventuallyHas(ctx, shop, v1alpha1.ConditionGatewayReady, metav1.ConditionFalse, v1alpha1.ReasonNotAccepted)).
			To(Equal(`GatewayClass "nowhere" does not exist; to fix: install a gateway that provides it, or correct gateway.className (kubectl get gatewayclass lists the classes)`))
		eventuallyHas(ctx, shop, v1alpha1.ConditionGraphSound, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotFound)
		Expect(shop.Status.Missing).To(Equal([]string{"orders -> users"}))

		users := microservice(ns, "users", "orders")
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, shop, v1alpha1.ConditionGraphSound, metav1.ConditionFalse, v1alpha1.ReasonCycle)).
			To(ContainSubstring("orders -> users -> orders"))
		Expect(shop.Status.Cycles).To(Equal([]string{"orders -> users -> orders"}))
		Expect(shop.Status.Missing).To(BeEmpty())
		By("a cycle that delays no service")
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Gateway.ClassName = className })
		eventuallyReady(ctx, users, orders, shop)

		By("the dependency's port going away")
		change(ctx, orders, func(ms *v1alpha1.Microservice) { ms.Spec.Dependencies[0].Port = "grpc" })
		Expect(eventuallyHas(ctx, orders, v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonPortNotFound)).
			To(ContainSubstring(`has no port "grpc"`))

		By("the Topology going away, which takes nothing with it")
		Expect(k8s.Delete(ctx, shop)).To(Succeed())
		eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTopologyNotFound)
		get(ctx, &appsv1.Deployment{}, ns, "users")
		By("nothing being said of routes whose Gateway went with it")
		eventuallyHas(ctx, users, v1alpha1.ConditionRoutesReady, metav1.ConditionUnknown, v1alpha1.ReasonTopologyNotFound)
		Expect(users.Status.URLs).To(BeEmpty())
	}, SpecTimeout(suiteTimeout))

	It("tells of an annotation that says nothing of the isolation, and heeds one that does at once", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), memberOf(ns, "users", "shop")
		shop.Annotations = map[string]string{v1alpha1.AnnotationIsolation: "dry-run"}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, shop, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec)).
			To(HavePrefix(`The annotation atoll.dev/isolation is "dry-run" and has no effect`))
		get(ctx, &networkingv1.NetworkPolicy{}, ns, "users")
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Annotations[v1alpha1.AnnotationIsolation] = "Audit" })
		eventuallyReady(ctx, shop)
		eventuallyGone(ctx, ns, "NetworkPolicy/users")
	}, SpecTimeout(suiteTimeout))
})

// warningsIn returns the reasons of the Warning events about the Microservices of a namespace.
func warningsIn(ctx context.Context, ns string) func() []string {
	return func() []string {
		list := &eventsv1.EventList{}
		Expect(k8s.List(ctx, list, client.InNamespace(ns))).To(Succeed())
		var reasons []string
		for i := range list.Items {
			if list.Items[i].Type == corev1.EventTypeWarning && list.Items[i].Regarding.Kind == "Microservice" {
				reasons = append(reasons, list.Items[i].Reason)
			}
		}
		return reasons
	}
}

var _ = Describe("The events of an apply", func() {
	It("warn of nothing that arrives a moment later", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users, orders := memberOf(ns, "users", "shop"), memberOf(ns, "orders", "shop")
		orders.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users"}}
		orders.Spec.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "late"}}}}
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		eventuallyHas(ctx, orders, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTopologyNotFound)
		Expect(k8s.Create(ctx, topology(ns))).To(Succeed())
		eventuallyHas(ctx, orders, v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotFound)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(k8s.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "late", Namespace: ns}, Data: map[string]string{"A": "b"}})).To(Succeed())
		eventuallyReady(ctx, users, orders)
		Expect(warningsIn(ctx, ns)()).To(BeEmpty())
	}, SpecTimeout(suiteTimeout))

	It("warn of what does not arrive", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		Expect(k8s.Create(ctx, memberOf(ns, "orders", "shop"))).To(Succeed())
		Eventually(warningsIn(ctx, ns)).Should(ConsistOf(v1alpha1.ReasonTopologyNotFound))
	}, SpecTimeout(suiteTimeout))

	It("warn of what does not arrive, after a restart of the manager too", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		orders := memberOf(ns, "orders", "shop")
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		eventuallyHas(ctx, orders, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTopologyNotFound)
		stopManager()
		// It stays away for longer than the time of grace.
		clockOffset.Store(int64(15 * time.Second))
		DeferCleanup(clockOffset.Store, int64(0))
		stopManager = startManager(apiServer, requestsFor)
		Eventually(warningsIn(ctx, ns)).Should(ConsistOf(v1alpha1.ReasonTopologyNotFound))
		Consistently(warningsIn(ctx, ns), "1s").Should(HaveLen(1))
	}, SpecTimeout(suiteTimeout))
})

var _ = Describe("A gateway's features", func() {
	It("are told where a route asks for more", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		class := &gatewayv1.GatewayClass{ObjectMeta: metav1.ObjectMeta{Name: "modest"}, Spec: gatewayv1.GatewayClassSpec{ControllerName: "example.com/modest"}}
		Expect(k8s.Create(ctx, class)).To(Succeed())
		class.Status.SupportedFeatures = []gatewayv1.SupportedFeature{{Name: "HTTPRoutePathRewrite"}}
		Expect(k8s.Status().Update(ctx, class)).To(Succeed())
		shop, users := topology(ns), microservice(ns, "users")
		shop.Spec.Gateway.ClassName = class.Name
		users.Spec.Routes[0].Timeout = &metav1.Duration{Duration: 5 * time.Second}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotSupported)).
			To(Equal(`routes[0].timeout: GatewayClass "modest" does not support timeouts (HTTPRouteRequestTimeout is not among its supportedFeatures); to fix: remove it, or use another class`))

		By("a class that learns it")
		class.Status.SupportedFeatures = []gatewayv1.SupportedFeature{{Name: "HTTPRoutePathRewrite"}, {Name: "HTTPRouteRequestTimeout"}}
		Expect(k8s.Status().Update(ctx, class)).To(Succeed())
		eventuallyReady(ctx, users)
	}, SpecTimeout(suiteTimeout))
})

func readSample(name string) *unstructured.Unstructured {
	GinkgoHelper()
	text, err := os.ReadFile(filepath.Join("..", "..", "config", "samples", name+".yaml"))
	Expect(err).NotTo(HaveOccurred())
	sample := &unstructured.Unstructured{}
	Expect(yaml.UnmarshalStrict(text, &sample.Object)).To(Succeed())
	return sample
}

func kstatusOf(ctx context.Context, o *unstructured.Unstructured) *status.Result {
	GinkgoHelper()
	Expect(k8s.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
	result, err := status.Compute(o)
	Expect(err).NotTo(HaveOccurred())
	return result
}

// brokenPod makes a pod of a service that is in a given state.
func brokenPod(ctx context.Context, ns, service string, state corev1.ContainerStatus) {
	GinkgoHelper()
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: service + "-broken", Namespace: ns, Labels: map[string]string{
			v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: service, v1alpha1.LabelComponent: v1alpha1.ComponentService}},
		Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: service, Image: "example.com/" + service + ":1"}}},
	}
	Expect(k8s.Create(ctx, pod)).To(Succeed())
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{state}
	Expect(k8s.Status().Update(ctx, pod)).To(Succeed())
}
