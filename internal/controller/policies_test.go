// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// rewritesTemplates makes the API server take images of a namespace from another registry,
// and give each first container a variable, as policies of a platform team do. It returns
// once that is in effect.
func rewritesTemplates(ctx context.Context, ns string) {
	GinkgoHelper()
	const container = "object.spec.template.spec.containers[0]"
	policy := &admissionv1.MutatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: ns}, Spec: admissionv1.MutatingAdmissionPolicySpec{
		ReinvocationPolicy: admissionv1.NeverReinvocationPolicy,
		MatchConstraints: &admissionv1.MatchResources{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{corev1.LabelMetadataName: ns}},
			ResourceRules: []admissionv1.NamedRuleWithOperations{{RuleWithOperations: admissionv1.RuleWithOperations{
				Operations: []admissionv1.OperationType{admissionv1.Create, admissionv1.Update},
				Rule:       admissionv1.Rule{APIGroups: []string{"apps"}, APIVersions: []string{"v1"}, Resources: []string{"deployments", "statefulsets"}},
			}}},
		},
		Mutations: []admissionv1.Mutation{{PatchType: admissionv1.PatchTypeJSONPatch, JSONPatch: &admissionv1.JSONPatch{Expression: `
			(!` + container + `.image.startsWith("mirror.example.com/") ?
				[JSONPatch{op: "replace", path: "/spec/template/spec/containers/0/image", value: "mirror.example.com/" + ` + container + `.image}] : []) +
			(has(` + container + `.env) && !` + container + `.env.exists(e, e.name == "ADDED") ?
				[JSONPatch{op: "add", path: "/spec/template/spec/containers/0/env/-", value: Object.spec.template.spec.containers.env{name: "ADDED", value: "yes"}}] : [])`}}},
	}}
	Expect(k8s.Create(ctx, policy)).To(Succeed())
	Expect(k8s.Create(ctx, &admissionv1.MutatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: ns},
		Spec: admissionv1.MutatingAdmissionPolicyBindingSpec{PolicyName: ns}})).To(Succeed())
	DeferCleanup(func(ctx context.Context) { Expect(k8s.Delete(ctx, policy)).To(Succeed()) })
	Eventually(func() (string, error) {
		probe := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "probe", Namespace: ns}}
		probe.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "probe"}}
		probe.Spec.Template.Labels = probe.Spec.Selector.MatchLabels
		probe.Spec.Template.Spec.Containers = []corev1.Container{{Name: "probe", Image: "probe"}}
		err := k8s.Create(ctx, probe, client.DryRunAll)
		return probe.Spec.Template.Spec.Containers[0].Image, err
	}).Should(Equal("mirror.example.com/probe"))
}

// writesOf lists the requests in a namespace that changed an object of a resource itself.
func writesOf(ns, resource string) []string {
	return slices.DeleteFunc(requestsFor.in(ns), func(request string) bool {
		return strings.HasPrefix(request, "GET ") || !strings.Contains(request, "/"+resource+"/")
	})
}

