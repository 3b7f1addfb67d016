// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("A Microservice with the name of a ServiceAccount", func() {
	// started reports whether anything runs as the ServiceAccount of a name.
	started := func(ctx context.Context, ns, name string) []string {
		GinkgoHelper()
		var found []string
		err := k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: name}, &appsv1.Deployment{})
		Expect(client.IgnoreNotFound(err)).To(Succeed())
		if !apierrors.IsNotFound(err) {
			found = append(found, "Deployment")
		}
		jobs, schedules := &batchv1.JobList{}, &batchv1.CronJobList{}
		Expect(k8s.List(ctx, jobs, client.InNamespace(ns))).To(Succeed())
		Expect(k8s.List(ctx, schedules, client.InNamespace(ns))).To(Succeed())
		for i := range jobs.Items {
			found = append(found, "Job "+jobs.Items[i].Name)
		}
		for i := range schedules.Items {
			found = append(found, "CronJob "+schedules.Items[i].Name)
		}
		return found
	}

	It("does not run as it, unless the spec names it", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		for _, name := range []string{"default", "deployer"} {
			Expect(k8s.Create(ctx, &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns}})).To(Succeed())
		}
		user := tenant(ctx, ns, "tenant", tenantRights...)
		ms := withSpec(&v1alpha1.Microservice{}, ns, "default", `{image: users}`)
		deployer := withSpec(&v1alpha1.Microservice{}, ns, "deployer", `{image: users, database: {engine: PostgreSQL, migration: {command: [migrate]},
			backup: {schedule: "@daily", destination: {s3: {bucket: backups}}}, restore: {from: {s3: {bucket: backups}}}}}`)
		for _, o := range []*v1alpha1.Microservice{ms, deployer} {
			Expect(user.Create(ctx, o)).To(Succeed())
			Expect(eventuallyHas(ctx, o, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)).To(Equal(
				`ServiceAccount "` + o.Name + `" exists and was not created by Atoll; to fix: delete or rename it, or rename this Microservice`))
		}
		settled(ns)
		Expect(started(ctx, ns, "default")).To(BeEmpty())
		Expect(started(ctx, ns, "deployer")).To(BeEmpty())

		By("a spec that names it")
		change(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.ServiceAccount = &v1alpha1.ServiceAccount{Name: "default"} })
		eventuallyReady(ctx, ms)
		Expect(get(ctx, &appsv1.Deployment{}, ns, "default").Spec.Template.Spec.ServiceAccountName).To(Equal("default"))
	}, SpecTimeout(suiteTimeout))

	It("can be suspended when its ServiceAccount became another's", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		ms := withSpec(&v1alpha1.Microservice{}, ns, "users", `{image: users, scaling: {replicas: 2}}`)
		Expect(k8s.Create(ctx, ms)).To(Succeed())
		eventuallyReady(ctx, ms)

		By("another owner")
		Expect(k8s.Delete(ctx, get(ctx, &corev1.ServiceAccount{}, ns, "users"))).To(Succeed())
		Eventually(func() error {
			taken := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "users", Namespace: ns}}
			current := &corev1.ServiceAccount{}
			if err := k8s.Get(ctx, client.ObjectKeyFromObject(taken), current); err == nil {
				current.OwnerReferences, current.Labels = nil, nil
				return k8s.Update(ctx, current)
			}
			return k8s.Create(ctx, taken)
		}).Should(Succeed())
		eventuallyHas(ctx, ms, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
		replicas := func() int32 { return *get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas }

		By("more replicas")
		change(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.Scaling.Replicas = ptr.To[int32](3) })
		settled(ns)
		Expect(replicas()).To(BeEquivalentTo(2))

		By("suspension")
		change(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = ptr.To(true) })
		Eventually(replicas).Should(BeZero())
	}, SpecTimeout(suiteTimeout))
})
