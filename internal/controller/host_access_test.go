// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// standardPods are the pods with which Kubernetes tests the Pod Security Standard
// "baseline": those that fail it, or those that pass it, as pod templates.
func standardPods(verdict string) map[string]*runtime.RawExtension {
	GinkgoHelper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "k8s.io/pod-security-admission").Output()
	Expect(err).NotTo(HaveOccurred())
	files, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(dir)), "test", "testdata", "baseline", "v1.37", verdict, "*.yaml"))
	Expect(err).NotTo(HaveOccurred())
	Expect(len(files)).To(BeNumerically(">", 10))
	pods := map[string]*runtime.RawExtension{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		Expect(err).NotTo(HaveOccurred())
		pod := &corev1.Pod{}
		Expect(yaml.Unmarshal(text, pod)).To(Succeed())
		pod.Name = ""
		patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": pod.Annotations}, "spec": pod.Spec})
		Expect(err).NotTo(HaveOccurred())
		pods[filepath.Base(file)] = &runtime.RawExtension{Raw: patch}
	}
	return pods
}

var _ = Describe("Host access", func() {
	const label = "pod-security.kubernetes.io/enforce: privileged"

	It("is refused where the Pod Security Standard baseline refuses a pod, unless the namespace allows it", func(ctx SpecContext) {
		ns, open := newNamespace(ctx), newNamespace(ctx)
		namespace := get(ctx, &corev1.Namespace{}, "", open)
		namespace.Labels["pod-security.kubernetes.io/enforce"] = "privileged"
		Expect(k8s.Update(ctx, namespace)).To(Succeed())
		user := tenant(ctx, ns, "tenant", tenantRights...)
		for name, template := range standardPods("fail") {
			ms, shop := bare(ns, "users"), withSpec(&v1alpha1.Topology{}, ns, "shop", `{defaults: {}}`)
			ms.Spec.PodTemplate, shop.Spec.Defaults.PodTemplate = template, template
			for _, o := range []client.Object{ms, shop} {
				err := user.Create(ctx, o, client.DryRunAll)
				Expect(apierrors.IsForbidden(err)).To(BeTrue(), "%s: %v", name, err)
				Expect(err).To(MatchError(ContainSubstring("let an administrator label namespace "+ns+" with "+label)), name)
				allowed := o.DeepCopyObject().(client.Object)
				allowed.SetNamespace(open)
				Eventually(func() error { return k8s.Create(ctx, allowed, client.DryRunAll) }).Should(Succeed(), name)
			}
		}
		for name, template := range standardPods("pass") {
			ms := bare(ns, "users")
			ms.Spec.PodTemplate = template
			Expect(user.Create(ctx, ms, client.DryRunAll)).To(Succeed(), name)
		}
		asUnset := withSpec(&v1alpha1.Microservice{}, ns, "users", `{image: users, podTemplate: {spec: {hostUsers: true}}}`)
		Expect(user.Create(ctx, asUnset, client.DryRunAll)).To(Succeed(), "the default of Kubernetes")
	}, SpecTimeout(suiteTimeout))

	DescribeTable("is refused and names the field", func(ctx SpecContext, spec, field string) {
		ns := newNamespace(ctx)
		user := tenant(ctx, ns, "tenant", tenantRights...)
		err := user.Create(ctx, withSpec(&v1alpha1.Microservice{}, ns, "users", spec), client.DryRunAll)
		Expect(err).To(MatchError(ContainSubstring("the pods reach the host by " + field + ": remove it")))

		By("by an update, but not by one that leaves it as it is")
		users := withSpec(&v1alpha1.Microservice{}, ns, "users", `{image: users, scaling: {replicas: 1}}`)
		wrong := withSpec(&v1alpha1.Microservice{}, ns, "users", spec)
		Expect(user.Create(ctx, users)).To(Succeed())
		Expect(trySpec(ctx, user, users, wrong)).To(MatchError(ContainSubstring("the pods reach the host")))
		namespace := get(ctx, &corev1.Namespace{}, "", ns)
		namespace.Labels["pod-security.kubernetes.io/enforce"] = "privileged"
		Expect(k8s.Update(ctx, namespace)).To(Succeed())
		Eventually(func() error { return trySpec(ctx, user, users, wrong) }).Should(Succeed())
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec = wrong.Spec })
		change(ctx, namespace, func(n *corev1.Namespace) { delete(n.Labels, "pod-security.kubernetes.io/enforce") })
		Eventually(func() error {
			return user.Create(ctx, withSpec(&v1alpha1.Microservice{}, ns, "other", spec), client.DryRunAll)
		}).ShouldNot(Succeed())
		again := wrong.DeepCopy()
		again.Spec.Args = []string{"--again"}
		Expect(trySpec(ctx, user, users, again)).To(Succeed())
	},
		Entry("the host's network", `{image: users, podTemplate: {spec: {hostNetwork: true}}}`, "hostNetwork", SpecTimeout(suiteTimeout)),
		Entry("several", `{image: users, podTemplate: {spec: {hostPID: true, containers: [{name: users, securityContext: {privileged: true}}], initContainers: null}}}`,
			"hostPID, securityContext.privileged", SpecTimeout(suiteTimeout)),
		Entry("an init container", `{image: users, podTemplate: {spec: {initContainers: [{name: a, image: b, securityContext: {capabilities: {add: [SYS_ADMIN]}}}]}}}`,
			"securityContext.capabilities.add", SpecTimeout(suiteTimeout)),
		Entry("a probe", `{image: users, probes: {readiness: {httpGet: {port: 80, host: 169.254.169.254}}}}`, "host of a probe or lifecycle hook", SpecTimeout(suiteTimeout)),
		Entry("a volume that replaces others", `{image: users, podTemplate: {spec: {volumes: [{$patch: replace}, {name: root, hostPath: {path: /}}]}}}`, "volumes[].hostPath", SpecTimeout(suiteTimeout)),
	)

	It("does not keep pods running whose namespace no longer allows it", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		namespace := get(ctx, &corev1.Namespace{}, "", ns)
		change(ctx, namespace, func(n *corev1.Namespace) { n.Labels["pod-security.kubernetes.io/enforce"] = "privileged" })
		users := withSpec(&v1alpha1.Microservice{}, ns, "users", `{image: users, scaling: {replicas: 3}, podTemplate: {spec: {hostPID: true}}}`)
		Eventually(func() error { return k8s.Create(ctx, users) }).Should(Succeed())
		eventuallyReady(ctx, users)
		change(ctx, namespace, func(n *corev1.Namespace) { delete(n.Labels, "pod-security.kubernetes.io/enforce") })
		other := withSpec(&v1alpha1.Microservice{}, ns, "other", `{image: users, podTemplate: {spec: {hostPID: true}}}`)
		Eventually(func() error { return k8s.Create(ctx, other, client.DryRunAll) }).ShouldNot(Succeed())
		replicas := func() *int32 { return get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Replicas }
		scaleTo(ctx, ns, 1)
		Eventually(replicas).Should(HaveValue(BeEquivalentTo(1)))
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = new(true) })
		Eventually(replicas).Should(HaveValue(BeZero()))

		By("another template")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Image = "users:2" })
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonRefused)).
			To(ContainSubstring("the pods reach the host by hostPID"))
	}, SpecTimeout(suiteTimeout))

	It("does not reach the Deployment by a Topology of another namespace", func(ctx SpecContext) {
		ns, open := newNamespace(ctx), newNamespace(ctx)
		namespace := get(ctx, &corev1.Namespace{}, "", open)
		namespace.Labels["pod-security.kubernetes.io/enforce"] = "privileged"
		Expect(k8s.Update(ctx, namespace)).To(Succeed())
		shop := withSpec(&v1alpha1.Topology{}, open, "shop", `{allowedNamespaces: {from: All}, defaults: {podTemplate: {spec: {hostNetwork: true}}}}`)
		Eventually(func() error { return k8s.Create(ctx, shop) }).Should(Succeed())
		users, at := memberOf(ns, "users", "shop"), memberOf(open, "users", "shop")
		users.Spec.TopologyRef.Namespace = open
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(k8s.Create(ctx, at)).To(Succeed())
		Expect(get(ctx, &appsv1.Deployment{}, open, "users").Spec.Template.Spec.HostNetwork).To(BeTrue())
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonRefused)).
			To(ContainSubstring("the pods reach the host by hostNetwork"))
	}, SpecTimeout(suiteTimeout))
})
