// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("A Job of a database", func() {
	It("whose container has ended beside an injected proxy is done, and is deleted", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		ran := migrations(ns)
		ran.hold("example.com/users:1")
		simulate(ns)
		users := migrating(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Eventually(ran.images).Should(HaveLen(1))
		pod := podOf(ctx, ns, jobOf(ctx, ns, "example.com/users:1"), corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}})
		Eventually(func() string { return conditionOf(ctx, users, v1alpha1.ConditionDatabaseMigrated).Message }).
			Should(ContainSubstring(`; running containers: "users" since `))

		endBesideProxy(ctx, pod, "")
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseMigrated, metav1.ConditionTrue, v1alpha1.ReasonMigrated)
		eventuallyReady(ctx, users)
		eventuallyGone(ctx, ns, "Job/")
		Expect(imageOf(ctx, ns)).To(Equal("example.com/users:1"))
	}, SpecTimeout(suiteTimeout))

	It("is suspended between two tries while its service is, and resumed with it", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		ran := migrations(ns)
		ran.hold("example.com/users:1")
		simulate(ns)
		users := migrating(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Eventually(ran.images).Should(HaveLen(1))
		isSuspended := func() bool { return *jobOf(ctx, ns, "example.com/users:1").Spec.Suspend }
		Expect(isSuspended()).To(BeFalse())

		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = new(true) })
		Eventually(isSuspended).Should(BeTrue())
		uid := jobOf(ctx, ns, "example.com/users:1").UID
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseMigrated, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
		settled(ns)

		ran.release()
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = new(false) })
		eventuallyReady(ctx, users)
		Expect(jobOf(ctx, ns, "example.com/users:1").UID).To(Equal(uid))
		Expect(ran.images()).To(HaveLen(1))
	}, SpecTimeout(suiteTimeout))

	It("that backs up beside an injected proxy counts, and makes way for the next", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		runJobs(ns, func(*batchv1.Job) jobOutcome { return jobRuns })
		simulate(ns)
		users := backedUp(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		job := fromCronJob(ctx, ns, "users-now")
		pod := podOf(ctx, ns, job, corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}})
		settled(ns)
		Expect(get(ctx, &batchv1.Job{}, ns, job.Name).DeletionTimestamp).To(BeNil())

		endBesideProxy(ctx, pod, fmt.Sprintf(`{"time":%q,"size":1,"location":"pvc://backups/users/x.dump"}`, time.Now().UTC().Format(time.RFC3339)))
		eventuallyHas(ctx, users, v1alpha1.ConditionBackupReady, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)
		eventuallyGone(ctx, ns, "Job/")
	}, SpecTimeout(suiteTimeout))
})

// endBesideProxy lets the container of a pod end with exit code 0, while one that another
// client added runs.
func endBesideProxy(ctx context.Context, pod *corev1.Pod, said string) {
	GinkgoHelper()
	before := pod.DeepCopy()
	pod.Status.ContainerStatuses[0].State = corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: said, FinishedAt: metav1.Now()}}
	pod.Status.ContainerStatuses = append(pod.Status.ContainerStatuses,
		corev1.ContainerStatus{Name: "proxy", State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: metav1.Now()}}})
	Expect(k8s.Status().Patch(ctx, pod, client.MergeFrom(before))).To(Succeed())
}