var _ = Describe("An admission policy that rewrites what Atoll applies", func() {
	It("is no change by another client, also when an autoscaler sets the number of pods", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		rewritesTemplates(ctx, ns)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Env = []corev1.EnvVar{{Name: "MODE", Value: "a"}}
		users.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Max: 9}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		for _, replicas := range []int32{5, 7, 4} {
			settled(ns)
			d := get(ctx, &appsv1.Deployment{}, ns, "users")
			Expect(k8s.SubResource("scale").Update(ctx, d, client.WithSubResourceBody(&autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: replicas}}))).To(Succeed())
			Eventually(func() int32 { return get(ctx, &appsv1.Deployment{}, ns, "users").Status.Replicas }).Should(Equal(replicas))
		}
		settled(ns)
		Consistently(reversionsIn(ctx, ns), "1s").Should(BeEmpty())
	}, SpecTimeout(suiteTimeout))

	It("is not fought, and restarts nothing", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		rewritesTemplates(ctx, ns)
		simulate(ns)
		shop := topology(ns)
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		users := memberOf(ns, "users", "shop")
		users.Spec.Env = []corev1.EnvVar{{Name: "MODE", Value: "a"}}
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Migration: &v1alpha1.DatabaseMigration{Command: []string{"migrate"}}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		settled(ns)
		deployment := func() *appsv1.Deployment { return get(ctx, &appsv1.Deployment{}, ns, "users") }
		server := func() *appsv1.StatefulSet { return get(ctx, &appsv1.StatefulSet{}, ns, "users-db") }
		Expect(deployment().Generation).To(BeEquivalentTo(1))
		Expect(deployment().Spec.Template.Spec.Containers[0].Image).To(HavePrefix("mirror.example.com/"))
		Expect(deployment().Spec.Template.Spec.Containers[0].Env).To(ContainElement(corev1.EnvVar{Name: "ADDED", Value: "yes"}))
		Expect(server().Generation).To(BeEquivalentTo(1))

		By("pods that come and go")
		deployments, sets := writesOf(ns, "deployments"), writesOf(ns, "statefulsets")
		for range 3 {
			d := deployment()
			d.Status.ReadyReplicas, d.Status.AvailableReplicas = 0, 0
			// The simulation makes them available again.
			Expect(k8s.Status().Update(ctx, d)).To(Succeed())
			eventuallyReady(ctx, users)
			settled(ns)
		}
		Expect(writesOf(ns, "deployments")).To(Equal(deployments))
		Expect(writesOf(ns, "statefulsets")).To(Equal(sets))

		By("another number of pods, in two requests")
		// Nothing else writes the Deployment in between.
		resume := pause(ns)
		settled(ns)
		scaleTo(ctx, ns, 4)
		Eventually(func() *int32 { return deployment().Spec.Replicas }).Should(HaveValue(BeEquivalentTo(4)))
		settled(ns)
		Expect(len(writesOf(ns, "deployments")) - len(deployments)).To(BeNumerically("<=", 2))
		Expect(deployment().Generation).To(BeEquivalentTo(2))
		resume()
		eventuallyReady(ctx, users)

		By("a status that its controller writes between the two requests")
		var updates atomic.Int32
		requestsFor.failWith(func(r *http.Request) *http.Response {
			if r.Method == http.MethodPut && strings.HasSuffix(r.URL.Path, "/namespaces/"+ns+"/deployments/users") && updates.Add(1) == 1 {
				return answer(r, http.StatusConflict, metav1.StatusReasonConflict)
			}
			return nil
		})
		scaleTo(ctx, ns, 5)
		Eventually(updates.Load).Should(BeNumerically(">=", 2))
		eventuallyReady(ctx, users)
		settled(ns)
		Expect(warningsIn(ctx, ns)()).To(BeEmpty())

		By("another image, with its migration, in one rollout")
		before := deployment().Generation
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "example.com/users:2" })
		eventuallyReady(ctx, users)
		settled(ns)
		Expect(deployment().Spec.Template.Spec.Containers[0].Image).To(Equal("mirror.example.com/example.com/users:2"))
		Expect(deployment().Generation).To(BeNumerically("<=", before+2), "of which one may be the template that waits for the migration")
		Expect(server().Generation).To(BeEquivalentTo(1))
		Expect(server().Spec.UpdateStrategy.RollingUpdate.Partition).To(HaveValue(BeEquivalentTo(1)), "the database restarts only when it must")

		By("a restart of the manager")
		generation := deployment().Generation
		restartManager()
		settled(ns)
		eventuallyReady(ctx, users)
		Expect(deployment().Generation).To(Equal(generation))
		Expect(server().Generation).To(BeEquivalentTo(1))
	}, SpecTimeout(suiteTimeout))
})
