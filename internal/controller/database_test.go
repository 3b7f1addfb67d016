// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("Database", func() {
	It("outlives its Microservice under Retain and is adopted with the same password", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		secret := get(ctx, &corev1.Secret{}, ns, "users-db")
		claim := get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0")
		for _, o := range []client.Object{secret, claim} {
			Expect(o.GetOwnerReferences()).To(BeEmpty())
			Expect(o.GetAnnotations()).To(HaveKeyWithValue("argocd.argoproj.io/sync-options", "Prune=false,Delete=false"))
			Expect(o.GetAnnotations()).To(HaveKeyWithValue("kustomize.toolkit.fluxcd.io/prune", "disabled"))
		}

		Expect(k8s.Delete(ctx, users)).To(Succeed())
		settled(ns)

		By("one that is made again before the first one's objects have gone")
		again := bare(ns, "users")
		again.Spec.Database = users.Spec.Database
		Expect(k8s.Create(ctx, again)).To(Succeed())
		Expect(eventuallyHas(ctx, again, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing)).
			To(ContainSubstring(`still belongs to a deleted Microservice "users" and will be deleted with it`))
		Expect(k8s.Delete(ctx, again)).To(Succeed())
		settled(ns)
		collectGarbage(ctx, ns, users)
		Expect(kinds(everythingIn(ctx, ns))).To(ConsistOf("Secret/users-db", "Secret/users-db-admin", "PersistentVolumeClaim/data-users-db-0"))

		again = bare(ns, "users")
		again.Spec.Database = users.Spec.Database
		Expect(k8s.Create(ctx, again)).To(Succeed())
		eventuallyReady(ctx, again)
		adopted := get(ctx, &corev1.Secret{}, ns, "users-db")
		Expect(adopted.UID).To(Equal(secret.UID))
		Expect(adopted.Data).To(Equal(secret.Data))
		Expect(get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0").UID).To(Equal(claim.UID))
	}, SpecTimeout(suiteTimeout))

	It("begins anew right after all of it was deleted", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		first := get(ctx, &corev1.Secret{}, ns, "users-db-admin")
		Expect(k8s.Delete(ctx, users)).To(Succeed())
		settled(ns)
		collectGarbage(ctx, ns, users)

		By("the operator not knowing yet that the Secrets are gone")
		release := requestsFor.hold("secrets")
		claim := get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0")
		change(ctx, claim, func(claim *corev1.PersistentVolumeClaim) { claim.Finalizers = nil })
		Expect(k8s.Delete(ctx, claim)).To(Succeed())
		for _, name := range []string{"users-db", "users-db-admin"} {
			Expect(k8s.Delete(ctx, get(ctx, &corev1.Secret{}, ns, name))).To(Succeed())
		}
		again := bare(ns, "users")
		again.Spec.Database = users.Spec.Database
		Expect(k8s.Create(ctx, again)).To(Succeed())
		eventuallyHas(ctx, again, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonApplyFailed)
		Expect(kinds(everythingIn(ctx, ns))).NotTo(ContainElement("StatefulSet/users-db"))

		release()
		eventuallyReady(ctx, again)
		Expect(get(ctx, &corev1.Secret{}, ns, "users-db-admin").Data).NotTo(Equal(first.Data))
	}, SpecTimeout(suiteTimeout))

	It("follows a change of deletionPolicy on a live object", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, DeletionPolicy: v1alpha1.DeletionDelete}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		secret := get(ctx, &corev1.Secret{}, ns, "users-db")
		Expect(metav1.IsControlledBy(secret, users)).To(BeTrue())
		password := secret.Data["password"]

		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Database.DeletionPolicy = v1alpha1.DeletionRetain })
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(secret), secret)).To(Succeed())
			g.Expect(secret.OwnerReferences).To(BeEmpty())
			g.Expect(secret.Data["password"]).To(Equal(password))
			g.Expect(get(ctx, &appsv1.StatefulSet{}, ns, "users-db").Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted).
				To(Equal(appsv1.RetainPersistentVolumeClaimRetentionPolicyType))
		}).Should(Succeed())
	}, SpecTimeout(suiteTimeout))

	It("keeps the claim of a suspended database whose deletionPolicy becomes Retain", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, DeletionPolicy: v1alpha1.DeletionDelete}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		set := get(ctx, &appsv1.StatefulSet{}, ns, "users-db")
		claim := get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0")
		By("a StatefulSet that owns its claim, as Kubernetes has it under Delete")
		change(ctx, claim, func(c *corev1.PersistentVolumeClaim) {
			c.OwnerReferences = []metav1.OwnerReference{{APIVersion: "apps/v1", Kind: "StatefulSet", Name: set.Name, UID: set.UID, Controller: new(true)}}
		})
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Suspend, ms.Spec.Database.DeletionPolicy = new(true), v1alpha1.DeletionRetain
		})
		Eventually(func() []metav1.OwnerReference {
			return get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0").OwnerReferences
		}).Should(BeEmpty())
	}, SpecTimeout(suiteTimeout))

	It("takes up with a restored Secret nothing else that has its name", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := withDatabase(ns, v1alpha1.EnginePostgreSQL)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		password := get(ctx, &corev1.Secret{}, ns, "users-db").Data["password"]
		Expect(k8s.Delete(ctx, users)).To(Succeed())
		settled(ns)
		collectGarbage(ctx, ns, users)
		eventuallyGone(ctx, ns, "Service/", "StatefulSet/")

		Expect(k8s.Delete(ctx, get(ctx, &corev1.Secret{}, ns, "users-db"))).To(Succeed())
		Expect(k8s.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "users-db", Namespace: ns}, Data: map[string][]byte{"password": password}})).To(Succeed())
		foreign := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "users-db", Namespace: ns}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Name: "theirs", Port: 1}}}}
		Expect(k8s.Create(ctx, foreign)).To(Succeed())
		again := withDatabase(ns, v1alpha1.EnginePostgreSQL)
		Expect(k8s.Create(ctx, again)).To(Succeed())
		eventuallyHas(ctx, again, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
		settled(ns)
		left := get(ctx, &corev1.Service{}, ns, "users-db")
		Expect([]any{left.UID, left.ResourceVersion}).To(Equal([]any{foreign.UID, foreign.ResourceVersion}))
		Expect(get(ctx, &corev1.Secret{}, ns, "users-db").Labels).To(HaveKeyWithValue(v1alpha1.LabelManagedBy, v1alpha1.ManagedByAtoll))
	}, SpecTimeout(suiteTimeout))

	It("takes up a claim that was restored without labels, with the Secrets that were", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		claim := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-users-db-0", Namespace: ns}, Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}},
		}}
		Expect(k8s.Create(ctx, claim)).To(Succeed())
		for _, name := range []string{"users-db", "users-db-admin"} {
			Expect(k8s.Create(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns}, StringData: map[string]string{"username": "x", "password": "of-" + name}})).To(Succeed())
		}
		users := withDatabase(ns, v1alpha1.EnginePostgreSQL)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(string(get(ctx, &corev1.Secret{}, ns, "users-db").Data["password"])).To(Equal("of-users-db"))
		Eventually(func() map[string]string {
			return get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0").Labels
		}).
			Should(HaveKeyWithValue(v1alpha1.LabelManagedBy, v1alpha1.ManagedByAtoll))
		Expect(get(ctx, &corev1.PersistentVolumeClaim{}, ns, "data-users-db-0").UID).To(Equal(claim.UID))
	}, SpecTimeout(suiteTimeout))

	It("mints no password while an unlabelled claim of its name exists", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		restored := &corev1.PersistentVolumeClaim{ObjectMeta: metav1.ObjectMeta{Name: "data-users-db-0", Namespace: ns}, Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce},
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("10Gi")}},
		}}
		Expect(k8s.Create(ctx, restored)).To(Succeed())
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonCredentialsLost)
		Expect(kinds(everythingIn(ctx, ns))).NotTo(ContainElements("Secret/users-db", "StatefulSet/users-db"))
	}, SpecTimeout(suiteTimeout))

	It("is stalled while a claim has no Secret, mints no password, and goes on with the restored one", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		rotate(ctx, users, "1")
		eventuallyHas(ctx, users, v1alpha1.ConditionCredentialsRotated, metav1.ConditionTrue, v1alpha1.ReasonRotated)
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Annotations = nil })
		settled(ns)
		secret := get(ctx, &corev1.Secret{}, ns, "users-db")
		Expect(string(secret.Data["username"])).To(Equal("users_b"))
		Expect(k8s.Delete(ctx, secret)).To(Succeed())
		message := eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonCredentialsLost)
		Expect(message).To(Equal(`PersistentVolumeClaim "data-users-db-0" holds data, but Secret "users-db" with its password is gone; to fix: restore the Secret (keys username and password), or delete the claim if its data is not needed`))
		eventuallyHas(ctx, users, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCredentialsLost)
		Expect(client.IgnoreNotFound(k8s.Get(ctx, client.ObjectKeyFromObject(secret), &corev1.Secret{}))).To(Succeed())
		By("what runs goes on running")
		get(ctx, &appsv1.StatefulSet{}, ns, "users-db")
		get(ctx, &appsv1.Deployment{}, ns, "users")

		By("one that does not say which of the two users it was")
		restored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "users-db", Namespace: ns}, Data: map[string][]byte{"password": secret.Data["password"]}}
		Expect(k8s.Create(ctx, restored)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(get(ctx, &corev1.Secret{}, ns, "users-db").Data).To(Equal(secret.Data))
	}, SpecTimeout(suiteTimeout))

	It("keeps the password of a Secret that has lost its labels", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		secret := get(ctx, &corev1.Secret{}, ns, "users-db")
		password := secret.Data["password"]
		change(ctx, secret, func(s *corev1.Secret) { s.Labels = nil })
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(secret), secret)).To(Succeed())
			g.Expect(secret.Labels).To(HaveKeyWithValue(v1alpha1.LabelManagedBy, v1alpha1.ManagedByAtoll))
		}).Should(Succeed())
		Expect(secret.Data["password"]).To(Equal(password))
	}, SpecTimeout(suiteTimeout))

	It("says what an existing volume does not allow", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Version: "16", Storage: &v1alpha1.DatabaseStorage{Size: "2Gi"}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(k8s.Delete(ctx, users)).To(Succeed())
		settled(ns)
		collectGarbage(ctx, ns, users)
		for want, db := range map[string]*v1alpha1.Database{
			`database.version: PersistentVolumeClaim "data-users-db-0" holds data of version 16, which version 17 cannot read; to fix: remove version to keep version 16, or restore a backup of it in a new Microservice`: {
				Engine: v1alpha1.EnginePostgreSQL, Version: "17"},
			`database.engine: PersistentVolumeClaim "data-users-db-0" holds data of postgresql, not of mariadb; to fix: delete PersistentVolumeClaim "data-users-db-0" if its data is not needed, or remove database and then add it with the old engine`: {
				Engine: v1alpha1.EngineMariaDB},
			`database.storage.size: PersistentVolumeClaim "data-users-db-0" has 2Gi and cannot shrink to 1Gi; to fix: remove size to keep 2Gi`: {
				Engine: v1alpha1.EnginePostgreSQL, Storage: &v1alpha1.DatabaseStorage{Size: "1Gi"}},
		} {
			again := bare(ns, "users")
			again.Spec.Database = db
			Expect(k8s.Create(ctx, again)).To(Succeed())
			Expect(eventuallyHas(ctx, again, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec)).To(Equal(want))
			Expect(k8s.Delete(ctx, again)).To(Succeed())
			settled(ns)
			collectGarbage(ctx, ns, again)
		}
		By("what was not asked for is taken from the volume")
		again := bare(ns, "users")
		again.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		Expect(k8s.Create(ctx, again)).To(Succeed())
		eventuallyReady(ctx, again)
		Expect(again.Status.Database.Version).To(Equal("16"))
	}, SpecTimeout(suiteTimeout))

	It("takes an External one from its Secret, and rolls the pods when that changes", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Provider: v1alpha1.ProviderExternal,
			External: &v1alpha1.ExternalDatabase{SecretName: "elsewhere"}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonReferenceNotFound)).
			To(ContainSubstring(`Secret "elsewhere" does not exist in namespace`))
		secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "elsewhere", Namespace: ns}, StringData: map[string]string{"host": "db"}}
		Expect(k8s.Create(ctx, secret)).To(Succeed())
		Eventually(func() string { return condition(ctx, users, v1alpha1.ConditionDatabaseReady).Message }).
			Should(ContainSubstring(`Secret "elsewhere" has no key "port"`))
		change(ctx, secret, func(s *corev1.Secret) {
			s.StringData = map[string]string{"port": "5432", "username": "u", "password": "p", "database": "d", "uri": "postgresql://u:p@db/d"}
		})
		eventuallyReady(ctx, users)
		before := get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template.Annotations
		change(ctx, secret, func(s *corev1.Secret) { s.StringData = map[string]string{"password": "new"} })
		Eventually(func() map[string]string { return get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template.Annotations }).ShouldNot(Equal(before))
		Expect(kinds(everythingIn(ctx, ns))).NotTo(ContainElement("StatefulSet/users-db"))
	}, SpecTimeout(suiteTimeout))
})
