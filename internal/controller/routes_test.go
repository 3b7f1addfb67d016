// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/names"
)

var _ = Describe("Conflicting routes", func() {
	// claiming is a service that claims a path at the Topology's Gateway.
	claiming := func(ns, name, path string) *v1alpha1.Microservice {
		ms := microservice(ns, name)
		ms.Spec.Database = nil
		ms.Spec.Routes = []v1alpha1.Route{{Path: path}}
		return ms
	}
	hasRoute := func(ctx SpecContext, ms *v1alpha1.Microservice) func() bool {
		return func() bool {
			err := k8s.Get(ctx, client.ObjectKey{Namespace: ms.Namespace, Name: names.Route(ms, 0)}, &gatewayv1.HTTPRoute{})
			Expect(client.IgnoreNotFound(err)).To(Succeed())
			return err == nil
		}
	}
	// expectConflict expects both routes to exist, and both Microservices to name each
	// other.
	expectConflict := func(ctx SpecContext, wins, loses *v1alpha1.Microservice, claim string) {
		GinkgoHelper()
		Expect(eventuallyHas(ctx, loses, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonRouteConflict)).
			To(ContainSubstring("routes[0]: " + claim + ` already belongs to Microservice "` + wins.Name + `"`))
		eventuallyHas(ctx, loses, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRouteConflict)
		eventuallyHas(ctx, loses, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRouteConflict)
		Eventually(func() string {
			return eventuallyHas(ctx, wins, v1alpha1.ConditionRoutesReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
		}).Should(ContainSubstring(claim + ` is also claimed by Microservice "` + loses.Name + `"`))
		eventuallyReady(ctx, wins)
		Expect(hasRoute(ctx, loses)()).To(BeTrue())
		Expect(hasRoute(ctx, wins)()).To(BeTrue())
	}
	// remove deletes a Microservice with what it owns.
	remove := func(ctx SpecContext, ms *v1alpha1.Microservice) {
		GinkgoHelper()
		Expect(k8s.Delete(ctx, ms)).To(Succeed())
		collectGarbage(ctx, ms.Namespace, ms)
	}
	// older waits until the creation timestamps of what is created next are later: they
	// are in seconds.
	older := func(ctx SpecContext, ms *v1alpha1.Microservice) {
		GinkgoHelper()
		created := get(ctx, &gatewayv1.HTTPRoute{}, ms.Namespace, names.Route(ms, 0)).CreationTimestamp
		Eventually(func() int64 { return metav1.Now().Unix() }).Should(BeNumerically(">", created.Unix()))
	}
	const claim = "shop.example.com/orders"

	It("are reported to both, and the older route wins until its claim goes", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		Expect(k8s.Create(ctx, topology(ns))).To(Succeed())
		// By name the younger one would come first.
		first, second := claiming(ns, "orders", "/orders"), claiming(ns, "new-orders", "/orders/")
		Expect(k8s.Create(ctx, first)).To(Succeed())
		eventuallyReady(ctx, first)
		older(ctx, first)
		Expect(k8s.Create(ctx, second)).To(Succeed())
		expectConflict(ctx, first, second, claim)
		Expect(second.Status.URLs).To(BeEmpty())
		settled(ns)

		By("the older route moving to another path")
		change(ctx, first, func(ms *v1alpha1.Microservice) { ms.Spec.Routes[0].Path = "/old-orders" })
		eventuallyReady(ctx, first, second)
		Eventually(func() []string { return get(ctx, &v1alpha1.Microservice{}, ns, "new-orders").Status.URLs }).ShouldNot(BeEmpty())

		By("it moving back, as a new route, which is the younger one now")
		older(ctx, second)
		change(ctx, first, func(ms *v1alpha1.Microservice) { ms.Spec.Routes[0].Path = "/orders" })
		expectConflict(ctx, second, first, claim)

		By("the Microservice of the older route going")
		remove(ctx, second)
		eventuallyReady(ctx, first)
		Expect(conditionOf(ctx, first, v1alpha1.ConditionRoutesReady).Message).NotTo(ContainSubstring(`"new-orders"`))
	}, SpecTimeout(suiteTimeout))

	It("are none with a service that the Gateway does not let in", func(ctx SpecContext) {
		ns, elsewhere := newNamespace(ctx), newNamespace(ctx)
		simulate(ns)
		Expect(k8s.Create(ctx, topology(ns))).To(Succeed())
		Eventually(func() error {
			return k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: "shop"}, &gatewayv1.Gateway{})
		}).Should(Succeed())

		By("another namespace claiming the route first")
		squatter := bare(elsewhere, "a-squatter")
		squatter.Spec.Routes = []v1alpha1.Route{{
			Path: "/orders", Hostnames: []v1alpha1.Hostname{"shop.example.com"}, ParentRefs: []v1alpha1.GatewayReference{{Namespace: ns, Name: "shop"}},
		}}
		Expect(k8s.Create(ctx, squatter)).To(Succeed())
		Expect(eventuallyHas(ctx, squatter, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonNotAccepted)).
			To(ContainSubstring(`Gateway "` + ns + `/shop" lets no routes of namespace "` + elsewhere + `" attach`))
		Expect(hasRoute(ctx, squatter)()).To(BeFalse())
		orders := claiming(ns, "orders", "/orders")
		Expect(k8s.Create(ctx, orders)).To(Succeed())
		eventuallyReady(ctx, orders)
		Expect(conditionOf(ctx, orders, v1alpha1.ConditionRoutesReady).Message).NotTo(ContainSubstring("squatter"))

		By("the Topology letting that namespace in, whose service is no member of it")
		change(ctx, get(ctx, &v1alpha1.Topology{}, ns, "shop"), func(t *v1alpha1.Topology) {
			t.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
		})
		Expect(eventuallyHas(ctx, squatter, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonHostAlreadyClaimed)).
			To(ContainSubstring(`shop.example.com belongs to Topology "` + ns + `/shop"`))
		Expect(hasRoute(ctx, squatter)()).To(BeFalse())

		By("the service joining the Topology, with a younger route for the same path")
		older(ctx, orders)
		change(ctx, squatter, func(ms *v1alpha1.Microservice) {
			ms.Spec.TopologyRef = &v1alpha1.TopologyReference{Namespace: ns, Name: "shop"}
		})
		Expect(eventuallyHas(ctx, squatter, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonHostAlreadyClaimed)).
			To(ContainSubstring(`/orders on shop.example.com belongs to namespace "` + ns + `"`))
		Expect(hasRoute(ctx, squatter)()).To(BeFalse())
		settled(ns)
	}, SpecTimeout(suiteTimeout))

	It("are found where services name a Gateway themselves, and end when a Topology gives up the host", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop := topology(ns)
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		member, alone := claiming(ns, "orders", "/orders"), bare(ns, "alone")
		alone.Spec.Routes = []v1alpha1.Route{{Path: "/orders", Hostnames: []v1alpha1.Hostname{"shop.example.com"}, ParentRefs: []v1alpha1.GatewayReference{{Name: "shop"}}}}
		Expect(k8s.Create(ctx, member)).To(Succeed())
		eventuallyReady(ctx, member)
		older(ctx, member)
		Expect(k8s.Create(ctx, alone)).To(Succeed())
		expectConflict(ctx, member, alone, claim)
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Gateway.Hostnames = []v1alpha1.Hostname{"other.example.com"} })
		eventuallyReady(ctx, member, alone)

		By("a member that took the Topology's host to another Gateway")
		edge := &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Name: "edge", Namespace: ns}, Spec: gatewayv1.GatewaySpec{
			GatewayClassName: className, Listeners: []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}},
		}}
		Expect(k8s.Create(ctx, edge)).To(Succeed())
		outside, waiting := claiming(ns, "outside", "/y"), bare(ns, "waiting")
		outside.Spec.Routes[0].ParentRefs = []v1alpha1.GatewayReference{{Name: "edge"}}
		waiting.Spec.Routes = []v1alpha1.Route{{Path: "/y", Hostnames: []v1alpha1.Hostname{"other.example.com"}, ParentRefs: []v1alpha1.GatewayReference{{Name: "edge"}}}}
		Expect(k8s.Create(ctx, outside)).To(Succeed())
		eventuallyReady(ctx, outside)
		older(ctx, outside)
		Expect(k8s.Create(ctx, waiting)).To(Succeed())
		expectConflict(ctx, outside, waiting, "other.example.com/y")
		settled(ns)
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Gateway.Hostnames = []v1alpha1.Hostname{"third.example.com"} })
		eventuallyReady(ctx, outside, waiting)

		By("two without a host")
		first, second := bare(ns, "first"), bare(ns, "second")
		for _, ms := range []*v1alpha1.Microservice{first, second} {
			ms.Spec.Routes = []v1alpha1.Route{{Path: "/x", ParentRefs: []v1alpha1.GatewayReference{{Name: "shop"}}}}
			Expect(k8s.Create(ctx, ms)).To(Succeed())
			Eventually(hasRoute(ctx, ms)).Should(BeTrue())
		}
		// Where both routes are of the same second, the name decides for the first too.
		expectConflict(ctx, first, second, "(every host)/x")
	}, SpecTimeout(suiteTimeout))

	It("are none between Topologies at one Gateway, also when one takes up a host of the other", func(ctx SpecContext) {
		ns, elsewhere := newNamespace(ctx), newNamespace(ctx)
		simulate(ns, elsewhere)
		shop := topology(ns)
		shop.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		first := claiming(ns, "orders", "/orders")
		Expect(k8s.Create(ctx, first)).To(Succeed())
		eventuallyReady(ctx, first)
		older(ctx, first)

		guests := topology(elsewhere)
		guests.Spec.Gateway = &v1alpha1.TopologyGateway{Ref: &v1alpha1.GatewayReference{Namespace: ns, Name: "shop"}, Hostnames: []v1alpha1.Hostname{"guests.example.com"}}
		Expect(k8s.Create(ctx, guests)).To(Succeed())
		second := claiming(elsewhere, "orders", "/orders")
		Expect(k8s.Create(ctx, second)).To(Succeed())
		eventuallyReady(ctx, second)
		settled(ns)

		change(ctx, guests, func(t *v1alpha1.Topology) {
			t.Spec.Gateway.Hostnames = []v1alpha1.Hostname{"shop.example.com", "guests.example.com"}
		})
		Expect(eventuallyHas(ctx, second, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonHostAlreadyClaimed)).
			To(ContainSubstring(`shop.example.com belongs to Topology "` + ns + `/shop"`))
		Expect(get(ctx, &gatewayv1.HTTPRoute{}, elsewhere, "orders.orders").Spec.Hostnames).To(Equal([]gatewayv1.Hostname{"guests.example.com"}))
		eventuallyReady(ctx, first)
		Expect(conditionOf(ctx, first, v1alpha1.ConditionRoutesReady).Message).NotTo(ContainSubstring("claimed"))
	}, SpecTimeout(suiteTimeout))
})
