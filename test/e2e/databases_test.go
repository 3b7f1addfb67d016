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
	"github.com/atoll-dev/atoll/internal/names"
)

// engines are those that Atoll runs itself.
var engines = []v1alpha1.DatabaseEngine{v1alpha1.EnginePostgreSQL, v1alpha1.EngineMariaDB, v1alpha1.EngineValkey}

// The specs use the same three services one after the other, and all engines at
// once: most of their time is waiting.
var _ = Describe("The database of every engine", Ordered, ContinueOnFailure, func() {
	const ns = "e2e-databases"
	var all []*notes
	BeforeAll(func(ctx SpecContext) {
		makeNotesTopology(ctx, ns)
		all = onePerEngine(ns, "")
		each(all, func(n *notes) {
			n.start(ctx)
			n.write(ctx, 200)
			n.expectKept(ctx)
		})
	}, NodeTimeout(specTimeout))

	It("keeps what was written when its pod is deleted, and when that is by force", func(ctx SpecContext) {
		each(all, func(n *notes) {
			for _, remove := range []func(context.Context, *corev1.Pod){
				func(ctx context.Context, pod *corev1.Pod) { Expect(k8s.Delete(ctx, pod)).To(Succeed()) },
				forceDelete,
			} {
				replaceDatabasePod(ctx, n, remove)
				n.eventuallyServes(ctx)
				n.expectKept(ctx)
				n.write(ctx, 10)
			}
		})
	}, SpecTimeout(specTimeout))

	It("gets a new password under steady traffic without a failed request, and the old one is of no use", func(ctx SpecContext) {
		each(all, func(n *notes) { expectRotates(ctx, n) })
	}, SpecTimeout(specTimeout))

	It("comes back with all that was written when the Microservice does", func(ctx SpecContext) {
		each(all, func(n *notes) {
			kept := databaseObjects(ctx, n)
			Expect(k8s.Delete(ctx, n.live())).To(Succeed())
			eventuallyNothingRuns(ctx, n)
			Expect(k8s.Create(ctx, n.spec.DeepCopy())).To(Succeed())
			n.eventuallyServes(ctx)
			n.expectKept(ctx)
			n.write(ctx, 10)
			n.expectKept(ctx)
			Expect(databaseObjects(ctx, n)).To(Equal(kept), n.name())
		})
	}, SpecTimeout(specTimeout))

	It("goes with the Microservice once its deletion policy says so", func(ctx SpecContext) {
		each(all, func(n *notes) {
			change(ctx, n.live(), func(ms *v1alpha1.Microservice) { ms.Spec.Database.DeletionPolicy = v1alpha1.DeletionDelete })
			eventuallyReady(ctx, n.live())
			Expect(k8s.Delete(ctx, n.live())).To(Succeed())
			eventuallyNothingRuns(ctx, n)
			for _, o := range databaseKeepers(n) {
				eventuallyGone(ctx, o)
			}
		})
	}, SpecTimeout(specTimeout))
})

// replaceDatabasePod takes the database's pod away and waits for the next one.
func replaceDatabasePod(ctx context.Context, n *notes, remove func(context.Context, *corev1.Pod)) {
	GinkgoHelper()
	old := inNamespace(n, names.Database(n.name())+"-0", &corev1.Pod{})
	Expect(k8s.Get(ctx, client.ObjectKeyFromObject(old), old)).To(Succeed())
	remove(ctx, old)
	Eventually(ctx, func(g Gomega) {
		pod := &corev1.Pod{}
		g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(old), pod)).To(Succeed())
		g.Expect(pod.UID).NotTo(Equal(old.UID))
		g.Expect(pod).To(beReady())
	}).Should(Succeed(), n.name())
}

// databaseKeepers are the objects that a database's data and passwords are in.
func databaseKeepers(n *notes) []client.Object {
	return []client.Object{
		inNamespace(n, names.DatabaseClaim(n.name()), &corev1.PersistentVolumeClaim{}),
		inNamespace(n, names.Database(n.name()), &corev1.Secret{}),
		inNamespace(n, names.AdminSecret(n.name()), &corev1.Secret{}),
	}
}

// databaseObjects are the UIDs of those, and their content where it is secret.
func databaseObjects(ctx context.Context, n *notes) map[string]any {
	GinkgoHelper()
	found := map[string]any{}
	for _, o := range databaseKeepers(n) {
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(o), o)).To(Succeed())
		found[o.GetName()] = o.GetUID()
		if secret, ok := o.(*corev1.Secret); ok {
			found[o.GetName()+" content"] = secret.Data
		}
	}
	return found
}

// eventuallyNothingRuns waits until a deleted service's pods are gone, and its
// database's.
func eventuallyNothingRuns(ctx context.Context, n *notes) {
	GinkgoHelper()
	eventuallyGone(ctx, inNamespace(n, names.Database(n.name()), &appsv1.StatefulSet{}))
	for _, component := range []string{v1alpha1.ComponentService, v1alpha1.ComponentDatabase} {
		Eventually(ctx, n.pods).WithArguments(component).Should(BeEmpty(), n.name())
	}
}
