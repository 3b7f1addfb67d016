// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"sync"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("Scaling", func() {
	It("works through the scale subresource, as kubectl scale does", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		scale := &autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 5}}
		Expect(k8s.SubResource("scale").Update(ctx, users, client.WithSubResourceBody(scale))).To(Succeed())
		Eventually(func(g Gomega) {
			d := get(ctx, &appsv1.Deployment{}, ns, "users")
			g.Expect(*d.Spec.Replicas).To(BeEquivalentTo(5))
			g.Expect(k8s.SubResource("scale").Get(ctx, users, scale)).To(Succeed())
			g.Expect(scale.Status.Replicas).To(BeEquivalentTo(5))
			g.Expect(scale.Status.Selector).To(Equal("app.kubernetes.io/component=service,atoll.dev/microservice=users"))
		}).Should(Succeed())

		By("is refused while an autoscaler decides")
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Max: 9}}
		})
		err := k8s.SubResource("scale").Update(ctx, users, client.WithSubResourceBody(&autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 3}}))
		Expect(err).To(MatchError(ContainSubstring("replicas and autoscale are mutually exclusive")))
	}, SpecTimeout(suiteTimeout))

	It("hands replicas to the autoscaler and back without a dip", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Scaling = &v1alpha1.Scaling{Replicas: ptr.To[int32](6)}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		seen := watchReplicas(ctx, ns, "users")

		By("autoscale on")
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Min: ptr.To[int32](3), Max: 10}}
		})
		get(ctx, &autoscalingv2.HorizontalPodAutoscaler{}, ns, "users")
		eventuallyReady(ctx, users)
		By("the autoscaler choosing")
		d := get(ctx, &appsv1.Deployment{}, ns, "users")
		Expect(k8s.SubResource("scale").Update(ctx, d, client.WithSubResourceBody(&autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 8}}))).To(Succeed())
		By("a change of the template meanwhile")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:2" })
		Eventually(func(g Gomega) {
			d := get(ctx, &appsv1.Deployment{}, ns, "users")
			g.Expect(d.Spec.Template.Spec.Containers[0].Image).To(Equal("example.com/users:2"))
			g.Expect(*d.Spec.Replicas).To(BeEquivalentTo(8))
		}).Should(Succeed())
		eventuallyReady(ctx, users)
		By("autoscale off, at what runs")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Scaling = &v1alpha1.Scaling{Replicas: ptr.To[int32](8)} })
		Eventually(func() bool {
			return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: "users"}, &autoscalingv2.HorizontalPodAutoscaler{}))
		}).Should(BeTrue())
		By("autoscale on again, straight away")
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Min: ptr.To[int32](3), Max: 10}}
		})
		get(ctx, &autoscalingv2.HorizontalPodAutoscaler{}, ns, "users")
		eventuallyReady(ctx, users)
		settled(ns)
		Expect(seen()).To(HaveEach(BeElementOf(int32(6), int32(8))))
	}, SpecTimeout(suiteTimeout))

	It("takes the pods away on suspend, starts again at the minimum, and keeps everything else", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		users.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Min: ptr.To[int32](3), Max: 10}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = ptr.To(true) })
		eventuallyHas(ctx, users, v1alpha1.ConditionReady, "True", v1alpha1.ReasonSuspended)
		Expect(*get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas).To(BeZero())
		Expect(*get(ctx, &appsv1.StatefulSet{}, ns, "users-db").Spec.Replicas).To(BeZero())
		Expect(kinds(everythingIn(ctx, ns))).To(ContainElements("Service/users", "Service/users-db", "Secret/users-db", "PersistentVolumeClaim/data-users-db-0"))
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = nil })
		eventuallyReady(ctx, users)
		Expect(*get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas).To(BeEquivalentTo(3))
	}, SpecTimeout(suiteTimeout))
})

// watchReplicas notes every number of replicas that a Deployment has from now
// on.
func watchReplicas(ctx context.Context, ns, name string) (seen func() []int32) {
	GinkgoHelper()
	return watchValues(ctx, &appsv1.DeploymentList{}, ns, name, func(d *appsv1.Deployment) int32 { return ptr.Deref(d.Spec.Replicas, -1) })
}

// watchValues notes every value of something that an object has from now on.
func watchValues[O client.Object, T any](ctx context.Context, list client.ObjectList, ns, name string, value func(O) T) (seen func() []T) {
	GinkgoHelper()
	watcher, err := client.NewWithWatch(apiServer, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	w, err := watcher.Watch(ctx, list, client.InNamespace(ns))
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(w.Stop)
	var mu sync.Mutex
	var all []T
	go func() {
		for e := range w.ResultChan() {
			if o, ok := e.Object.(O); ok && o.GetName() == name {
				mu.Lock()
				all = append(all, value(o))
				mu.Unlock()
			}
		}
	}()
	return func() []T {
		mu.Lock()
		defer mu.Unlock()
		return append([]T{}, all...)
	}
}
