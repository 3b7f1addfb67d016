// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"
	"net/http"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/intstr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("What running pods need", func() {
	It("is the number of a port while they have it under another name", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 8080}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		old := runPod(ctx, ns, "old")
		target := func(port string) func() intstr.IntOrString { return serviceTarget(ctx, ns, "users", port) }
		Expect(target("http")()).To(Equal(intstr.FromString("http")))

		By("a new name")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Ports[0].Name = "web" })
		Eventually(target("web")).Should(Equal(intstr.FromInt32(8080)))

		By("a first port with the same number")
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Ports = []v1alpha1.Port{{Name: "public", Port: 81, TargetPort: 8080}, {Name: "web", Port: 80, TargetPort: 8080}}
		})
		Eventually(target("public")).Should(Equal(intstr.FromInt32(8080)))
		Expect(target("web")()).To(Equal(intstr.FromInt32(8080)))

		By("the old pod being gone")
		eventuallyNamesPort(ctx, ns, "public")
		runPod(ctx, ns, "new")
		Expect(k8s.Delete(ctx, old, client.GracePeriodSeconds(0))).To(Succeed())
		Eventually(target("web")).Should(Equal(intstr.FromString("public")))
	}, SpecTimeout(suiteTimeout))

	It("is the old target while a port has a new name and a new number, until a new pod is ready", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), bare(ns, "users")
		users.Spec.TopologyRef = &v1alpha1.TopologyReference{Name: "shop"}
		users.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 8080}}
		users.Spec.Access = []v1alpha1.AccessRule{{Name: "users"}}
		caller := memberOf(ns, "orders", "shop")
		caller.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users"}}
		for _, o := range []client.Object{shop, users, caller} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, users, caller)
		runPod(ctx, ns, "old")

		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Ports[0].Name, ms.Spec.Ports[0].TargetPort = "web", 9090
		})
		Eventually(serviceTarget(ctx, ns, "users", "web")).Should(Equal(intstr.FromString("http")))
		Eventually(ingressPorts(ctx, ns, "users")).Should(ContainElements(int32(8080), int32(9090)))
		eventuallyNamesPort(ctx, ns, "web")
		runPod(ctx, ns, "new")
		Eventually(serviceTarget(ctx, ns, "users", "web")).Should(Equal(intstr.FromString("web")))
	}, SpecTimeout(suiteTimeout))

	It("is the earlier number of a port, while callers and gateways use it", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users, caller := topology(ns), memberOf(ns, "users", "shop"), memberOf(ns, "orders", "shop")
		users.Spec.Ports = []v1alpha1.Port{{Name: "http", Port: 80, TargetPort: 8080}}
		users.Spec.Routes = []v1alpha1.Route{{Path: "/users"}}
		caller.Spec.Dependencies = []v1alpha1.Dependency{{Name: "users"}}
		for _, o := range []client.Object{shop, users, caller} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, users, caller)
		settled(ns)
		numbers := func() []int32 {
			var numbers []int32
			for _, port := range get(ctx, &corev1.Service{}, ns, "users").Spec.Ports {
				numbers = append(numbers, port.Port)
			}
			return numbers
		}

		By("another number, while the caller's rollout does not complete")
		release := sticks(ns)
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Ports[0].Port = 81 })
		Eventually(numbers).Should(ConsistOf(int32(81), int32(80)))
		Eventually(func() []corev1.EnvVar {
			return get(ctx, &appsv1.Deployment{}, ns, "orders").Spec.Template.Spec.Containers[0].Env
		}).Should(ContainElement(HaveField("Value", HaveSuffix("users."+ns+".svc:81"))))
		settled(ns)
		Expect(numbers()).To(ConsistOf(int32(81), int32(80)))

		By("the rollout completing")
		release()
		Eventually(numbers).Should(ConsistOf(int32(81)))
		eventuallyReady(ctx, users, caller)
	}, SpecTimeout(suiteTimeout))

	It("stays while the rollout that replaces them does not complete", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, callee, svc := topology(ns), memberOf(ns, "callee", "shop"), memberOf(ns, "svc", "shop")
		svc.Spec.Dependencies = []v1alpha1.Dependency{{Name: "callee"}}
		svc.Spec.Egress = []v1alpha1.EgressRule{{CIDRs: []string{"203.0.113.0/24"}, Ports: []int32{443}}}
		svc.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		for _, o := range []client.Object{shop, callee, svc} {
			Expect(k8s.Create(ctx, o)).To(Succeed())
		}
		eventuallyReady(ctx, callee, svc)
		settled(ns)
		needed := []string{"ServiceAccount/svc", "StatefulSet/svc-db", "Secret/svc-db", "Service/svc-db", "NetworkPolicy/svc-db", "Service/svc"}
		before := get(ctx, &networkingv1.NetworkPolicy{}, ns, "svc").Spec
		admits := func() []networkingv1.NetworkPolicyIngressRule {
			return get(ctx, &networkingv1.NetworkPolicy{}, ns, "callee").Spec.Ingress
		}
		Expect(admits()).NotTo(BeEmpty())

		By("a change of everything, whose pods do not become ready")
		release := sticks(ns)
		change(ctx, svc, func(ms *v1alpha1.Microservice) {
			ms.Spec.Type, ms.Spec.Image = v1alpha1.WorkloadWorker, "example.com/svc:broken"
			ms.Spec.Dependencies, ms.Spec.Egress, ms.Spec.Database = nil, nil, nil
			ms.Spec.ServiceAccount = &v1alpha1.ServiceAccount{Name: "other"}
		})
		Eventually(func() string { return get(ctx, &appsv1.Deployment{}, ns, "svc").Spec.Template.Spec.ServiceAccountName }).Should(Equal("other"))
		settled(ns)
		Expect(kinds(everythingIn(ctx, ns))).To(ContainElements(needed))
		Expect(get(ctx, &networkingv1.NetworkPolicy{}, ns, "svc").Spec.Egress).To(ConsistOf(before.Egress))
		Expect(admits()).NotTo(BeEmpty())

		By("the rollout completing")
		release()
		eventuallyGone(ctx, ns, "ServiceAccount/svc", "StatefulSet/svc-db", "Service/svc", "NetworkPolicy/svc-db")
		Eventually(func() []networkingv1.NetworkPolicyEgressRule {
			return get(ctx, &networkingv1.NetworkPolicy{}, ns, "svc").Spec.Egress
		}).Should(HaveLen(2), "name resolution only")
		Eventually(admits).Should(BeEmpty())
		Eventually(func() *v1alpha1.Calls { return get(ctx, &v1alpha1.Microservice{}, ns, "svc").Status.Calls }).Should(BeNil())
	}, SpecTimeout(suiteTimeout))

	It("goes at once where the pods are not replaced", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, svc := topology(ns), memberOf(ns, "svc", "shop")
		svc.Spec.Egress = []v1alpha1.EgressRule{{CIDRs: []string{"203.0.113.0/24"}, Ports: []int32{443}}}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, svc)).To(Succeed())
		eventuallyReady(ctx, svc)
		change(ctx, svc, func(ms *v1alpha1.Microservice) { ms.Spec.Egress = nil })
		Eventually(func() []networkingv1.NetworkPolicyEgressRule {
			return get(ctx, &networkingv1.NetworkPolicy{}, ns, "svc").Spec.Egress
		}).Should(HaveLen(2))
	}, SpecTimeout(suiteTimeout))

	It("does not keep what another fault has nothing to do with", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, svc := topology(ns), memberOf(ns, "svc", "shop")
		svc.Spec.Routes = []v1alpha1.Route{{Path: "/pub"}, {Path: "/private"}}
		svc.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Max: 4}}
		svc.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EngineValkey}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, svc)).To(Succeed())
		eventuallyReady(ctx, svc)
		Expect(kinds(everythingIn(ctx, ns))).To(ContainElements("HTTPRoute/svc.pub", "HorizontalPodAutoscaler/svc"))

		By("a database that is refused, and a route that can't be built")
		refuse(ns, "statefulsets/")
		change(ctx, svc, func(ms *v1alpha1.Microservice) {
			ms.Spec.Database.Parameters = map[string]v1alpha1.ParameterValue{"maxclients": "100"}
			ms.Spec.Scaling = nil
			ms.Spec.Routes = []v1alpha1.Route{{Path: "/private", ParentRefs: []v1alpha1.GatewayReference{{Name: "closed", Namespace: ns + "-elsewhere"}}}, {Path: "/late"}}
		})
		eventuallyGone(ctx, ns, "HorizontalPodAutoscaler/", "HTTPRoute/svc.pub")
		Eventually(func() int32 { return *get(ctx, &appsv1.Deployment{}, ns, "svc").Spec.Replicas }).Should(Equal(int32(2)))
	}, SpecTimeout(suiteTimeout))

	It("is their database, which restarts only for a change of its spec, and takes no Job then", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, svc := topology(ns), memberOf(ns, "svc", "shop")
		svc.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Parameters: map[string]v1alpha1.ParameterValue{"max_connections": "50"}}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, svc)).To(Succeed())
		eventuallyReady(ctx, svc)
		set := func() *appsv1.StatefulSet { return get(ctx, &appsv1.StatefulSet{}, ns, "svc-db") }
		partition := func() int32 { return *set().Spec.UpdateStrategy.RollingUpdate.Partition }
		template := set().Spec.Template
		server := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: "svc-db-0", Namespace: ns, Labels: template.Labels}, Spec: template.Spec}
		server.Spec.Volumes = append(server.Spec.Volumes, corev1.Volume{Name: "data", VolumeSource: corev1.VolumeSource{EmptyDir: &corev1.EmptyDirVolumeSource{}}})
		Expect(k8s.Create(ctx, server)).To(Succeed())
		server.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
		Expect(k8s.Status().Update(ctx, server)).To(Succeed())
		settled(ns)
		Expect(partition()).To(Equal(int32(1)))

		By("a default of the Topology, which the running server can do without")
		change(ctx, shop, func(t *v1alpha1.Topology) {
			t.Spec.Defaults = &v1alpha1.TopologyDefaults{ImagePullSecrets: []corev1.LocalObjectReference{{Name: "registry"}}}
		})
		Eventually(func() []corev1.LocalObjectReference { return set().Spec.Template.Spec.ImagePullSecrets }).Should(HaveLen(1))
		Expect(partition()).To(Equal(int32(1)))
		eventuallyReady(ctx, svc)

		By("a parameter, and a migration in the same change")
		change(ctx, svc, func(ms *v1alpha1.Microservice) {
			ms.Spec.Database.Parameters = map[string]v1alpha1.ParameterValue{"max_connections": "60"}
			ms.Spec.Database.Migration = &v1alpha1.DatabaseMigration{Command: []string{"/migrate"}}
		})
		Eventually(partition).Should(Equal(int32(0)))
		settled(ns)
		Expect(jobsIn(ctx, ns)).To(BeEmpty())

		By("the old server terminating, which still answers")
		server.Finalizers = []string{"example.com/shutdown"}
		Expect(k8s.Update(ctx, server)).To(Succeed())
		Expect(k8s.Delete(ctx, server, client.GracePeriodSeconds(0))).To(Succeed())
		settled(ns)
		Expect(jobsIn(ctx, ns)).To(BeEmpty())
		change(ctx, server, func(pod *corev1.Pod) { pod.Finalizers = nil })
		eventuallyHas(ctx, svc, v1alpha1.ConditionDatabaseMigrated, metav1.ConditionTrue, v1alpha1.ReasonMigrated)
	}, SpecTimeout(suiteTimeout))

	It("stays while the Deployment waits for a Secret that is refused", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		svc := bare(ns, "svc")
		Expect(k8s.Create(ctx, svc)).To(Succeed())
		eventuallyReady(ctx, svc)
		refuse(ns, "secrets/")
		change(ctx, svc, func(ms *v1alpha1.Microservice) {
			ms.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
			ms.Spec.ServiceAccount = &v1alpha1.ServiceAccount{Name: "other"}
		})
		eventuallyHas(ctx, svc, v1alpha1.ConditionDatabaseReady, metav1.ConditionFalse, v1alpha1.ReasonRefused)
		settled(ns)
		Expect(kinds(everythingIn(ctx, ns))).To(ContainElement("ServiceAccount/svc"))
	}, SpecTimeout(suiteTimeout))

	It("includes a route whose replacement is refused, and not one that was removed", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, svc := topology(ns), memberOf(ns, "svc", "shop")
		svc.Spec.Routes = []v1alpha1.Route{{Path: "/kept"}, {Path: "/removed"}}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, svc)).To(Succeed())
		eventuallyReady(ctx, svc)
		refuse(ns, "httproutes/svc.kept-")
		// The explicit host gives the route another name, and the same claim.
		change(ctx, svc, func(ms *v1alpha1.Microservice) {
			ms.Spec.Routes = []v1alpha1.Route{{Path: "/kept", Hostnames: []v1alpha1.Hostname{"shop.example.com"}}}
		})
		eventuallyGone(ctx, ns, "HTTPRoute/svc.removed")
		settled(ns)
		Expect(kinds(everythingIn(ctx, ns))).To(ContainElement("HTTPRoute/svc.kept"))
	}, SpecTimeout(suiteTimeout))

	DescribeTable("follows the spec's number of pods while something is at fault", func(ctx SpecContext, fault func(context.Context, *v1alpha1.Microservice)) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, svc := topology(ns), memberOf(ns, "svc", "shop")
		Expect(k8s.Create(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "conf", Namespace: ns}, Data: map[string]string{"GREETING": "hello"}})).To(Succeed())
		svc.Spec.EnvFrom = []corev1.EnvFromSource{{ConfigMapRef: &corev1.ConfigMapEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "conf"}}}}
		svc.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, svc)).To(Succeed())
		eventuallyReady(ctx, svc)
		replicas := func() int32 { return *get(ctx, &appsv1.Deployment{}, ns, "svc").Spec.Replicas }
		template := get(ctx, &appsv1.Deployment{}, ns, "svc").Spec.Template

		fault(ctx, svc)
		Eventually(func() metav1.ConditionStatus { return conditionOf(ctx, svc, v1alpha1.ConditionReady).Status }).Should(Equal(metav1.ConditionFalse))
		change(ctx, svc, func(ms *v1alpha1.Microservice) { ms.Spec.Scaling = &v1alpha1.Scaling{Replicas: new(int32(5))} })
		Eventually(replicas).Should(Equal(int32(5)))
		change(ctx, svc, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = new(true) })
		Eventually(replicas).Should(Equal(int32(0)))
		Expect(get(ctx, &appsv1.Deployment{}, ns, "svc").Spec.Template).To(Equal(template))
	},
		Entry("a reference", SpecTimeout(suiteTimeout), func(ctx context.Context, svc *v1alpha1.Microservice) {
			Expect(k8s.Delete(ctx, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "conf", Namespace: svc.Namespace}})).To(Succeed())
		}),
		Entry("the overlay", SpecTimeout(suiteTimeout), func(ctx context.Context, svc *v1alpha1.Microservice) {
			change(ctx, svc, func(ms *v1alpha1.Microservice) {
				ms.Spec.PodTemplate = raw(`{"spec": {"replicas": 2}}`)
			})
		}),
		Entry("a credential", SpecTimeout(suiteTimeout), func(ctx context.Context, svc *v1alpha1.Microservice) {
			Expect(k8s.Delete(ctx, &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "svc-db", Namespace: svc.Namespace}})).To(Succeed())
		}),
		Entry("the Topology", SpecTimeout(suiteTimeout), func(ctx context.Context, svc *v1alpha1.Microservice) {
			Expect(k8s.Delete(ctx, &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: svc.Namespace}})).To(Succeed())
		}),
	)
})

