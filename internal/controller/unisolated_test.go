// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"net/http"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
)

const (
	notOwnedPolicy = `NetworkPolicy "users" exists and was not created by Atoll; no pod starts or rolls out without its NetworkPolicy; to fix: delete or rename it, or rename this Microservice`
	withoutPolicy  = "; no pod starts or rolls out without its NetworkPolicy"
)

// migrated is a member with a database and a migration.
func migrated(ns string) *v1alpha1.Microservice {
	users := memberOf(ns, "users", "shop")
	users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Migration: &v1alpha1.DatabaseMigration{Command: []string{"migrate"}}}
	return users
}

// widensPolicies makes an admission policy change the NetworkPolicies of a namespace so that
// they select no pods.
func widensPolicies(ctx context.Context, ns string) {
	GinkgoHelper()
	policy := &admissionv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: ns}, Spec: admissionv1.MutatingAdmissionPolicySpec{
		ReinvocationPolicy: admissionv1.NeverReinvocationPolicy,
		MatchConstraints: &admissionv1.MatchResources{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: ns}},
			ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
				Rule:       admissionv1.Rule{APIGroups: []string{"networking.k8s.io"}, APIVersions: []string{"v1"}, Resources: []string{"networkpolicies"}},
			}}},
		},
		Mutations: []admissionv1.Mutation{{PatchType: admissionv1.PatchTypeJSONPatch, JSONPatch: &admissionv1.JSONPatch{
			Expression: `[JSONPatch{op: "replace", path: "/spec/podSelector", value: Object.spec.podSelector{matchLabels: {"no": "pod"}}}]`}}},
	}}
	Expect(k8s.Create(ctx, policy)).To(Succeed())
	Expect(k8s.Create(ctx, &admissionv1.MutatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: ns},
		Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: ns}})).To(Succeed())
	DeferCleanup(func(ctx context.Context) { Expect(k8s.Delete(ctx, policy)).To(Succeed()) })
	Eventually(func() (map[string]string, error) {
		probe := &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: "probe", Namespace: ns}}
		err := k8s.Create(ctx, probe, client.DryRunAll)
		return probe.Spec.PodSelector.MatchLabels, err
	}).Should(HaveKey("no"))
}

// refusePolicies makes the API server refuse NetworkPolicies of a namespace as invalid.
func refusePolicies(ns string) {
	requestsFor.failWith(func(r *http.Request) *http.Response {
		if r.Method != http.MethodPatch || !strings.Contains(r.URL.Path, "/namespaces/"+ns+"/networkpolicies/") {
			return nil
		}
		return answer(r, http.StatusUnprocessableEntity, metav1.StatusReasonInvalid)
	})
}

