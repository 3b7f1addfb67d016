// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv1 "k8s.io/api/autoscaling/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
)

var _ = Describe("Drift", func() {
	It("is repaired", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), microservice(ns, "users")
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, shop, users)

		By("an edited Deployment")
		d := get(ctx, &appsv1.Deployment{}, ns, "users")
		change(ctx, d, func(d *appsv1.Deployment) {
			d.Spec.Replicas = ptr.To[int32](7)
			d.Spec.Template.Spec.Containers[0].Image = "example.com/evil:1"
			d.Spec.Template.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem = ptr.To(false)
			delete(d.Labels, v1alpha1.LabelMicroservice)
		})
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(d), d)).To(Succeed())
			g.Expect(*d.Spec.Replicas).To(BeEquivalentTo(2))
			g.Expect(d.Spec.Template.Spec.Containers[0].Image).To(Equal("example.com/users:1"))
			g.Expect(*d.Spec.Template.Spec.Containers[0].SecurityContext.ReadOnlyRootFilesystem).To(BeTrue())
			g.Expect(d.Labels).To(HaveKeyWithValue(v1alpha1.LabelMicroservice, "users"))
		}).Should(Succeed())

		By("an earlier release, as kubectl rollout undo brings it back with its annotations, and an event that says so")
		settled(ns)
		change(ctx, d, func(d *appsv1.Deployment) {
			d.Annotations[apply.AnnotationApplied] = "earlier"
			d.Spec.Template.Spec.Containers[0].Image = "example.com/users:0"
		})
		Eventually(func() string {
			return get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template.Spec.Containers[0].Image
		}).Should(Equal("example.com/users:1"))
		Eventually(reversionsIn(ctx, ns)).Should(ConsistOf(ContainSubstring(`Another client changed Deployment "users"`)))

		By("a client that changes it again and again")
		for range 3 {
			settled(ns)
			change(ctx, d, func(d *appsv1.Deployment) { d.Spec.Template.Spec.Containers[0].Image = "example.com/users:0" })
			Eventually(func() string {
				return get(ctx, &appsv1.Deployment{}, ns, "users").Spec.Template.Spec.Containers[0].Image
			}).Should(Equal("example.com/users:1"))
		}
		settled(ns)
		Consistently(reversionsIn(ctx, ns), "1s").Should(HaveLen(1), "one event, with a count")

		By("a container port, a variable and a container that were added by another field manager")
		change(ctx, d, func(d *appsv1.Deployment) {
			c := &d.Spec.Template.Spec.Containers[0]
			c.Ports = append(c.Ports, corev1.ContainerPort{Name: "debug", ContainerPort: 6060, Protocol: corev1.ProtocolTCP})
			c.Env = append(c.Env, corev1.EnvVar{Name: "DEBUG", Value: "1"})
			d.Spec.Template.Spec.Containers = append(d.Spec.Template.Spec.Containers, corev1.Container{Name: "extra", Image: "extra"})
		})
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(d), d)).To(Succeed())
			g.Expect(d.Spec.Template.Spec.Containers).To(HaveLen(1))
			g.Expect(d.Spec.Template.Spec.Containers[0].Ports).To(HaveLen(1))
			for _, v := range d.Spec.Template.Spec.Containers[0].Env {
				g.Expect(v.Name).NotTo(Equal("DEBUG"))
			}
		}).Should(Succeed())

		By("a lost label that keeps the object out of the operator's cache")
		change(ctx, d, func(d *appsv1.Deployment) { delete(d.Labels, v1alpha1.LabelManagedBy) })
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(d), d)).To(Succeed())
			g.Expect(d.Labels).To(HaveKeyWithValue(v1alpha1.LabelManagedBy, v1alpha1.ManagedByAtoll))
		}).Should(Succeed())

		By("a deleted Service and a Service with a port more")
		s := get(ctx, &corev1.Service{}, ns, "users")
		gone := s.UID
		Expect(k8s.Delete(ctx, s)).To(Succeed())
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: "users"}, s)).To(Succeed())
			g.Expect(s.UID).NotTo(Equal(gone))
		}).Should(Succeed())
		change(ctx, s, func(s *corev1.Service) {
			s.Spec.Ports = append(s.Spec.Ports, corev1.ServicePort{Name: "debug", Port: 6060, Protocol: corev1.ProtocolTCP})
		})
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(s), s)).To(Succeed())
			g.Expect(s.Spec.Ports).To(HaveLen(1))
		}).Should(Succeed())

		By("a Service that selects fewer pods")
		change(ctx, s, func(s *corev1.Service) { s.Spec.Selector["track"] = "stable" })
		Eventually(func() map[string]string { return get(ctx, &corev1.Service{}, ns, "users").Spec.Selector }).ShouldNot(HaveKey("track"))

		By("what others put where Atoll says nothing stays")
		change(ctx, d, func(d *appsv1.Deployment) {
			d.Spec.Template.Annotations["kubectl.kubernetes.io/restartedAt"] = "2026-01-01T00:00:00Z"
		})
		eventuallyReady(ctx, users)
		settled(ns)
		Expect(k8s.Get(ctx, client.ObjectKeyFromObject(d), d)).To(Succeed())
		Expect(d.Spec.Template.Annotations).To(HaveKey("kubectl.kubernetes.io/restartedAt"))
	}, SpecTimeout(suiteTimeout))

	It("is not expected of a Deployment that the cache does not have yet", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		release := requestsFor.hold("deployments")
		users := bare(ns, "users")
		Expect(k8s.Create(ctx, users)).To(Succeed())
		get(ctx, &appsv1.Deployment{}, ns, "users")
		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Egress = []v1alpha1.EgressRule{{CIDRs: []string{"192.0.2.0/24"}}}
		})
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(users), users)).To(Succeed())
			g.Expect(users.Status.ObservedGeneration).To(Equal(users.Generation))
		}).Should(Succeed())
		release()
		settled(ns)
		Expect(reversionsIn(ctx, ns)()).To(BeEmpty())
	}, SpecTimeout(suiteTimeout))

	It("of a NetworkPolicy is repaired, whatever was added to it", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), memberOf(ns, "users", "shop")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		settled(ns)
		for name, edit := range map[string]func(*networkingv1.NetworkPolicy){
			"users": func(p *networkingv1.NetworkPolicy) {
				p.Spec.Ingress = append(p.Spec.Ingress, networkingv1.NetworkPolicyIngressRule{})
			},
			"users-db": func(p *networkingv1.NetworkPolicy) { p.Spec.PodSelector.MatchLabels["nobody"] = "has" },
		} {
			policy := get(ctx, &networkingv1.NetworkPolicy{}, ns, name)
			want := policy.Spec.DeepCopy()
			change(ctx, policy, edit)
			Eventually(func() networkingv1.NetworkPolicySpec { return get(ctx, &networkingv1.NetworkPolicy{}, ns, name).Spec }).Should(Equal(*want))
		}
		settled(ns)
		sent := requestsFor.in(ns)
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Annotations = map[string]string{"example.com/touched": "x"} })
		Consistently(func() []string { return requestsFor.in(ns) }, "300ms").Should(Equal(sent))
	}, SpecTimeout(suiteTimeout))

	It("leaves no isolation behind that is not wanted, also while something else can't be applied", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		shop, users := topology(ns), memberOf(ns, "users", "shop")
		Expect(k8s.Create(ctx, &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "users", Namespace: ns}, Spec: corev1.ServiceSpec{Ports: []corev1.ServicePort{{Port: 1}}}})).To(Succeed())
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotOwned)
		get(ctx, &networkingv1.NetworkPolicy{}, ns, "users")
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Isolation = v1alpha1.IsolationNone })
		eventuallyGone(ctx, ns, "NetworkPolicy/users")
	}, SpecTimeout(suiteTimeout))

	It("takes back fields that the spec no longer sets", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		users := bare(ns, "users")
		users.Spec.Args = []string{"--verbose"}
		users.Spec.Probes = &v1alpha1.Probes{Path: "/healthz"}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		d := get(ctx, &appsv1.Deployment{}, ns, "users")
		Expect(d.Spec.Template.Spec.Containers[0].LivenessProbe).NotTo(BeNil())
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Args, ms.Spec.Probes = nil, nil })
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(d), d)).To(Succeed())
			g.Expect(d.Spec.Template.Spec.Containers[0].Args).To(BeEmpty())
			g.Expect(d.Spec.Template.Spec.Containers[0].LivenessProbe).To(BeNil())
			g.Expect(d.Spec.Template.Spec.Containers[0].ReadinessProbe.TCPSocket).NotTo(BeNil())
		}).Should(Succeed())
	}, SpecTimeout(suiteTimeout))

	It("prunes what the spec no longer asks for", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), microservice(ns, "users")
		users.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Max: 4}}
		users.Spec.Routes = append(users.Spec.Routes, v1alpha1.Route{Path: "/people"})
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Expect(kinds(everythingIn(ctx, ns))).To(ContainElements(
			"HTTPRoute/users.users", "HTTPRoute/users.people", "HorizontalPodAutoscaler/users", "StatefulSet/users-db", "Secret/users-db", "PersistentVolumeClaim/data-users-db-0", "Service/users-db"))

		change(ctx, users, func(ms *v1alpha1.Microservice) {
			ms.Spec.Routes, ms.Spec.Scaling, ms.Spec.Database = nil, nil, nil
		})
		Eventually(func() []string { return kinds(everythingIn(ctx, ns)) }).Should(ConsistOf(
			"Microservice/users", "Topology/shop", "Gateway/shop", "ServiceAccount/users",
			"Service/users", "Deployment/users", "PodDisruptionBudget/users", "NetworkPolicy/users",
			// Retain is the default: the data and what opens it stay.
			"Secret/users-db", "Secret/users-db-admin", "PersistentVolumeClaim/data-users-db-0"))
		eventuallyReady(ctx, users)
		Expect(condition(ctx, users, v1alpha1.ConditionDatabaseReady)).To(BeNil())
		Expect(condition(ctx, users, v1alpha1.ConditionRoutesReady)).To(BeNil())
		Expect(condition(ctx, users, v1alpha1.ConditionAutoscalerReady)).To(BeNil())
	}, SpecTimeout(suiteTimeout))

	It("prunes a database's Secret under deletionPolicy Delete, and leaves the claim to its StatefulSet", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Database = &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, DeletionPolicy: v1alpha1.DeletionDelete}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		set := get(ctx, &appsv1.StatefulSet{}, ns, "users-db")
		Expect(set.Spec.PersistentVolumeClaimRetentionPolicy.WhenDeleted).To(Equal(appsv1.DeletePersistentVolumeClaimRetentionPolicyType))
		Expect(set.Spec.PersistentVolumeClaimRetentionPolicy.WhenScaled).To(Equal(appsv1.RetainPersistentVolumeClaimRetentionPolicyType))
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Database = nil })
		Eventually(func() bool {
			return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: "users-db"}, &corev1.Secret{}))
		}).Should(BeTrue())
	}, SpecTimeout(suiteTimeout))

	It("keeps the number of pods of an autoscaled Deployment that loses its label", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		users.Spec.Scaling = &v1alpha1.Scaling{Autoscale: &v1alpha1.Autoscale{Max: 9}}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		d := get(ctx, &appsv1.Deployment{}, ns, "users")
		Expect(k8s.SubResource("scale").Update(ctx, d, client.WithSubResourceBody(&autoscalingv1.Scale{Spec: autoscalingv1.ScaleSpec{Replicas: 7}}))).To(Succeed())
		seen := watchReplicas(ctx, ns, "users")
		change(ctx, d, func(d *appsv1.Deployment) { delete(d.Labels, v1alpha1.LabelManagedBy) })
		Eventually(func(g Gomega) {
			g.Expect(k8s.Get(ctx, client.ObjectKeyFromObject(d), d)).To(Succeed())
			g.Expect(d.Labels).To(HaveKeyWithValue(v1alpha1.LabelManagedBy, v1alpha1.ManagedByAtoll))
		}).Should(Succeed())
		settled(ns)
		Expect(seen()).To(HaveEach(int32(7)))
	}, SpecTimeout(suiteTimeout))

	It("gives a StatefulSet its label back, also after the volume grew", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := withDatabase(ns, v1alpha1.EnginePostgreSQL)
		users.Spec.Database.Storage = &v1alpha1.DatabaseStorage{Size: "1Gi"}
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Database.Storage.Size = "2Gi" })
		settled(ns)
		set := get(ctx, &appsv1.StatefulSet{}, ns, "users-db")
		change(ctx, set, func(set *appsv1.StatefulSet) { delete(set.Labels, v1alpha1.LabelManagedBy) })
		Eventually(func() map[string]string { return get(ctx, &appsv1.StatefulSet{}, ns, "users-db").Labels }).
			Should(HaveKeyWithValue(v1alpha1.LabelManagedBy, v1alpha1.ManagedByAtoll))
		Expect(get(ctx, &appsv1.StatefulSet{}, ns, "users-db").UID).To(Equal(set.UID))
	}, SpecTimeout(suiteTimeout))

	It("is repaired and says Ready again, where nothing else tells that it was", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := bare(ns, "users")
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		for range 10 {
			Expect(k8s.Delete(ctx, get(ctx, &corev1.Service{}, ns, "users"))).To(Succeed())
			settled(ns)
			eventuallyReady(ctx, users)
		}
	}, SpecTimeout(suiteTimeout))

	It("removes the Gateway of a Topology that no longer asks for one", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop := topology(ns)
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		eventuallyHas(ctx, shop, v1alpha1.ConditionGatewayReady, "True", v1alpha1.ReasonReady)
		By("one that refers to it from now on, and keeps it")
		change(ctx, shop, func(t *v1alpha1.Topology) {
			t.Spec.Gateway = &v1alpha1.TopologyGateway{Ref: &v1alpha1.GatewayReference{Name: "shop"}}
		})
		settled(ns)
		eventuallyHas(ctx, shop, v1alpha1.ConditionGatewayReady, "True", v1alpha1.ReasonReady)
		By("one that refers to another")
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Gateway.Ref.Name = "public" })
		Eventually(func() bool {
			return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: "shop"}, &gatewayv1.Gateway{}))
		}).Should(BeTrue())
	}, SpecTimeout(suiteTimeout))
})

// reversionsIn returns the notes of the events of reverted Deployments.
func reversionsIn(ctx context.Context, ns string) func() []string {
	return func() []string {
		GinkgoHelper()
		list := &eventsv1.EventList{}
		Expect(k8s.List(ctx, list, client.InNamespace(ns))).To(Succeed())
		var notes []string
		for i := range list.Items {
			if list.Items[i].Reason == "Reverted" {
				notes = append(notes, list.Items[i].Note)
			}
		}
		return notes
	}
}

// kinds are objects as Kind/name.
func kinds(objects []client.Object) []string {
	GinkgoHelper()
	found := make([]string, len(objects))
	for i, o := range objects {
		gvk, err := k8s.GroupVersionKindFor(o)
		Expect(err).NotTo(HaveOccurred())
		found[i] = gvk.Kind + "/" + o.GetName()
	}
	return found
}
