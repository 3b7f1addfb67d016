//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("A migration", Ordered, ContinueOnFailure, func() {
	const ns = "e2e-migration"
	var n *notesService
	BeforeAll(func(ctx SpecContext) {
		createNotesTopology(ctx, ns)
		n = newNotes(ns, "postgresql", v1alpha1.EnginePostgreSQL)
		n.start(ctx)
	}, NodeTimeout(specTimeout))

	It("runs once although the operator is killed, and before any pod of the new version starts", func(ctx SpecContext) {
		old := servingPods(ctx, n)
		before := migrationJob(ctx, Default, n)
		stream := startTraffic(ctx, n)
		sleeping := corev1.EnvVar{Name: "MIGRATE_SLEEP", Value: "15s"}
		setEnv(ctx, n, sleeping)

		By("killing the operator while the migration runs")
		var job *batchv1.Job
		Eventually(ctx, func(g Gomega) {
			job = migrationJob(ctx, g, n)
			g.Expect(job.UID).NotTo(Equal(before.UID))
			g.Expect(n.podsOfJob(ctx, job)).To(ConsistOf(HaveField("Status.Phase", corev1.PodRunning)))
		}).Should(Succeed())
		forceDelete(ctx, operatorPod(ctx))
		eventuallyHas(ctx, n.key(), v1alpha1.ConditionDatabaseMigrated, metav1.ConditionFalse, v1alpha1.ReasonMigrating)

		By("waiting for the migration to complete")
		Eventually(ctx, func() int32 {
			pods := servingPods(ctx, n)
			runs, err := n.podsOfJob(ctx, job)
			Expect(err).NotTo(HaveOccurred())
			// The migration is done when its container has ended, a moment before its Job is.
			if runs[0].Status.ContainerStatuses[0].State.Terminated == nil {
				Expect(pods).To(Equal(old), "the pods changed while the migration ran")
			}
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(job), job)).To(Succeed())
			return job.Status.Succeeded
		}).Should(BeEquivalentTo(1))
		eventuallyReady(ctx, n.key())
		stream.expectNoFailures()
		expectEnv(ctx, n, sleeping)

		after := migrationJob(ctx, Default, n)
		Expect(after.UID).To(Equal(job.UID), "the Job was recreated")
		Expect(after.Status.Failed).To(BeZero())
		Expect(n.podsOfJob(ctx, after)).To(HaveLen(1))
		n.expectKept(ctx)
		Expect(condition(ctx, n.key(), v1alpha1.ConditionDatabaseMigrated)).To(beTrueFor(v1alpha1.ReasonMigrated))
	}, SpecTimeout(specTimeout))

	It("that fails blocks the rollout and reports its output until it is fixed", func(ctx SpecContext) {
		old := servingPods(ctx, n)
		stream := startTraffic(ctx, n)
		setEnv(ctx, n, corev1.EnvVar{Name: "MIGRATE_FAIL", Value: "no such column"})
		failed := eventuallyHas(ctx, n.key(), v1alpha1.ConditionDatabaseMigrated, metav1.ConditionFalse, v1alpha1.ReasonMigrationFailed)
		Expect(failed.Message).To(ContainSubstring("no such column"))
		ready := eventuallyHas(ctx, n.key(), v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonMigrationFailed)
		ms := n.key()
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms)).To(Succeed())
		expectStalled(ms, ready.Message, "no such column")
		Expect(servingPods(ctx, n)).To(Equal(old), "the pods changed")

		By("fixing the migration")
		fixed := corev1.EnvVar{Name: rolloutVariable, Value: "fixed"}
		setEnv(ctx, n, fixed)
		eventuallyReady(ctx, ms)
		Expect(meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionStalled)).To(BeNil())
		stream.expectNoFailures()
		expectEnv(ctx, n, fixed)
		n.expectKept(ctx)
		Expect(condition(ctx, n.key(), v1alpha1.ConditionDatabaseMigrated)).To(beTrueFor(v1alpha1.ReasonMigrated))
	}, SpecTimeout(specTimeout))
})

// setEnv replaces the service's env with one variable.
func setEnv(ctx context.Context, n *notesService, env corev1.EnvVar) {
	GinkgoHelper()
	update(ctx, n.key(), func(ms *v1alpha1.Microservice) { ms.Spec.Env = []corev1.EnvVar{env} })
}

// servingPods returns the env of each pod that is not terminating, by pod UID.
func servingPods(ctx context.Context, n *notesService) map[types.UID][]corev1.EnvVar {
	GinkgoHelper()
	pods, err := n.pods(ctx, v1alpha1.ComponentService)
	Expect(err).NotTo(HaveOccurred())
	found := map[types.UID][]corev1.EnvVar{}
	for i := range pods {
		if pods[i].DeletionTimestamp == nil {
			found[pods[i].UID] = pods[i].Spec.Containers[0].Env
		}
	}
	return found
}

// expectEnv expects exactly two pods, both with the variable.
func expectEnv(ctx context.Context, n *notesService, env corev1.EnvVar) {
	GinkgoHelper()
	Expect(servingPods(ctx, n)).To(And(HaveLen(2), HaveEach(ContainElement(env))))
}

// migrationJob returns the only migration Job of a service.
func migrationJob(ctx context.Context, g Gomega, n *notesService) *batchv1.Job {
	GinkgoHelper()
	jobs := &batchv1.JobList{}
	g.Expect(k8s.List(ctx, jobs, client.InNamespace(n.spec.Namespace),
		client.MatchingLabels{v1alpha1.LabelMicroservice: n.name(), v1alpha1.LabelComponent: v1alpha1.ComponentMigration})).To(Succeed())
	g.Expect(jobs.Items).To(HaveLen(1))
	return &jobs.Items[0]
}

// podsOfJob returns the pods of a Job.
func (n *notesService) podsOfJob(ctx context.Context, job *batchv1.Job) ([]corev1.Pod, error) {
	pods := &corev1.PodList{}
	err := k8s.List(ctx, pods, client.InNamespace(job.Namespace), client.MatchingLabels{batchv1.JobNameLabel: job.Name})
	return pods.Items, err
}
