//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

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

// The table in docs/databases.md names these specs.
var _ = Describe("Data", func() {
	It("is deleted with its namespace and restored from a bucket in another", func(ctx SpecContext) {
		const ns, restoredNS, storeNS = "e2e-data", "e2e-data-again", "e2e-store"
		createNotesTopology(ctx, storeNS)
		store := createStore(ctx, storeNS)
		createNotesTopology(ctx, ns)
		(&backupStore{ns}).setKey(ctx, bucketKey)
		b := newBackupServices(&backupStore{ns}, "bucket", store.bucketLocation())[0]
		b.start(ctx)
		b.write(ctx, 50)
		b.startBackup(ctx)
		eventuallyBackedUp(ctx, b)

		namespace := &corev1.Namespace{}
		namespace.Name = ns
		Expect(k8s.Delete(ctx, namespace)).To(Succeed())
		eventuallyGone(ctx, namespace)

		By("restoring the service in another namespace")
		createNotesTopology(ctx, restoredNS)
		(&backupStore{restoredNS}).setKey(ctx, bucketKey)
		b.spec.Namespace = restoredNS
		b.spec.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: b.restoreSource("")}
		b.spec.Spec.Database.Restore.From.Namespace = ns
		b.start(ctx)
		b.expectKept(ctx)
	}, SpecTimeout(specTimeout))

	It("outlives the operator", func(ctx SpecContext) {
		const ns = "e2e-uninstalled"
		createNotesTopology(ctx, ns)
		n := newNotes(ns, "notes", v1alpha1.EnginePostgreSQL)
		n.start(ctx)
		n.write(ctx, 50)
		kept := retainedState(ctx, n)

		DeferCleanup(func(ctx SpecContext) { scaleOperator(ctx, operatorReplicas) }, NodeTimeout(specTimeout))
		scaleOperator(ctx, 0)
		replaceDatabasePod(ctx, n, deletePod)
		Eventually(ctx, n.readSummary).Should(Equal(n.wantSummary()))
		Expect(k8s.Delete(ctx, n.key())).To(Succeed())
		eventuallyNothingRuns(ctx, n)
		Expect(retainedState(ctx, n)).To(Equal(kept))

		scaleOperator(ctx, operatorReplicas)
		Expect(k8s.Create(ctx, n.spec.DeepCopy())).To(Succeed())
		n.eventuallyServes(ctx)
		n.expectKept(ctx)
	}, SpecTimeout(specTimeout))
})

// eventuallyBackedUp waits until the status reports a backup.
func eventuallyBackedUp(ctx context.Context, b *backupService) {
	GinkgoHelper()
	Eventually(ctx, func(g Gomega) {
		ms := b.key()
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms)).To(Succeed())
		g.Expect(ms.Status.Database.LastBackup).NotTo(BeNil())
	}).Should(Succeed())
}

// scaleOperator sets the operator's replicas and waits until the Deployment has them.
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