// refuse makes the API server refuse the objects of a namespace whose path begins with a
// resource and a part of a name.
func refuse(ns, path string) {
	requestsFor.failWith(func(r *http.Request) *http.Response {
		if r.Method != http.MethodPatch || !strings.Contains(r.URL.Path, "/namespaces/"+ns+"/"+path) {
			return nil
		}
		return answer(r, http.StatusForbidden, metav1.StatusReasonForbidden)
	})
}

// runPod makes a ready pod of service users from the Deployment's present template.
func runPod(ctx context.Context, ns, name string) *corev1.Pod {
	GinkgoHelper()
	template := get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns, Labels: template.Labels},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "users", Image: "example.com/users:1", Ports: template.Spec.Containers[0].Ports}}},
	}
	Expect(k8s.Create(ctx, pod)).To(Succeed())
	pod.Status.Conditions = []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}
	Expect(k8s.Status().Update(ctx, pod)).To(Succeed())
	return pod
}

func raw(text string) *runtime.RawExtension { return &runtime.RawExtension{Raw: []byte(text)} }

// eventuallyNamesPort waits until the pod template of users has a port of a name. Atoll applies
// the Service before the Deployment.
func eventuallyNamesPort(ctx context.Context, ns, name string) {
	GinkgoHelper()
	Eventually(func() []corev1.ContainerPort {
		return get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template.Spec.Containers[0].Ports
	}).Should(ContainElement(HaveField("Name", name)))
}

// serviceTarget returns the target of a Service's port.
func serviceTarget(ctx context.Context, ns, service, port string) func() intstr.IntOrString {
	return func() intstr.IntOrString {
		ports := get(ctx, &corev1.Service{}, ns, service).Spec.Ports
		at := slices.IndexFunc(ports, func(p corev1.ServicePort) bool { return p.Name == port })
		if at < 0 {
			return intstr.IntOrString{}
		}
		return ports[at].TargetPort
	}
}

// ingressPorts returns the ports that a service's policy opens.
func ingressPorts(ctx context.Context, ns, service string) func() []int32 {
	return func() []int32 {
		var ports []int32
		for _, rule := range get(ctx, &networkingv1.NetworkPolicy{}, ns, service).Spec.Ingress {
			for _, port := range rule.Ports {
				ports = append(ports, port.Port.IntVal)
			}
		}
		return ports
	}
}
