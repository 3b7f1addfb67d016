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
	"github.com/atoll-dev/atoll/internal/names"
)

// engines lists the engines of the BuiltIn provider.
var engines = []v1alpha1.DatabaseEngine{v1alpha1.EnginePostgreSQL, v1alpha1.EngineMariaDB, v1alpha1.EngineValkey}

// The specs use the same three services in order. Each spec runs all engines at
// once, because it mostly waits.
var _ = Describe("The database of every engine", Ordered, ContinueOnFailure, func() {
	const ns = "e2e-databases"
	var all []*notesService
	BeforeAll(func(ctx SpecContext) {
		createNotesTopology(ctx, ns)
		all = onePerEngine(ns, "")
		forEachParallel(all, func(n *notesService) {
			n.start(ctx)
			n.write(ctx, 200)
			n.expectKept(ctx)
		})
	}, NodeTimeout(specTimeout))

	It("keeps every note when its pod is deleted or force-deleted", func(ctx SpecContext) {
		forEachParallel(all, func(n *notesService) {
			for _, remove := range []func(context.Context, *corev1.Pod){deletePod, forceDelete} {
				replaceDatabasePod(ctx, n, remove)
				n.eventuallyServes(ctx)
				n.expectKept(ctx)
				n.write(ctx, 10)
			}
		})
	}, SpecTimeout(specTimeout))

	It("rotates its password under steady traffic without a failed request, and refuses the old one", func(ctx SpecContext) {
		forEachParallel(all, func(n *notesService) { expectRotation(ctx, n) })
	}, SpecTimeout(specTimeout))

	It("keeps every note when the Microservice is deleted and recreated", func(ctx SpecContext) {
		forEachParallel(all, func(n *notesService) {
			kept := retainedState(ctx, n)
			Expect(k8s.Delete(ctx, n.key())).To(Succeed())
			eventuallyNothingRuns(ctx, n)
			Expect(k8s.Create(ctx, n.spec.DeepCopy())).To(Succeed())
			n.eventuallyServes(ctx)
			n.expectKept(ctx)
			n.write(ctx, 10)
			n.expectKept(ctx)
			Expect(retainedState(ctx, n)).To(Equal(kept), n.name())
		})
	}, SpecTimeout(specTimeout))

	It("is deleted with the Microservice under deletionPolicy Delete", func(ctx SpecContext) {
		forEachParallel(all, func(n *notesService) {
			update(ctx, n.key(), func(ms *v1alpha1.Microservice) { ms.Spec.Database.DeletionPolicy = v1alpha1.DeletionDelete })
			eventuallyReady(ctx, n.key())
			Expect(k8s.Delete(ctx, n.key())).To(Succeed())
			eventuallyNothingRuns(ctx, n)
			for _, o := range retainedObjects(n) {
				eventuallyGone(ctx, o)
			}
		})
	}, SpecTimeout(specTimeout))
})

// replaceDatabasePod removes the database's pod and waits until its replacement is ready.
func replaceDatabasePod(ctx context.Context, n *notesService, remove func(context.Context, *corev1.Pod)) {
	GinkgoHelper()
	old := withKey(n, names.Database(n.name())+"-0", &corev1.Pod{})
	Expect(k8s.Get(ctx, client.ObjectKeyFromObject(old), old)).To(Succeed())
	remove(ctx, old)
	eventuallyReplaced(ctx, old)
}

// retainedObjects returns the objects that hold a database's data and passwords.
func retainedObjects(n *notesService) []client.Object {
	return []client.Object{
		withKey(n, names.DatabaseClaim(n.name()), &corev1.PersistentVolumeClaim{}),
		withKey(n, names.Database(n.name()), &corev1.Secret{}),
		withKey(n, names.AdminSecret(n.name()), &corev1.Secret{}),
	}
}

// retainedState returns the UIDs of the retained objects and the data of the Secrets.
func retainedState(ctx context.Context, n *notesService) map[string]any {
	GinkgoHelper()
	found := map[string]any{}
	for _, o := range retainedObjects(n) {
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
		found[o.GetName()] = o.GetUID()
		if secret, ok := o.(*corev1.Secret); ok {
			found[o.GetName()+" content"] = secret.Data
		}
	}
	return found
}

// eventuallyNothingRuns waits until a deleted service and its database have no pods.
func eventuallyNothingRuns(ctx context.Context, n *notesService) {
	GinkgoHelper()
	eventuallyGone(ctx, withKey(n, names.Database(n.name()), &appsv1.StatefulSet{}))
	for _, component := range []string{v1alpha1.ComponentService, v1alpha1.ComponentDatabase} {
		Eventually(ctx, n.pods).WithArguments(component).Should(BeEmpty(), n.name())
	}
}
