// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// applyScaling applies a Microservice as a GitOps tool does that forces nothing. Each apply
// states all that it declares.
func applyScaling(ctx context.Context, ns, name, topology string, scaling map[string]any) error {
	spec := map[string]any{"image": "example.com/" + name + ":1"}
	if topology != "" {
		spec["topologyRef"] = map[string]any{"name": topology}
	}
	if scaling != nil {
		spec["scaling"] = scaling
	}
	o := &unstructured.Unstructured{Object: map[string]any{"spec": spec}}
	o.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Microservice"))
	o.SetNamespace(ns)
	o.SetName(name)
	return k8s.Apply(ctx, client.ApplyConfigurationFromUnstructured(o), client.FieldOwner("gitops"))
}

// newUnscaled makes a namespace with Microservice users, which declares no number of pods.
func newUnscaled(ctx context.Context) (ns string) {
	GinkgoHelper()
	ns = newNamespace(ctx)
	simulate(ns)
	Expect(applyScaling(ctx, ns, "users", "", nil)).To(Succeed())
	eventuallyScaled(ctx, ns, "users", 2)
	return ns
}

// eventuallyScaled waits until the subresource scale of a Microservice and its Deployment
// have a number.
func eventuallyScaled(ctx context.Context, ns, name string, replicas int32) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		scale := &autoscalingv1.Scale{}
		ms := get(ctx, &v1alpha1.Microservice{}, ns, name)
		g.Expect(k8s.SubResource("scale").Get(ctx, ms, scale)).To(Succeed())
		g.Expect(scale.Spec.Replicas).To(Equal(replicas))
		g.Expect(get(ctx, &appsv1.Deployment{}, ns, name).Spec.Replicas).To(HaveValue(Equal(replicas)))
		g.Expect(ms.Status.ObservedGeneration).To(Equal(ms.Generation))
	}).Should(Succeed())
}

// scaleTo sets a number as kubectl scale and autoscalers do.
func scaleTo(ctx context.Context, ns string, replicas int32) {
	GinkgoHelper()
	ms := get(ctx, &v1alpha1.Microservice{}, ns, "users")
	Expect(k8s.SubResource("scale").Update(ctx, ms, client.FieldOwner("an-autoscaler"),
		client.WithSubResourceBody(&autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}))).To(Succeed())
}

