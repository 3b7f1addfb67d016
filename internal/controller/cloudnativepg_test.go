// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"maps"
	"slices"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/inputs"
)

var _ = Describe("CloudNativePG", func() {
	It("runs the database, whose binding Secret has the same name and keys as a BuiltIn one's", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := withDatabase(ns, v1alpha1.EnginePostgreSQL)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		clustered := clusterOf(ns, "orders")
		Expect(k8s.Create(ctx, clustered)).To(Succeed())
		eventuallyReady(ctx, users, clustered)

		builtIn, own := get(ctx, &corev1.Secret{}, ns, "users-db"), get(ctx, &corev1.Secret{}, ns, "orders-db")
		for key := range builtIn.Data {
			Expect(own.Data).To(HaveKey(key))
		}
		Expect(own.Data).To(HaveLen(len(builtIn.Data)))
		Expect(string(own.Data["uri"])).To(Equal("postgresql://orders_a:" + string(own.Data["password"]) + "@orders-db-rw." + ns + ".svc:5432/orders?sslmode=require"))
		c := theCluster(ctx, ns, "orders-db")
		Expect(c.GetOwnerReferences()).To(BeEmpty(), "under Retain the Cluster outlives its Microservice")
		Expect(get(ctx, &networkingv1.NetworkPolicy{}, ns, "orders-db").OwnerReferences).To(BeEmpty(), "a Cluster that stays needs its policy")
		instances, _, _ := unstructured.NestedInt64(c.Object, "spec", "instances")
		Expect(instances).To(BeEquivalentTo(3))
		settled(ns)

		By("nothing being sent for a Cluster that is as it should be, not even after a restart")
		version := c.GetResourceVersion()
		sent := requestsFor.in(ns)
		restartManager()
		Consistently(func() []string { return requestsFor.in(ns)[len(sent):] }, "1s").Should(BeEmpty())
		Expect(theCluster(ctx, ns, "orders-db").GetResourceVersion()).To(Equal(version))

		By("drift being repaired")
		change(ctx, c, func(c *unstructured.Unstructured) {
			Expect(unstructured.SetNestedField(c.Object, int64(1), "spec", "instances")).To(Succeed())
		})
		Eventually(func() int64 {
			n, _, _ := unstructured.NestedInt64(theCluster(ctx, ns, "orders-db").Object, "spec", "instances")
			return n
		}).Should(BeEquivalentTo(3))

		By("a rotation")
		rotate(ctx, clustered, "x")
		eventuallyHas(ctx, clustered, v1alpha1.ConditionCredentialsRotated, metav1.ConditionTrue, v1alpha1.ReasonRotated)
		Expect(string(get(ctx, &corev1.Secret{}, ns, "orders-db").Data["username"])).To(Equal("orders_b"))

		By("a suspension, which hibernates it")
		change(ctx, clustered, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = new(true) })
		Eventually(func() map[string]string { return theCluster(ctx, ns, "orders-db").GetAnnotations() }).Should(HaveKeyWithValue("cnpg.io/hibernation", "on"))
	}, SpecTimeout(suiteTimeout))

	It("takes a Cluster up again that outlived its Microservice", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		orders := clusterOf(ns, "orders")
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		eventuallyReady(ctx, orders)
		password := get(ctx, &corev1.Secret{}, ns, "orders-db").Data["password"]
		uid := theCluster(ctx, ns, "orders-db").GetUID()
		Expect(k8s.Delete(ctx, orders)).To(Succeed())
		settled(ns)
		collectGarbage(ctx, ns, orders)
		Expect(client.IgnoreNotFound(k8s.Delete(ctx, &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: ns}}))).To(Succeed())
		again := clusterOf(ns, "orders")
		Expect(k8s.Create(ctx, again)).To(Succeed())
		eventuallyReady(ctx, again)
		Expect(get(ctx, &corev1.Secret{}, ns, "orders-db").Data["password"]).To(Equal(password))
		Expect(theCluster(ctx, ns, "orders-db").GetUID()).To(Equal(uid))

		By("Delete, with which it goes")
		change(ctx, again, func(ms *v1alpha1.Microservice) { ms.Spec.Database.DeletionPolicy = v1alpha1.DeletionDelete })
		Eventually(func() bool { return metav1.IsControlledBy(theCluster(ctx, ns, "orders-db"), again) }).Should(BeTrue())
		Expect(metav1.IsControlledBy(get(ctx, &corev1.Secret{}, ns, "orders-db"), again)).To(BeTrue())
	}, SpecTimeout(suiteTimeout))

	It("is backed up by its own means, and the status says when", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		orders := clusterOf(ns, "orders")
		orders.Spec.Database.Backup = &v1alpha1.DatabaseBackup{Schedule: "0 3 * * *", Keep: new(int32(14)),
			Destination: v1alpha1.BackupLocation{S3: &v1alpha1.S3Location{Bucket: "backups", Prefix: "shop", SecretName: "bucket"}}}
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		eventuallyReady(ctx, orders)
		scheduled := kindOf(database.ScheduledBackupKind)
		get(ctx, scheduled, ns, "orders-backup")
		schedule, _, _ := unstructured.NestedString(scheduled.Object, "spec", "schedule")
		Expect(schedule).To(Equal("0 0 3 * * *"))
		store := get(ctx, kindOf(database.ObjectStoreKind), ns, "orders-db")
		retention, _, _ := unstructured.NestedString(store.Object, "spec", "retentionPolicy")
		Expect(retention).To(Equal("14d"))
		eventuallyHas(ctx, orders, v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonNoBackup)

		Expect(unstructured.SetNestedMap(store.Object, map[string]any{"orders-db": map[string]any{"lastSuccessfulBackupTime": "2026-11-23T03:00:00Z"}}, "status", "serverRecoveryWindow")).To(Succeed())
		Expect(k8s.Status().Update(ctx, store)).To(Succeed())
		Eventually(func() *v1alpha1.BackupStatus {
			_ = condition(ctx, orders, "")
			return orders.Status.Database.LastBackup
		}).Should(And(Not(BeNil()), HaveField("Location", "s3://backups/shop/"+ns+"/orders-db")))

		By("a later one that failed")
		change(ctx, store, func(*unstructured.Unstructured) {})
		Expect(unstructured.SetNestedMap(store.Object, map[string]any{"orders-db": map[string]any{
			"lastSuccessfulBackupTime": "2026-11-23T03:00:00Z", "lastFailedBackupTime": "2026-11-24T03:00:00Z"}}, "status", "serverRecoveryWindow")).To(Succeed())
		Expect(k8s.Status().Update(ctx, store)).To(Succeed())
		eventuallyHas(ctx, orders, v1alpha1.ConditionBackupReady, metav1.ConditionFalse, v1alpha1.ReasonBackupFailed)
	}, SpecTimeout(suiteTimeout))

	It("recovers a new Cluster from a bucket, and refuses to recover into one that exists", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		from := &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{S3: &v1alpha1.S3Location{Bucket: "backups"}, Service: "old-orders"}}
		orders := clusterOf(ns, "orders")
		orders.Spec.Database.Restore = from
		users := clusterOf(ns, "users")
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, orders, users)
		recovery, _, _ := unstructured.NestedMap(theCluster(ctx, ns, "orders-db").Object, "spec", "bootstrap", "recovery")
		Expect(recovery).To(Equal(map[string]any{"source": "origin", "database": "old_orders", "owner": "old_orders"}))
		Expect(string(get(ctx, &corev1.Secret{}, ns, "orders-db").Data["database"])).To(Equal("old_orders"))
		eventuallyHas(ctx, orders, v1alpha1.ConditionDatabaseRestored, metav1.ConditionTrue, v1alpha1.ReasonRestored)

		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{S3: from.From.S3}}
		})
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRestoreRefused)).
			To(HavePrefix("The restore was refused: the database is not new"))
		begun, _, _ := unstructured.NestedMap(theCluster(ctx, ns, "users-db").Object, "spec", "bootstrap")
		Expect(begun).To(HaveKey("initdb"))
	}, SpecTimeout(suiteTimeout))
})

