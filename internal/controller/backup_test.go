// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"fmt"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
)

var _ = Describe("Backup", func() {
	It("is told of in the status, also when the last one failed, and is remembered when its Job is gone", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := backedUp(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonNoBackup)).
			To(ContainSubstring("kubectl create job -n " + ns + " --from=cronjob/users-backup users-backup-now"))

		By("a Job made from the CronJob, that succeeded")
		job := fromCronJob(ctx, ns, "users-now")
		began := metav1.NewTime(time.Now().UTC().Truncate(time.Second))
		report := fmt.Sprintf(`{"time":%q,"size":4096,"location":"pvc://backups/users/x.dump"}`, began.UTC().Format(time.RFC3339))
		pod := podOf(ctx, ns, job, corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: report, FinishedAt: metav1.Now()}})
		eventuallyHas(ctx, users, v1alpha1.ConditionBackupReady, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)
		want := &v1alpha1.BackupStatus{Time: began, Size: 4096, Location: "pvc://backups/users/x.dump"}
		Expect(users.Status.Database.LastBackup.Time.Equal(&want.Time)).To(BeTrue())
		Expect(users.Status.Database.LastBackup.Size).To(Equal(want.Size))
		Expect(users.Status.Database.LastBackup.Location).To(Equal(want.Location))

		By("its pod and its Job being gone")
		Expect(k8s.Delete(ctx, pod)).To(Succeed())
		Expect(k8s.Delete(ctx, job)).To(Succeed())
		settled(ns)
		eventuallyHas(ctx, users, v1alpha1.ConditionBackupReady, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)
		Expect(users.Status.Database.LastBackup.Size).To(BeEquivalentTo(4096))

		By("a later one that failed")
		runJobs(ns, func(*batchv1.Job) jobOutcome {
			if time.Since(began.Time) < 2*time.Second {
				return jobRuns
			}
			return jobFails
		})
		failed := fromCronJob(ctx, ns, "users-later")
		failedPod(ctx, ns, failed, "pg_dump: error: connection refused")
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonBackupFailed)).
			To(HavePrefix("The last backup failed: pg_dump: error: connection refused; to fix: create a backup now with"))
		By("a service without backups being ready all the same")
		eventuallyReady(ctx, users)
	}, SpecTimeout(suiteTimeout))

	It("that did not come when it was due is overdue, without anything happening", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := backedUp(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		began := time.Now().UTC().Truncate(time.Second)
		report := fmt.Sprintf(`{"time":%q,"size":1,"location":"pvc://backups/users/x.dump"}`, began.Format(time.RFC3339))
		podOf(ctx, ns, fromCronJob(ctx, ns, "users-now"), corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Message: report, FinishedAt: metav1.Now()}})
		eventuallyHas(ctx, users, v1alpha1.ConditionBackupReady, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)
		settled(ns)

		By("a clock of three seconds before the next one is overdue")
		DeferCleanup(clockOffset.Store, int64(0))
		due := database.OverdueAt(backupSchedule, time.Now())
		clockOffset.Store(int64(time.Until(due) - 3*time.Second))
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "users:2" })
		eventuallyHas(ctx, users, v1alpha1.ConditionBackupReady, metav1.ConditionTrue, v1alpha1.ReasonBackedUp)
		eventuallyHas(ctx, users, v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonBackupOverdue)
	}, SpecTimeout(suiteTimeout))

	It("is held while a new database is still to be filled", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		restored := make(chan struct{})
		runJobs(ns, func(*batchv1.Job) jobOutcome {
			select {
			case <-restored:
				return jobSucceeds
			default:
				return jobRuns
			}
		})
		simulate(ns)
		users := backedUp(ns)
		users.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{Service: "people"}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Eventually(func() string { return conditionOf(ctx, users, v1alpha1.ConditionDatabaseRestored).Message }).Should(ContainSubstring("is restoring the database from the backup"))
		Expect(*get(ctx, &batchv1.CronJob{}, ns, "users-backup").Spec.Suspend).To(BeTrue())
		Expect(kinds(everythingIn(ctx, ns))).NotTo(ContainElement("Deployment/users"))
		close(restored)
		eventuallyReady(ctx, users)
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseRestored, metav1.ConditionTrue, v1alpha1.ReasonRestored)
		Expect(*get(ctx, &batchv1.CronJob{}, ns, "users-backup").Spec.Suspend).To(BeFalse())

		By("the Job being deleted, which fills nothing again")
		for _, job := range jobsIn(ctx, ns) {
			Expect(k8s.Delete(ctx, &job, client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
		}
		settled(ns)
		Expect(jobsIn(ctx, ns)).To(BeEmpty())
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseRestored, metav1.ConditionTrue, v1alpha1.ReasonRestored)
	}, SpecTimeout(suiteTimeout))

	It("that can't be restored stalls, and goes on when restore is removed", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		runJobs(ns, func(*batchv1.Job) jobOutcome { return jobFails })
		simulate(ns)
		users := backedUp(ns)
		users.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{Service: "people"}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseRestored, metav1.ConditionFalse, v1alpha1.ReasonRestoreFailed)
		failedPod(ctx, ns, &jobsIn(ctx, ns)[0], "there is no backup with the extension dump at pvc://backups/people")
		Eventually(func() string { return conditionOf(ctx, users, v1alpha1.ConditionStalled).Message }).
			Should(ContainSubstring("The restore failed: there is no backup with the extension dump at pvc://backups/people; to fix: correct database.restore, or delete Job"))
		Expect(kinds(everythingIn(ctx, ns))).NotTo(ContainElement("Deployment/users"))
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Restore = nil })
		eventuallyReady(ctx, users)
		eventuallyGone(ctx, ns, "Job/")
	}, SpecTimeout(suiteTimeout))
})

// backupSchedule is that of backedUp.
const backupSchedule = "0 3 * * *"

func backedUp(ns string) *v1alpha1.Microservice {
	users := withDatabase(ns, v1alpha1.EnginePostgreSQL)
	users.Spec.Database.Backup = &v1alpha1.DatabaseBackup{
		Schedule:    backupSchedule,
		Destination: v1alpha1.BackupLocation{PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: "backups"}},
	}
	return users
}

// fromCronJob makes a Job as kubectl create job --from does.
func fromCronJob(ctx SpecContext, ns, name string) *batchv1.Job {
	GinkgoHelper()
	cronJob := get(ctx, &batchv1.CronJob{}, ns, "users-backup")
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns, Labels: cronJob.Spec.JobTemplate.Labels,
			Annotations:     map[string]string{"cronjob.kubernetes.io/instantiate": "manual"},
			OwnerReferences: []metav1.OwnerReference{*metav1.NewControllerRef(cronJob, batchv1.SchemeGroupVersion.WithKind("CronJob"))}},
		Spec: cronJob.Spec.JobTemplate.Spec,
	}
	Expect(k8s.Create(ctx, job)).To(Succeed())
	return job
}
