//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// The specs use the same services from the first backup to the last restore. Each
// engine has one service that backs up to a volume and one that backs up to a
// bucket. All services run at once.
var _ = Describe("Backups of every engine, in a volume and in a bucket,", Ordered, func() {
	const ns = "e2e-backup"
	var store *backupStore
	var inVolume, inBucket, all []*backupService
	BeforeAll(func(ctx SpecContext) {
		createNotesTopology(ctx, ns)
		store = createStore(ctx, ns)
		inVolume, inBucket = newBackupServices(store, "volume", store.volumeLocation()), newBackupServices(store, "bucket", store.bucketLocation())
		all = slices.Concat(inVolume, inBucket)
		forEachParallel(all, func(b *backupService) {
			b.start(ctx)
			eventuallyHas(ctx, b.key(), v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonNoBackup)
			b.write(ctx, 200)
		})
	}, NodeTimeout(specTimeout))

	It("complete, appear in the status and replace the oldest", func(ctx SpecContext) {
		forEachParallel(all, func(b *backupService) {
			for range 3 {
				b.backUp(ctx)
				b.write(ctx, 20)
			}
			Expect(store.backupNames(ctx, b)).To(Equal([]string{b.completed[1].name, b.completed[2].name}), b.name())
		})
	}, SpecTimeout(specTimeout))

	It("restore every row after the service and its data are deleted", func(ctx SpecContext) {
		forEachParallel(all, func(b *backupService) {
			deleteWithData(ctx, b.notesService)
			from := b.completed[2]
			b.spec.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: b.restoreSource("")}
			if b.usesBucket() {
				// The volume services restore the newest backup; these name an older one.
				from = b.completed[1]
				b.spec.Spec.Database.Restore.From.Backup = from.name
			}
			b.written = from.notes
			b.start(ctx)
			b.expectKept(ctx)
			Expect(condition(ctx, b.key(), v1alpha1.ConditionDatabaseRestored)).To(beTrueFor(v1alpha1.ReasonRestored), b.name())
			b.write(ctx, 20)
			b.expectKept(ctx)
		})
	}, SpecTimeout(specTimeout))

	// Both failures are retried for a while, so one spec waits for both at once.
	It("report a failed backup, and refuse a restore over existing data", func(ctx SpecContext) {
		store.setKey(ctx, "a-wrong-one")
		forEachParallel(all, func(b *backupService) {
			if b.usesBucket() {
				expectBackupFailure(ctx, b)
			} else {
				expectRestoreRefused(ctx, b)
			}
		})
		store.setKey(ctx, bucketKey)
		forEachParallel(inBucket, func(b *backupService) { b.backUp(ctx) })
	}, SpecTimeout(specTimeout))
})

// deleteWithData deletes a service, its database and its data, but not its backups.
func deleteWithData(ctx context.Context, n *notesService) {
	GinkgoHelper()
	Expect(k8s.Delete(ctx, n.key())).To(Succeed())
	eventuallyNothingRuns(ctx, n)
	for _, o := range retainedObjects(n) {
		Expect(k8s.Delete(ctx, o)).To(Succeed())
		eventuallyGone(ctx, o)
	}
}

// expectBackupFailure starts a backup that the bucket refuses.
func expectBackupFailure(ctx context.Context, b *backupService) {
	GinkgoHelper()
	b.startBackup(ctx)
	failed := eventuallyHas(ctx, b.key(), v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonBackupFailed)
	Expect(failed.Message).To(MatchRegexp("Forbidden|AccessDenied|SignatureDoesNotMatch"), b.name())
	// A failed backup does not affect the service.
	eventuallyReady(ctx, b.key())
	b.expectKept(ctx)
}

// expectRestoreRefused requests the restore of an older backup while the database
// holds newer notes.
func expectRestoreRefused(ctx context.Context, b *backupService) {
	GinkgoHelper()
	pods, err := b.pods(ctx, v1alpha1.ComponentService)
	Expect(err).NotTo(HaveOccurred())
	ms := b.key()
	update(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Restore.From.Backup = b.completed[1].name })
	eventuallyHas(ctx, ms, v1alpha1.ConditionDatabaseRestored, metav1.ConditionFalse, v1alpha1.ReasonRestoreRefused)
	ready := eventuallyHas(ctx, ms, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRestoreRefused)
	expectStalled(ms, ready.Message, "The restore was refused: the database is not new")
	b.expectKept(ctx)

	update(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Restore = nil })
	eventuallyReady(ctx, ms)
	Expect(meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionStalled)).To(BeNil())
	b.expectKept(ctx)
	for i := range pods {
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(&pods[i]), &corev1.Pod{})).To(Succeed(), "%s: a pod was replaced", b.name())
	}
}
