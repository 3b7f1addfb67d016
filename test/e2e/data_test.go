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

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// What becomes of the data is also told in docs/databases.md, whose table names
// these specs.
var _ = Describe("Data", func() {
	It("is gone with its namespace, and comes back from a bucket elsewhere", func(ctx SpecContext) {
		const ns, again, elsewhere = "e2e-data", "e2e-data-again", "e2e-store"
		makeNotesTopology(ctx, elsewhere)
		kept := makeStore(ctx, elsewhere)
		makeNotesTopology(ctx, ns)
		(&store{ns}).setKey(ctx, bucketKey)
		b := newBackedUp(&store{ns}, "bucket", kept.bucket())[0]
		b.start(ctx)
		b.write(ctx, 50)
		b.run(ctx)
		eventuallyBackedUp(ctx, b)

		gone := &corev1.Namespace{}
		gone.Name = ns
		Expect(k8s.Delete(ctx, gone)).To(Succeed())
		eventuallyGone(ctx, gone)

		By("the same in another namespace")
		makeNotesTopology(ctx, again)
		(&store{again}).setKey(ctx, bucketKey)
		b.spec.Namespace = again
		b.spec.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: b.source("")}
		b.spec.Spec.Database.Restore.From.Namespace = ns
		b.start(ctx)
		b.expectKept(ctx)
	}, SpecTimeout(specTimeout))

	It("stays where it is when the operator is gone", func(ctx SpecContext) {
		const ns = "e2e-uninstalled"
		makeNotesTopology(ctx, ns)
		n := newNotes(ns, "notes", v1alpha1.EnginePostgreSQL)
		n.start(ctx)
		n.write(ctx, 50)
		kept := databaseObjects(ctx, n)

		DeferCleanup(func(ctx SpecContext) { scaleOperator(ctx, 1) }, NodeTimeout(specTimeout))
		scaleOperator(ctx, 0)
		replaceDatabasePod(ctx, n, func(ctx context.Context, pod *corev1.Pod) { Expect(k8s.Delete(ctx, pod)).To(Succeed()) })
		Eventually(ctx, n.sum).Should(Equal(n.expected()))
		Expect(k8s.Delete(ctx, n.live())).To(Succeed())
		eventuallyNothingRuns(ctx, n)
		Expect(databaseObjects(ctx, n)).To(Equal(kept))

		scaleOperator(ctx, 1)
		Expect(k8s.Create(ctx, n.spec.DeepCopy())).To(Succeed())
		n.eventuallyServes(ctx)
		n.expectKept(ctx)
	}, SpecTimeout(specTimeout))
})

// eventuallyBackedUp waits until the status tells of a backup.
func eventuallyBackedUp(ctx context.Context, b *backedUp) {
	GinkgoHelper()
	Eventually(ctx, func(g Gomega) {
		ms := b.live()
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms)).To(Succeed())
		g.Expect(ms.Status.Database.LastBackup).NotTo(BeNil())
	}).Should(Succeed())
}

// scaleOperator takes the operator away, or brings it back.
func scaleOperator(ctx context.Context, replicas int32) {
	GinkgoHelper()
	d := &appsv1.Deployment{}
	key := client.ObjectKey{Namespace: operatorNamespace, Name: "atoll-controller-manager"}
	Eventually(ctx, func() error {
		if err := k8s.Get(ctx, key, d); err != nil {
			return err
		}
		d.Spec.Replicas = &replicas
		return k8s.Update(ctx, d)
	}).Should(Succeed())
	Eventually(ctx, func(g Gomega) {
		g.Expect(k8s.Get(ctx, key, d)).To(Succeed())
		g.Expect(d.Status.ObservedGeneration).To(Equal(d.Generation))
		g.Expect([]int32{d.Status.Replicas, d.Status.ReadyReplicas}).To(Equal([]int32{replicas, replicas}))
	}).Should(Succeed())
}
