// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	storagev1 "k8s.io/api/storage/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// What becomes of the data is also told in docs/databases.md, whose table names
// these tests.
var _ = Describe("Data", func() {
	It("that goes with a deleted claim comes again from the backup, and its schema from the migration", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		ran := migrations(ns)
		simulate(ns)
		users := migrating(ns)
		users.Spec.Database.Backup = backedUp(ns).Spec.Database.Backup
		users.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{Service: "users"}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(ran.images()).To(HaveLen(1))
		password := get(ctx, &corev1.Secret{}, ns, "users-db").Data["password"]
		first := get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0")
		var filled string
		Expect(*get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas).To(BeEquivalentTo(2))
		Eventually(func() string {
			filled = get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0").Annotations["atoll.dev/restored"]
			return filled
		}).ShouldNot(BeEmpty())

		By("pods that are kept from writing to the new volume before it is filled")
		full := make(chan struct{})
		runJobs(ns, func(job *batchv1.Job) jobOutcome {
			if strings.Contains(job.Name, "-restore-") {
				select {
				case <-full:
				default:
					return jobRuns
				}
			}
			return ran.run(job)
		})
		Expect(k8s.Delete(ctx, first)).To(Succeed())
		// Kubernetes lets it go when no pod uses it any more.
		Expect(client.IgnoreNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(first), first))).To(Succeed())
		first.Finalizers = nil
		Expect(client.IgnoreNotFound(k8s.Update(ctx, first))).To(Succeed())
		Eventually(func() int32 { return *get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas }).Should(BeZero())
		close(full)

		Eventually(func(g Gomega) {
			claim := get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0")
			g.Expect(claim.UID).NotTo(Equal(first.UID))
			g.Expect(claim.Annotations["atoll.dev/restored"]).To(And(Not(BeEmpty()), Not(Equal(filled))))
		}).Should(Succeed())
		Eventually(ran.images).Should(HaveLen(2))
		eventuallyReady(ctx, users)
		Expect(*get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas).To(BeEquivalentTo(2))
		Expect(get(ctx, &corev1.Secret{}, ns, "users-db").Data["password"]).To(Equal(password))
	}, SpecTimeout(suiteTimeout))

	It("in use is never restored over, and what works with it goes on", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := backedUp(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Eventually(func() map[string]string {
			return get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0").Annotations
		}).
			Should(HaveKeyWithValue("atoll.dev/database-in-use", "true"))

		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Image = "users:2"
			ms.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{Service: "users"}}
		})
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRestoreRefused)).
			To(HavePrefix("The restore was refused: the database is not new, and Atoll keeps its data"))
		settled(ns)
		Expect(jobsIn(ctx, ns)).To(BeEmpty())
		Expect(*get(ctx, &batchv1.CronJob{}, ns, "users-backup").Spec.Suspend).To(BeFalse())
		Expect(get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template.Spec.Containers[0].Image).To(Equal("users:2"))
		Expect(*get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas).To(BeEquivalentTo(2))
	}, SpecTimeout(suiteTimeout))

	It("that a restore left half filled, and that is used since, is not restored over later", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		runJobs(ns, func(*batchv1.Job) jobOutcome { return jobFails })
		simulate(ns)
		users := withDatabase(ns, v1alpha1.EngineMariaDB)
		users.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: "backups"}}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseRestored, metav1.ConditionFalse, v1alpha1.ReasonRestoreFailed)
		wanted := users.Spec.Database.Restore
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Restore = nil })
		eventuallyReady(ctx, users)
		eventuallyGone(ctx, ns, "Job/")

		runJobs(ns, func(*batchv1.Job) jobOutcome { return jobSucceeds })
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Restore = wanted })
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseRestored, metav1.ConditionFalse, v1alpha1.ReasonRestoreRefused)
		settled(ns)
		Expect(jobsIn(ctx, ns)).To(BeEmpty())
	}, SpecTimeout(suiteTimeout))

	It("is served for as long as a Job works with it, also while the service is suspended", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		ran := migrations(ns)
		ran.hold("users:1")
		simulate(ns)
		users := migrating(ns)
		users.Spec.Image = "users:1"
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Eventually(ran.images).Should(HaveLen(1))
		pod := podOf(ctx, ns, jobOf(ctx, ns, "users:1"), corev1.ContainerState{Running: &corev1.ContainerStateRunning{}})
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = new(true) })
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseMigrated, metav1.ConditionFalse, v1alpha1.ReasonSuspended)
		settled(ns)
		Expect(*get(ctx, &appsv1.StatefulSet{}, ns, "users-db").Spec.Replicas).To(BeEquivalentTo(1))
		ran.release()
		Expect(k8s.Delete(ctx, pod, client.GracePeriodSeconds(0))).To(Succeed())
		Eventually(func() int32 { return *get(ctx, &appsv1.StatefulSet{}, ns, "users-db").Spec.Replicas }).Should(BeZero())
	}, SpecTimeout(suiteTimeout))

	It("stays behind under the old name when a service is renamed, and can be taken along from a backup", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := backedUp(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(k8s.Delete(ctx, users)).To(Succeed())
		settled(ns)
		collectGarbage(ctx, ns, users)

		people := backedUp(ns)
		people.Name = "people"
		people.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{Service: "users"}}
		Expect(k8s.Create(ctx, people)).To(Succeed())
		eventuallyReady(ctx, people)
		eventuallyHas(ctx, people, v1alpha1.ConditionDatabaseRestored, metav1.ConditionTrue, v1alpha1.ReasonRestored)
		Expect(kinds(everythingIn(ctx, ns))).To(ContainElements("Secret/users-db", "Secret/users-db-admin", "PersistentVolumeClaim/data-users-db-0",
			"Secret/people-db", "PersistentVolumeClaim/data-people-db-0"))
		var from string
		for _, v := range restoreJob(ctx, ns).Spec.Template.Spec.Containers[0].Env {
			if v.Name == "ATOLL_LOCATION" {
				from = v.Value
			}
		}
		Expect(from).To(Equal("pvc://backups/users"))
	}, SpecTimeout(suiteTimeout))

	It("is as it was after a suspension, and so are its passwords", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := withDatabase(ns, v1alpha1.EngineValkey)
		users.Spec.Database.DeletionPolicy = v1alpha1.DeletionDelete
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		kept := []client.Object{get(ctx, &corev1.Secret{}, ns, "users-db"), get(ctx, &corev1.Secret{}, ns, "users-db-admin"), get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0")}

		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = new(true) })
		Eventually(func() int32 { return *get(ctx, &appsv1.StatefulSet{}, ns, "users-db").Spec.Replicas }).Should(BeZero())
		Expect(get(ctx, &appsv1.StatefulSet{}, ns, "users-db").Spec.PersistentVolumeClaimRetentionPolicy.WhenScaled).
			To(Equal(appsv1.RetainPersistentVolumeClaimRetentionPolicyType))
		By("a claim that goes with the service, as it does while that runs")
		Eventually(func() bool {
			return metav1.IsControlledBy(get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0"), get(ctx, &appsv1.StatefulSet{}, ns, "users-db"))
		}).Should(BeTrue())
		settled(ns)
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = nil })
		eventuallyReady(ctx, users)
		for _, o := range kept {
			again := o.DeepCopyObject().(client.Object)
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(o), again)).To(Succeed())
			Expect(again.GetUID()).To(Equal(o.GetUID()), o.GetName())
			if secret, ok := again.(*corev1.Secret); ok {
				Expect(secret.ResourceVersion).To(Equal(o.GetResourceVersion()), o.GetName())
			}
		}
	}, SpecTimeout(suiteTimeout))

	It("gets a larger volume where the class lets it grow, and where it does not that is told", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		for name, grows := range map[string]bool{"grows": true, "fixed": false} {
			Expect(k8s.Create(ctx, &storagev1.StorageClass{ObjectMeta: metav1.ObjectMeta{Name: ns + "-" + name}, Provisioner: "example.com/simulated", AllowVolumeExpansion: &grows})).To(Succeed())
		}
		simulate(ns)
		sized := func(name string) *v1alpha1.Microservice {
			ms := bare(ns, name)
			ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Storage: &v1alpha1.DatabaseStorage{Size: "1Gi", StorageClassName: ns + "-" + name}}
			Expect(k8s.Create(ctx, ms)).To(Succeed())
			eventuallyReady(ctx, ms)
			claim := get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-"+name+"-db-0")
			change(ctx, claim, func(c *corev1.PersistentVolumeClaim) { c.Spec.VolumeName = "volume-" + name })
			claim.Status.Phase = corev1.ClaimBound
			Expect(k8s.Status().Update(ctx, claim)).To(Succeed())
			change(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Storage.Size = "2Gi" })
			return ms
		}
		grows, fixed := sized("grows"), sized("fixed")
		Eventually(func() string {
			claim := get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-grows-db-0")
			return claim.Spec.Resources.Requests.Storage().String()
		}).Should(Equal("2Gi"))
		eventuallyReady(ctx, grows)
		Expect(eventuallyHas(ctx, fixed, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonRefused)).
			To(And(ContainSubstring(`PersistentVolumeClaim "data-fixed-db-0"`), ContainSubstring("must support resize")))
		claim := get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-fixed-db-0")
		Expect(claim.Spec.Resources.Requests.Storage().Cmp(resource.MustParse("1Gi"))).To(BeZero())
	}, SpecTimeout(suiteTimeout))
})

func restoreJob(ctx SpecContext, ns string) *batchv1.Job {
	GinkgoHelper()
	for _, job := range jobsIn(ctx, ns) {
		if job.Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentRestore {
			return &job
		}
	}
	Fail("there is no Job of a restore")
	return nil
}