var _ = Describe("The number of pods that a spec leaves open", func() {
	It("is in the spec for the subresource scale, and has no owner", func(ctx SpecContext) {
		ns := newUnscaled(ctx)
		users := get(ctx, &v1alpha1.Microservice{}, ns, "users")
		eventuallyReady(ctx, users)
		Expect(users.Annotations).To(HaveKeyWithValue(v1alpha1.AnnotationDefaultReplicas, "2"))

		By("an autoscaler of one's own, to zero and back")
		for _, replicas := range []int32{7, 0, 2, 5} {
			scaleTo(ctx, ns, replicas)
			eventuallyScaled(ctx, ns, "users", replicas)
		}
		Expect(applyScaling(ctx, ns, "users", "", nil)).To(Succeed(), "git without a number changes nothing")
		settled(ns)
		eventuallyScaled(ctx, ns, "users", 5)

		Expect(applyScaling(ctx, ns, "orders", "", nil)).To(Succeed())
		eventuallyScaled(ctx, ns, "orders", 2)
		By("a number in git, without a conflict, and none again")
		Expect(applyScaling(ctx, ns, "orders", "", map[string]any{"replicas": 4})).To(Succeed())
		eventuallyScaled(ctx, ns, "orders", 4)
		Expect(applyScaling(ctx, ns, "orders", "", nil)).To(Succeed())
		eventuallyScaled(ctx, ns, "orders", 2)
		By("autoscale in git, beside the number that Atoll wrote")
		Expect(applyScaling(ctx, ns, "orders", "", map[string]any{"autoscale": map[string]any{"max": 9}})).To(Succeed())
		get(ctx, &autoscalingv2.HorizontalPodAutoscaler{}, ns, "orders")
		Eventually(func(g Gomega) {
			orders := get(ctx, &v1alpha1.Microservice{}, ns, "orders")
			g.Expect(orders.Spec.Scaling.Replicas).To(BeNil())
			g.Expect(orders.Annotations).NotTo(HaveKey(v1alpha1.AnnotationDefaultReplicas))
		}).Should(Succeed())
	}, SpecTimeout(suiteTimeout))

	It("counts as declared if kubectl apply noted the same number", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop := topology(ns)
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(applyScaling(ctx, ns, "users", shop.Name, nil)).To(Succeed())
		eventuallyScaled(ctx, ns, "users", 2)
		change(ctx, get(ctx, &v1alpha1.Microservice{}, ns, "users"), func(ms *v1alpha1.Microservice) {
			ms.Annotations[corev1.LastAppliedConfigAnnotation] = `{"apiVersion":"atoll.dev/v1alpha1","kind":"Microservice","spec":{"image":"example.com/users:1","scaling":{"replicas":2}}}`
		})
		change(ctx, shop, func(t *v1alpha1.Topology) {
			t.Spec.Defaults = &v1alpha1.TopologyDefaults{Scaling: &v1alpha1.Scaling{Replicas: ptr.To[int32](4)}}
		})
		Eventually(func() map[string]string { return get(ctx, &v1alpha1.Microservice{}, ns, "users").Annotations }).ShouldNot(HaveKey(v1alpha1.AnnotationDefaultReplicas))
		settled(ns)
		eventuallyScaled(ctx, ns, "users", 2)
	}, SpecTimeout(suiteTimeout))

	It("does not block a service whose spec Atoll may not write", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		requestsFor.failWith(func(r *http.Request) *http.Response {
			if r.Method == http.MethodPatch && strings.HasSuffix(r.URL.Path, "/namespaces/"+ns+"/microservices/users") {
				return answer(r, http.StatusForbidden, metav1.StatusReasonForbidden)
			}
			return nil
		})
		users := bare(ns, "users")
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas).To(HaveValue(BeEquivalentTo(2)))
		requestsFor.failWith(nil)
		eventuallyScaled(ctx, ns, "users", 2)
	}, SpecTimeout(suiteTimeout))

	It("lets autoscale in Git replace the number of kubectl scale", func(ctx SpecContext) {
		ns := newUnscaled(ctx)
		scaleTo(ctx, ns, 6)
		eventuallyScaled(ctx, ns, "users", 6)
		Expect(applyScaling(ctx, ns, "users", "", map[string]any{"autoscale": map[string]any{"max": 9}})).To(Succeed())
		Eventually(func(g Gomega) {
			hpa := &autoscalingv2.HorizontalPodAutoscaler{}
			g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: "users"}, hpa)).To(Succeed())
			g.Expect(hpa.Spec.MaxReplicas).To(BeEquivalentTo(9))
		}).Should(Succeed())
		eventuallyReady(ctx, get(ctx, &v1alpha1.Microservice{}, ns, "users"))
	}, SpecTimeout(suiteTimeout))

	It("is left to an autoscaler of the Deployment, which AutoscalerReady reports", func(ctx SpecContext) {
		ns := newUnscaled(ctx)
		users := get(ctx, &v1alpha1.Microservice{}, ns, "users")
		hpa := &autoscalingv2.HorizontalPodAutoscaler{}
		hpa.Namespace, hpa.Name = ns, "theirs"
		hpa.Spec.MaxReplicas = 9
		hpa.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: "apps/v1", Kind: "Deployment", Name: "users"}
		Expect(k8s.Create(ctx, hpa)).To(Succeed())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionAutoscalerReady, "False", v1alpha1.ReasonForeignAutoscaler)).To(Equal(
			`HorizontalPodAutoscaler "theirs" scales Deployment "users", so scaling.replicas is not used; to fix: let it scale Microservice "users" (atoll.dev/v1alpha1), or delete it`))
		seen := watchReplicas(ctx, ns, "users")
		d := get(ctx, &appsv1.Deployment{}, ns, "users")
		Expect(k8s.SubResource("scale").Update(ctx, d, client.WithSubResourceBody(&autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 5}}))).To(Succeed())
		eventuallyReady(ctx, users)
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:2" })
		eventuallyReady(ctx, users)
		settled(ns)
		Expect(seen()).To(HaveEach(BeElementOf(int32(2), int32(5))))
		Expect(get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas).To(HaveValue(BeEquivalentTo(5)))

		By("zero, as KEDA sets it")
		d = get(ctx, &appsv1.Deployment{}, ns, "users")
		Expect(k8s.SubResource("scale").Update(ctx, d, client.WithSubResourceBody(&autoscalingv1.Scale{}))).To(Succeed())
		settled(ns)
		Expect(get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas).To(HaveValue(BeZero()))
		eventuallyReady(ctx, users)

		By("suspend, which no autoscaler undoes")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = ptr.To(true) })
		eventuallyHas(ctx, users, v1alpha1.ConditionReady, "True", v1alpha1.ReasonSuspended)
		Expect(get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas).To(HaveValue(BeZero()))
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = nil })
		eventuallyReady(ctx, users)
		Expect(get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas).To(HaveValue(BeEquivalentTo(2)))

		By("the autoscaler deleted")
		Expect(k8s.Delete(ctx, hpa)).To(Succeed())
		eventuallyScaled(ctx, ns, "users", 2)
		Eventually(func() any { return condition(ctx, users, v1alpha1.ConditionAutoscalerReady) }).Should(BeNil())
	}, SpecTimeout(suiteTimeout))

	It("follows the Topology's default until a user declares the same number", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop := topology(ns)
		shop.Spec.Defaults = &v1alpha1.TopologyDefaults{Scaling: &v1alpha1.Scaling{Replicas: ptr.To[int32](3)}}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		for _, name := range []string{"users", "orders"} {
			Expect(applyScaling(ctx, ns, name, shop.Name, nil)).To(Succeed())
			eventuallyScaled(ctx, ns, name, 3)
		}
		Expect(applyScaling(ctx, ns, "orders", shop.Name, map[string]any{"replicas": 3})).To(Succeed())
		seen := watchReplicas(ctx, ns, "orders")
		setDefault := func(scaling *v1alpha1.Scaling) {
			change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Defaults.Scaling = scaling })
		}
		setDefault(&v1alpha1.Scaling{Replicas: ptr.To[int32](4)})
		eventuallyScaled(ctx, ns, "users", 4)
		settled(ns)
		eventuallyScaled(ctx, ns, "orders", 3)
		Expect(seen()).To(HaveEach(int32(3)))
		Expect(get(ctx, &v1alpha1.Microservice{}, ns, "orders").Annotations).NotTo(HaveKey(v1alpha1.AnnotationDefaultReplicas))

		By("another default together with something else, for a member that declares the number")
		Expect(applyScaling(ctx, ns, "orders", shop.Name, nil)).To(Succeed())
		eventuallyScaled(ctx, ns, "orders", 4)
		Expect(applyScaling(ctx, ns, "orders", shop.Name, map[string]any{"replicas": 4})).To(Succeed())
		settled(ns)
		change(ctx, shop, func(t *v1alpha1.Topology) {
			t.Spec.Defaults = &v1alpha1.TopologyDefaults{Scaling: &v1alpha1.Scaling{Replicas: ptr.To[int32](3)}, Env: []corev1.EnvVar{{Name: "LEVEL", Value: "debug"}}}
		})
		Eventually(func() []corev1.EnvVar {
			return get(ctx, &appsv1.Deployment{}, ns, "orders").Spec.Template.Spec.Containers[0].Env
		}).Should(ContainElement(HaveField("Name", "LEVEL")))
		eventuallyScaled(ctx, ns, "orders", 4)

		By("a default of autoscale, and back")
		setDefault(&v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Max: 9}})
		Eventually(func() *v1alpha1.Scaling { return get(ctx, &v1alpha1.Microservice{}, ns, "users").Spec.Scaling }).Should(BeNil())
		get(ctx, &autoscalingv2.HorizontalPodAutoscaler{}, ns, "users")
		setDefault(&v1alpha1.Scaling{Replicas: ptr.To[int32](5)})
		eventuallyScaled(ctx, ns, "users", 5)
		By("the Topology gone")
		seen = watchReplicas(ctx, ns, "users")
		Expect(k8s.Delete(ctx, shop)).To(Succeed())
		eventuallyHas(ctx, get(ctx, &v1alpha1.Microservice{}, ns, "users"), v1alpha1.ConditionReady, "False", v1alpha1.ReasonTopologyNotFound)
		settled(ns)
		eventuallyScaled(ctx, ns, "users", 5)
		Expect(seen()).To(HaveEach(int32(5)))
	}, SpecTimeout(suiteTimeout))
})