var _ = Describe("A Cluster", func() {
	It("gets a user of its own where the Secret is of another database", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := withDatabase(ns, v1alpha1.EnginePostgreSQL)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		builtIn := get(ctx, &corev1.Secret{}, ns, "users-db")

		By("a service whose database moves from BuiltIn to CloudNativePG, as the message says it can")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Database = nil })
		eventuallyReady(ctx, users)
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Database = clusterOf(ns, "users").Spec.Database })
		eventuallyReady(ctx, users)
		own := get(ctx, &corev1.Secret{}, ns, "users-db")
		Expect(own.Annotations).To(HaveKeyWithValue(inputs.AnnotationServer, string(theCluster(ctx, ns, "users-db").GetUID())))
		Expect(own.Data["password"]).NotTo(Equal(builtIn.Data["password"]))
		Eventually(func() map[string]string { return theCluster(ctx, ns, "users-db").GetAnnotations() }).
			Should(HaveKeyWithValue(inputs.AnnotationUser, string(own.Data["username"])))

		By("another Cluster of its name")
		Expect(k8s.Delete(ctx, theCluster(ctx, ns, "users-db"))).To(Succeed())
		Eventually(func() map[string]string { return get(ctx, &corev1.Secret{}, ns, "users-db").Annotations }).
			Should(HaveKeyWithValue(inputs.AnnotationServer, And(Not(BeEmpty()), Not(Equal(own.Annotations[inputs.AnnotationServer])))))
		eventuallyReady(ctx, users)
		Expect(get(ctx, &corev1.Secret{}, ns, "users-db").Data["password"]).NotTo(Equal(own.Data["password"]))
	}, SpecTimeout(suiteTimeout))

	It("gets its first user also where the operator is interrupted at any of its writes", func(ctx SpecContext) {
		by := interruptedNamespaces(ctx, 12)
		servers := map[string]*fakeServer{}
		var all []*v1alpha1.Microservice
		for ns := range by {
			servers[ns] = serve(ctx, ns)
		}
		simulate(slices.Collect(maps.Keys(by))...)
		inForce := interrupt(by)
		for ns := range by {
			users := clusterOf(ns, "users")
			Expect(k8s.Create(ctx, users)).To(Succeed())
			all = append(all, users)
		}
		Eventually(func(g Gomega) {
			for _, users := range all {
				c := condition(ctx, users, v1alpha1.ConditionReady)
				g.Expect(inForce.happened(users.Namespace) || c != nil && c.Status == metav1.ConditionTrue).To(BeTrue(), "%+v", by[users.Namespace])
			}
		}, "40s").Should(Succeed())
		inForce.lift()
		restartManager()
		for _, users := range all {
			eventuallyReady(ctx, users)
			secret := get(ctx, &corev1.Secret{}, users.Namespace, "users-db")
			Expect(servers[users.Namespace].accepts(secret)).To(BeTrue(), "%+v", by[users.Namespace])
			Expect(servers[users.Namespace].broken()).To(BeEmpty(), "%+v", by[users.Namespace])
		}
	}, SpecTimeout(2*suiteTimeout))

	It("is stalled while it has no Secret, gets no new password, and goes on with the restored one", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		orders := clusterOf(ns, "orders")
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		eventuallyReady(ctx, orders)
		secret := get(ctx, &corev1.Secret{}, ns, "orders-db")
		Eventually(func() map[string]string { return theCluster(ctx, ns, "orders-db").GetAnnotations() }).Should(HaveKey(inputs.AnnotationUser))
		settled(ns)

		By("one that has lost its labels")
		change(ctx, secret, func(s *corev1.Secret) { s.Labels = nil })
		Eventually(func() map[string]string { return get(ctx, &corev1.Secret{}, ns, "orders-db").Labels }).Should(HaveKeyWithValue(v1alpha1.LabelManagedBy, v1alpha1.ManagedByAtoll))
		eventuallyReady(ctx, orders)

		By("one that is gone")
		Expect(k8s.Delete(ctx, secret)).To(Succeed())
		Expect(eventuallyHas(ctx, orders, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCredentialsLost)).
			To(HavePrefix(`Cluster "orders-db" holds data, but Secret "orders-db" with its password is gone; to fix: restore the Secret`))
		settled(ns)
		Expect(kinds(everythingIn(ctx, ns))).NotTo(ContainElement(HavePrefix("Secret/")))
		restored := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "orders-db", Namespace: ns}, Data: map[string][]byte{"password": secret.Data["password"]}}
		Expect(k8s.Create(ctx, restored)).To(Succeed())
		eventuallyReady(ctx, orders)
		Expect(get(ctx, &corev1.Secret{}, ns, "orders-db").Data).To(Equal(secret.Data))
	}, SpecTimeout(suiteTimeout))

	It("keeps its version, class and size when defaults change", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop := topology(ns)
		shop.Spec.Defaults = &v1alpha1.TopologyDefaults{Database: &v1alpha1.DatabaseDefaults{Version: "16", StorageClassName: "fast"}}
		orders := clusterOf(ns, "orders")
		orders.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: "shop"}
		orders.Spec.Database.Storage = &v1alpha1.DatabaseStorage{Size: "20Gi"}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		eventuallyReady(ctx, orders)
		settled(ns)
		begun := theCluster(ctx, ns, "orders-db")

		change(ctx, shop, func(t *v1alpha1.Topology) {
			t.Spec.Defaults.Database = &v1alpha1.DatabaseDefaults{Version: "17", StorageClassName: "slow"}
		})
		change(ctx, orders, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Storage = nil })
		eventuallyReady(ctx, orders)
		settled(ns)
		for _, field := range [][]string{{"spec", "imageName"}, {"spec", "storage"}} {
			was, _, _ := unstructured.NestedFieldNoCopy(begun.Object, field...)
			is, _, _ := unstructured.NestedFieldNoCopy(theCluster(ctx, ns, "orders-db").Object, field...)
			Expect(is).To(Equal(was), "%s", field)
		}
		change(ctx, orders, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Version = "17" })
		Expect(eventuallyHas(ctx, orders, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec)).
			To(HavePrefix(`database.version: Cluster "orders-db" holds data of version 16`))
	}, SpecTimeout(suiteTimeout))

	It("is filled from a dump of the built-in provider, once", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		orders := clusterOf(ns, "orders")
		orders.Spec.Database.Restore = &v1alpha1.DatabaseRestore{From: v1alpha1.RestoreSource{
			Provider: v1alpha1.BackupOfBuiltIn, Service: "old-orders", PersistentVolumeClaim: &v1alpha1.ClaimLocation{ClaimName: "backups"}}}
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		eventuallyReady(ctx, orders)
		eventuallyHas(ctx, orders, v1alpha1.ConditionDatabaseRestored, metav1.ConditionTrue, v1alpha1.ReasonRestored)
		begun, _, _ := unstructured.NestedMap(theCluster(ctx, ns, "orders-db").Object, "spec", "bootstrap", "initdb")
		Expect(begun).To(HaveKeyWithValue("database", "orders"))
		env := map[string]string{}
		for _, v := range restoreJob(ctx, ns).Spec.Template.Spec.Containers[0].Env {
			env[v.Name] = v.Value
		}
		Expect(env).To(And(HaveKeyWithValue("ATOLL_LOCATION", "pvc://backups/old-orders"), HaveKeyWithValue("ATOLL_HOST", "orders-db-rw."+ns+".svc")))

		By("its Job being gone, and another backup being asked for")
		Eventually(func() map[string]string { return theCluster(ctx, ns, "orders-db").GetAnnotations() }).Should(HaveKey(inputs.AnnotationRestored))
		Expect(k8s.Delete(ctx, restoreJob(ctx, ns), client.PropagationPolicy(metav1.DeletePropagationBackground))).To(Succeed())
		settled(ns)
		change(ctx, orders, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Restore.From.Service = "older-orders" })
		eventuallyHas(ctx, orders, v1alpha1.ConditionDatabaseRestored, metav1.ConditionFalse, v1alpha1.ReasonRestoreRefused)
		settled(ns)
		Expect(jobsIn(ctx, ns)).To(BeEmpty())
	}, SpecTimeout(suiteTimeout))
})

// clusterOf is a Microservice with a database of three instances.
func clusterOf(ns, name string) *v1alpha1.Microservice {
	ms := bare(ns, name)
	ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Provider: v1alpha1.ProviderCloudNativePG, Instances: new(int32(3))}
	return ms
}

func kindOf(kind schema.GroupVersionKind) *unstructured.Unstructured {
	o := &unstructured.Unstructured{}
	o.SetGroupVersionKind(kind)
	return o
}

func theCluster(ctx context.Context, ns, name string) *unstructured.Unstructured {
	GinkgoHelper()
	return get(ctx, kindOf(database.ClusterKind), ns, name)
}
