// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/names"
)

var _ = Describe("The hosts of a shared Gateway", func() {
	const host = v1alpha1.Hostname("shop.example.com")
	var infra, books, toys string

	BeforeEach(func(ctx SpecContext) {
		infra, books, toys = newNamespace(ctx), newNamespace(ctx), newNamespace(ctx)
		simulate(infra, books, toys)
		Expect(k8s.Create(ctx, &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Name: "edge", Namespace: infra}, Spec: gatewayv1.GatewaySpec{
			GatewayClassName: className, Listeners: []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType,
				AllowedRoutes: &gatewayv1.AllowedRoutes{Namespaces: &gatewayv1.RouteNamespaces{From: ptr.To(gatewayv1.NamespacesFromAll)}}}},
		}})).To(Succeed())
	})

	// serving creates a service that stands alone, with a route at the shared Gateway.
	serving := func(ctx SpecContext, ns, path string, hostname v1alpha1.Hostname, headers ...v1alpha1.HeaderMatch) *v1alpha1.Microservice {
		GinkgoHelper()
		ms := bare(ns, "web")
		ms.Spec.Routes = []v1alpha1.Route{{Path: path, Hostnames: []v1alpha1.Hostname{hostname}, Headers: headers,
			ParentRefs: []v1alpha1.GatewayReference{{Namespace: infra, Name: "edge"}}}}
		Expect(k8s.Create(ctx, ms)).To(Succeed())
		return ms
	}
	routesOf := func(ctx SpecContext, ms *v1alpha1.Microservice) func() []gatewayv1.HTTPRoute {
		return func() []gatewayv1.HTTPRoute {
			list := &gatewayv1.HTTPRouteList{}
			Expect(k8s.List(ctx, list, client.InNamespace(ms.Namespace))).To(Succeed())
			return list.Items
		}
	}
	taken := func(ctx SpecContext, ms *v1alpha1.Microservice, message string) {
		GinkgoHelper()
		Eventually(func() string {
			return eventuallyHas(ctx, ms, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonHostAlreadyClaimed)
		}).Should(ContainSubstring(message))
		eventuallyHas(ctx, ms, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonHostAlreadyClaimed)
		Eventually(routesOf(ctx, ms)).Should(BeEmpty())
	}

	It("can't be taken by another namespace, and are free when the last route has gone", func(ctx SpecContext) {
		victim := serving(ctx, books, "/", host)
		eventuallyReady(ctx, victim)

		By("a longer path, and a header that every browser sends")
		squatter := serving(ctx, toys, "/checkout", host, v1alpha1.HeaderMatch{Name: "Upgrade-Insecure-Requests", Value: "1"})
		taken(ctx, squatter, `shop.example.com belongs to namespace "`+books+`", which has a route for it`)
		Expect(requestsFor.in(toys)).NotTo(ContainElement(ContainSubstring("httproutes")), "a route that exists for a moment takes requests")
		eventuallyReady(ctx, victim)
		settled(books)
		settled(toys)

		By("the last route of the host going")
		Expect(k8s.Delete(ctx, victim)).To(Succeed())
		collectGarbage(ctx, books, victim)
		eventuallyReady(ctx, squatter)
		Expect(routesOf(ctx, squatter)()).To(HaveLen(1))
	}, SpecTimeout(suiteTimeout))

	It("can't be taken by an older route that is attached to it later", func(ctx SpecContext) {
		Expect(k8s.Create(ctx, &gatewayv1.Gateway{ObjectMeta: metav1.ObjectMeta{Name: "own", Namespace: toys}, Spec: gatewayv1.GatewaySpec{
			GatewayClassName: className, Listeners: []gatewayv1.Listener{{Name: "http", Port: 80, Protocol: gatewayv1.HTTPProtocolType}},
		}})).To(Succeed())
		squatter := bare(toys, "web")
		squatter.Spec.Routes = []v1alpha1.Route{{Hostnames: []v1alpha1.Hostname{"toys.example.com", host}, ParentRefs: []v1alpha1.GatewayReference{{Name: "own"}}}}
		Expect(k8s.Create(ctx, squatter)).To(Succeed())
		eventuallyReady(ctx, squatter)
		route := get(ctx, &gatewayv1.HTTPRoute{}, toys, names.Route(squatter, 0))
		Eventually(func() int64 { return metav1.Now().Unix() }).Should(BeNumerically(">", route.CreationTimestamp.Unix()))
		victim := serving(ctx, books, "/", host)
		eventuallyReady(ctx, victim)
		change(ctx, squatter, func(ms *v1alpha1.Microservice) {
			ms.Spec.Routes[0].ParentRefs = []v1alpha1.GatewayReference{{Namespace: infra, Name: "edge"}}
		})
		Eventually(func() string {
			return eventuallyHas(ctx, squatter, v1alpha1.ConditionRoutesReady, metav1.ConditionFalse, v1alpha1.ReasonHostAlreadyClaimed)
		}).Should(ContainSubstring(`belongs to namespace "` + books + `"`))
		Eventually(func(g Gomega) {
			found := routesOf(ctx, squatter)()
			g.Expect(found).To(HaveLen(1))
			g.Expect(found[0].UID).To(Equal(route.UID), "the same object, which is older than that of the victim")
			g.Expect(found[0].Spec.Hostnames).To(Equal([]gatewayv1.Hostname{"toys.example.com"}))
		}).Should(Succeed())
		eventuallyReady(ctx, victim)
		settled(books)
		settled(toys)
	}, SpecTimeout(suiteTimeout))

	It("belong to the Topology beside it, which delegates paths to namespaces", func(ctx SpecContext) {
		first := serving(ctx, toys, "/", host)
		eventuallyReady(ctx, first)

		By("a Topology that takes the host up")
		shop := &v1alpha1.Topology{ObjectMeta: metav1.ObjectMeta{Namespace: infra, Name: "shop"}}
		shop.Spec.Gateway = &v1alpha1.TopologyGateway{Ref: &v1alpha1.GatewayReference{Name: "edge"}, Hostnames: []v1alpha1.Hostname{host},
			DelegatedPaths: []v1alpha1.DelegatedPaths{{Namespace: books, Prefixes: []string{"/books"}}}}
		shop.Spec.AllowedNamespaces = &v1alpha1.AllowedNamespaces{From: v1alpha1.NamespacesFromAll}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		taken(ctx, first, `shop.example.com belongs to Topology "`+infra+`/shop"`)

		By("a member with a path of its namespace, and one without")
		member := bare(books, "books")
		member.Spec.TopologyRef = &v1alpha1.TopologyReference{Namespace: infra, Name: "shop"}
		member.Spec.Routes = []v1alpha1.Route{{Path: "/books/new"}}
		Expect(k8s.Create(ctx, member)).To(Succeed())
		eventuallyReady(ctx, member)
		change(ctx, first, func(ms *v1alpha1.Microservice) {
			ms.Spec.TopologyRef = member.Spec.TopologyRef
			ms.Spec.Routes[0].Path = "/books/old"
		})
		taken(ctx, first, `delegates /books/old on shop.example.com to no service of namespace "`+toys+`"`)
		settled(books)
		settled(toys)

		By("the Topology delegating it")
		change(ctx, shop, func(t *v1alpha1.Topology) {
			t.Spec.Gateway.DelegatedPaths = append(t.Spec.Gateway.DelegatedPaths, v1alpha1.DelegatedPaths{Namespace: toys, Prefixes: []string{"/books/old"}})
		})
		eventuallyReady(ctx, first, member)

		By("a member that breaks its membership, so that nothing of it is pruned")
		change(ctx, first, func(ms *v1alpha1.Microservice) {
			ms.Spec.TopologyRef = &v1alpha1.TopologyReference{Namespace: infra, Name: "nowhere"}
		})
		Eventually(routesOf(ctx, first)).Should(BeEmpty())
		change(ctx, first, func(ms *v1alpha1.Microservice) { ms.Spec.TopologyRef = member.Spec.TopologyRef })
		eventuallyReady(ctx, first)

		By("the Topology giving up the host")
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Gateway.DelegatedPaths = t.Spec.Gateway.DelegatedPaths[:1] })
		taken(ctx, first, "delegates /books/old")
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.Gateway.Hostnames = []v1alpha1.Hostname{"other.example.com"} })
		eventuallyReady(ctx, first, member)
	}, SpecTimeout(suiteTimeout))
})
