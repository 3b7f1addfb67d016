//go:build e2e

/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

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

// The specs follow the same services from the first backup to the last restore,
// all engines at once: of each engine one that has its backups in a volume and
// one that has them in a bucket.
var _ = Describe("The backup of every engine, in a volume and in a bucket,", Ordered, func() {
	const ns = "e2e-backup"
	var kept *store
	var inVolume, inBucket, all []*backedUp
	BeforeAll(func(ctx SpecContext) {
		makeNotesTopology(ctx, ns)
		kept = makeStore(ctx, ns)
		inVolume, inBucket = newBackedUp(kept, "volume", kept.volume()), newBackedUp(kept, "bucket", kept.bucket())
		all = slices.Concat(inVolume, inBucket)
		each(all, func(b *backedUp) {
			b.start(ctx)
			eventuallyHas(ctx, b.live(), v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonNoBackup)
			b.write(ctx, 200)
		})
	}, NodeTimeout(specTimeout))

	It("is made, told of in the status, and takes the place of the oldest", func(ctx SpecContext) {
		each(all, func(b *backedUp) {
			for range 3 {
				b.backUp(ctx)
				b.write(ctx, 20)
			}
			Expect(kept.names(ctx, b)).To(Equal([]string{b.taken[1].name, b.taken[2].name}), b.name())
		})
	}, SpecTimeout(specTimeout))

	It("brings every row back when all else was destroyed", func(ctx SpecContext) {
		each(all, func(b *backedUp) {
			destroy(ctx, b.notes)
			from := b.taken[2]
			b.spec.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: b.source("")}
			if b.inBucket() {
				// The newest is the one unless another is named.
				from = b.taken[1]
				b.spec.Spec.Database.Restore.From.Backup = from.name
			}
			b.written = from.notes
			b.start(ctx)
			b.expectKept(ctx)
			Expect(condition(ctx, b.live(), v1alpha1.ConditionDatabaseRestored)).To(beTrueFor(v1alpha1.ReasonRestored), b.name())
			b.write(ctx, 20)
			b.expectKept(ctx)
		})
	}, SpecTimeout(specTimeout))

	// Failures take their time, because they are tried again: the ones beside the
	// others.
	It("that fails to be made says why, and one that would be restored over data is refused", func(ctx SpecContext) {
		kept.setKey(ctx, "a-wrong-one")
		each(all, func(b *backedUp) {
			if b.inBucket() {
				expectBackupFails(ctx, b)
			} else {
				expectRestoreRefused(ctx, b)
			}
		})
		kept.setKey(ctx, bucketKey)
		each(inBucket, func(b *backedUp) { b.backUp(ctx) })
	}, SpecTimeout(specTimeout))
})

// destroy takes away a service and all that its database left, but for the
// backups.
func destroy(ctx context.Context, n *notes) {
	GinkgoHelper()
	Expect(k8s.Delete(ctx, n.live())).To(Succeed())
	eventuallyNothingRuns(ctx, n)
	for _, o := range databaseKeepers(n) {
		Expect(k8s.Delete(ctx, o)).To(Succeed())
		eventuallyGone(ctx, o)
	}
}

// expectBackupFails takes a backup that can't be written.
func expectBackupFails(ctx context.Context, b *backedUp) {
	GinkgoHelper()
	b.run(ctx)
	failed := eventuallyHas(ctx, b.live(), v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonBackupFailed)
	Expect(failed.Message).To(MatchRegexp("Forbidden|AccessDenied|SignatureDoesNotMatch"), b.name())
	// The service has nothing to do with it.
	eventuallyReady(ctx, b.live())
	b.expectKept(ctx)
}

// expectRestoreRefused asks for an older backup of a service that has newer
// notes.
func expectRestoreRefused(ctx context.Context, b *backedUp) {
	GinkgoHelper()
	pods, err := b.pods(ctx, v1alpha1.ComponentService)
	Expect(err).NotTo(HaveOccurred())
	ms := b.live()
	change(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Restore.From.Backup = b.taken[1].name })
	eventuallyHas(ctx, ms, v1alpha1.ConditionDatabaseRestored, metav1.ConditionFalse, v1alpha1.ReasonRestoreRefused)
	ready := eventuallyHas(ctx, ms, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRestoreRefused)
	expectStalled(ms, ready.Message, "The database is in use and holds data")
	b.expectKept(ctx)

	change(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Restore = nil })
	eventuallyReady(ctx, ms)
	Expect(meta.FindStatusCondition(ms.Status.Conditions, v1alpha1.ConditionStalled)).To(BeNil())
	b.expectKept(ctx)
	for i := range pods {
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(&pods[i]), &corev1.Pod{})).To(Succeed(), "%s: a pod was replaced", b.name())
	}
}