var _ = Describe("Pods without their NetworkPolicy", func() {
	foreignPolicy := func(ns, name string) *networkingv1.NetworkPolicy {
		return &networkingv1.NetworkPolicy{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns}}
	}

	It("do not start while another owner has its name", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		taken, users := foreignPolicy(ns, "users"), migrated(ns)
		for _, o := range []client.Object{taken, topology(ns), users} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)).To(Equal(notOwnedPolicy))
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)).To(Equal(notOwnedPolicy))
		eventuallyHas(ctx, users, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNotOwned)
		// The database has its own policy.
		eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
		Expect(condition(ctx, users, v1alpha1.ConditionDatabaseMigrated).Message).To(ContainSubstring("waits for its NetworkPolicy: NetworkPolicy \"users\" exists"))
		settled(ns)
		Expect(kinds(everythingIn(ctx, ns))).NotTo(ContainElement(Or(HavePrefix("Deployment/"), HavePrefix("Job/"))))

		By("the object going away")
		Expect(k8s.Delete(ctx, taken)).To(Succeed())
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Args = []string{"again"} })
		eventuallyReady(ctx, users)
	}, SpecTimeout(suiteTimeout))

	It("do not start while the API server refuses it", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		refusePolicies(ns)
		users := migrated(ns)
		Expect(k8s.Create(ctx, topology(ns))).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonRefused)).To(ContainSubstring(withoutPolicy))
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonRefused)).To(ContainSubstring(withoutPolicy))
		settled(ns)
		Expect(kinds(everythingIn(ctx, ns))).NotTo(ContainElement(Or(HavePrefix("Deployment/"), HavePrefix("StatefulSet/"), HavePrefix("Job/"))))
	}, SpecTimeout(suiteTimeout))

	It("do not start while an admission policy makes it select other pods", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		widensPolicies(ctx, ns)
		users := migrated(ns)
		Expect(k8s.Create(ctx, topology(ns))).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonRefused)).To(Equal(
			`NetworkPolicy "users" is changed by an admission policy or webhook, and no longer isolates the pods` + withoutPolicy + `; to fix: exclude the object from that policy or webhook`))
		settled(ns)
		Expect(kinds(everythingIn(ctx, ns))).NotTo(ContainElement(Or(HavePrefix("Deployment/"), HavePrefix("StatefulSet/"), HavePrefix("Job/"))))
	}, SpecTimeout(suiteTimeout))

	It("start where no isolation is declared", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		Expect(k8s.Create(ctx, foreignPolicy(ns, "users"))).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
	}, SpecTimeout(suiteTimeout))

	It("run on as they are, and none is added", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), migrated(ns)
		shop.Spec.Isolation = v1alpha1.IsolationNone
		users.Spec.Scaling = &v1alpha1.Scaling{Replicas: new(int32(2))}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(k8s.Create(ctx, foreignPolicy(ns, "users"))).To(Succeed())
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Isolation = v1alpha1.IsolationStrict })
		eventuallyHas(ctx, users, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
		deployment := func() appsv1.DeploymentSpec { return get(ctx, &appsv1.Deployment{}, ns, "users").Spec }

		By("another image and more pods")
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Image, ms.Spec.Scaling.Replicas = "example.com/users:2", new(int32(5))
		})
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)).To(Equal(notOwnedPolicy))
		settled(ns)
		Expect(deployment().Replicas).To(HaveValue(BeEquivalentTo(2)))
		Expect(deployment().Template.Spec.Containers[0].Image).To(Equal("example.com/users:1"))
		jobs := &batchv1.JobList{}
		Expect(k8s.List(ctx, jobs, client.InNamespace(ns))).To(Succeed())
		Expect(jobs.Items).NotTo(ContainElement(HaveField("Spec.Template.Spec.Containers", ContainElement(HaveField("Image", "example.com/users:2")))))

		By("fewer pods, and suspension")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Scaling.Replicas = new(int32(1)) })
		Eventually(func() *int32 { return deployment().Replicas }).Should(HaveValue(BeEquivalentTo(1)))
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = new(true) })
		Eventually(func() *int32 { return deployment().Replicas }).Should(HaveValue(BeEquivalentTo(0)))
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = nil })
		eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
		settled(ns)
		Expect(deployment().Replicas).To(HaveValue(BeEquivalentTo(0)), "pods that are stopped do not start without a policy")

		By("the name being free")
		Expect(k8s.Delete(ctx, foreignPolicy(ns, "users"))).To(Succeed())
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Args = []string{"again"} })
		eventuallyReady(ctx, users)
		Expect(deployment().Replicas).To(HaveValue(BeEquivalentTo(1)))
		Expect(deployment().Template.Spec.Containers[0].Image).To(Equal("example.com/users:2"))
	}, SpecTimeout(suiteTimeout))

	It("keep an earlier policy, and their number follows the spec", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), memberOf(ns, "users", "shop")
		users.Spec.Scaling = &v1alpha1.Scaling{Replicas: new(int32(2))}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		settled(ns)
		refusePolicies(ns)
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Egress = []v1alpha1.EgressRule{{CIDRs: []string{"203.0.113.0/24"}}}
			ms.Spec.Image, ms.Spec.Scaling.Replicas = "example.com/users:2", new(int32(3))
		})
		eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRefused)
		deployment := func() appsv1.DeploymentSpec { return get(ctx, &appsv1.Deployment{}, ns, "users").Spec }
		Eventually(func() *int32 { return deployment().Replicas }).Should(HaveValue(BeEquivalentTo(3)))
		Expect(deployment().Template.Spec.Containers[0].Image).To(Equal("example.com/users:1"))
	}, SpecTimeout(suiteTimeout))

	It("include databases", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		withDatabase := func(name string, provider v1alpha1.DatabaseProvider) *v1alpha1.Microservice {
			ms := bare(ns, name)
			ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Provider: provider}
			return ms
		}
		for _, users := range []*v1alpha1.Microservice{withDatabase("users", v1alpha1.ProviderBuiltIn), withDatabase("orders", v1alpha1.ProviderCloudNativePG)} {
			taken := foreignPolicy(ns, users.Name+"-db")
			Expect(k8s.Create(ctx, taken)).To(Succeed())
			Expect(k8s.Create(ctx, users)).To(Succeed())
			Expect(eventuallyHas(ctx, users, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)).To(Equal(
				`NetworkPolicy "` + taken.Name + `" exists and was not created by Atoll; no pod starts or rolls out without its NetworkPolicy; to fix: delete or rename it, or rename this Microservice`))
			settled(ns)
			Expect(kinds(everythingIn(ctx, ns))).NotTo(ContainElement(HavePrefix("StatefulSet/")))
			clusters := &unstructured.UnstructuredList{}
			clusters.SetGroupVersionKind(database.ClusterKind)
			Expect(k8s.List(ctx, clusters, client.InNamespace(ns))).To(Succeed())
			Expect(clusters.Items).To(BeEmpty())

			By("the name being free")
			Expect(k8s.Delete(ctx, taken)).To(Succeed())
			change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Args = []string{"again"} })
			eventuallyReady(ctx, users)
			Expect(k8s.Delete(ctx, users)).To(Succeed())
			Expect(k8s.DeleteAllOf(ctx, &appsv1.StatefulSet{}, client.InNamespace(ns))).To(Succeed())
		}
	}, SpecTimeout(suiteTimeout))
})
