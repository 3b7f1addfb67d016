// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
)

// bindingKeys are the keys of a binding Secret, whoever runs the database.
var bindingKeys = []string{"type", "provider", "host", "port", "address", "username", "password", "database", "uri"}

var _ = DescribeTable("Each database is made, goes or stays with its Microservice, and is there again",
	func(ctx SpecContext, engine v1alpha1.DatabaseEngine, provider v1alpha1.DatabaseProvider, policy v1alpha1.DeletionPolicy) {
		ns := newNamespace(ctx)
		simulate(ns)
		make := func() *v1alpha1.Microservice {
			users := withDatabase(ns, engine)
			users.Spec.Database.Provider, users.Spec.Database.DeletionPolicy = provider, policy
			if provider == v1alpha1.ProviderExternal {
				users.Spec.Database.External = &v1alpha1.ExternalDatabase{SecretName: "elsewhere"}
			}
			Expect(k8s.Create(ctx, users)).To(Succeed())
			return users
		}
		if provider == v1alpha1.ProviderExternal {
			data := map[string]string{}
			for _, key := range bindingKeys {
				data[key] = "of-" + key
			}
			Expect(k8s.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "elsewhere", Namespace: ns}, StringData: data})).To(Succeed())
		}
		users := make()
		eventuallyReady(ctx, users)
		name := users.Status.Database.SecretName
		Expect(users.Status.Database.Engine).To(Equal(engine))
		secret := get(ctx, &corev1.Secret{}, ns, name)
		for _, key := range bindingKeys {
			Expect(secret.Data).To(HaveKey(key))
		}
		held := holderOf(ctx, ns, provider)
		settled(ns)
		By("nothing being written to one that is as it should be, not even after a restart")
		sent := requestsFor.in(ns)
		restartManager()
		Consistently(func() []string { return requestsFor.in(ns)[len(sent):] }, "300ms").Should(Or(BeEmpty(), HaveEach(HavePrefix("GET "))))

		Expect(k8s.Delete(ctx, users)).To(Succeed())
		settled(ns)
		collectGarbage(ctx, ns, users)
		if held != nil && policy == v1alpha1.DeletionDelete {
			// A StatefulSet takes its claims along, as it was told to.
			Expect(metav1.IsControlledBy(secret, users)).To(BeTrue())
			Expect(client.IgnoreNotFound(k8s.Delete(ctx, held))).To(Succeed())
			Expect(client.IgnoreNotFound(k8s.Patch(ctx, held, client.RawPatch(types.MergePatchType, []byte(`{"metadata": {"finalizers": null}}`))))).To(Succeed())
		}
		again := make()
		eventuallyReady(ctx, again)
		after := get(ctx, &corev1.Secret{}, ns, name)
		switch policy {
		case v1alpha1.DeletionDelete:
			Expect(after.UID).NotTo(Equal(secret.UID))
			Expect(after.Data["password"]).NotTo(Equal(secret.Data["password"]))
		default:
			Expect(after.UID).To(Equal(secret.UID))
			Expect(after.Data).To(Equal(secret.Data))
			if held != nil {
				Expect(holderOf(ctx, ns, provider).GetUID()).To(Equal(held.GetUID()))
			}
		}
	},
	databaseEntries())

// holderOf is what holds the data; nil where that is elsewhere.
func holderOf(ctx SpecContext, ns string, provider v1alpha1.DatabaseProvider) client.Object {
	GinkgoHelper()
	switch provider {
	case v1alpha1.ProviderBuiltIn:
		return get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0")
	case v1alpha1.ProviderCloudNativePG:
		cluster := &unstructured.Unstructured{}
		cluster.SetGroupVersionKind(database.ClusterKind)
		return get(ctx, cluster, ns, "users-db")
	}
	return nil
}

// databaseEntries are each engine with each provider that runs it, under each policy
// that it takes.
func databaseEntries() []TableEntry {
	var entries []TableEntry
	for _, engine := range []v1alpha1.DatabaseEngine{v1alpha1.EnginePostgreSQL, v1alpha1.EngineMariaDB, v1alpha1.EngineValkey} {
		for _, provider := range []v1alpha1.DatabaseProvider{v1alpha1.ProviderBuiltIn, v1alpha1.ProviderCloudNativePG, v1alpha1.ProviderExternal} {
			policies := []v1alpha1.DeletionPolicy{v1alpha1.DeletionRetain, v1alpha1.DeletionDelete}
			switch {
			case provider == v1alpha1.ProviderCloudNativePG && engine != v1alpha1.EnginePostgreSQL:
				continue
			case provider == v1alpha1.ProviderExternal:
				policies = []v1alpha1.DeletionPolicy{""}
			}
			for _, policy := range policies {
				entries = append(entries, Entry(string(engine)+" by "+string(provider)+" "+string(policy), engine, provider, policy))
			}
		}
	}
	return entries
}
