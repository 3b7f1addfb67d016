// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	networkingv1 "k8s.io/api/networking/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// nameServer is the name server of the manager under test.
const nameServer = "10.96.0.10"

var _ = Describe("Name servers", func() {
	It("of the manager and of the Topology are permitted", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), memberOf(ns, "users", "shop")
		shop.Spec.NameServers = []string{"10.0.0.53"}
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyReady(ctx, users)
		Eventually(func() []string { return get(ctx, &v1alpha1.Topology{}, ns, "shop").Status.NameServers }).Should(ConsistOf(nameServer))
		blocks := func() []string {
			var blocks []string
			for _, rule := range get(ctx, &networkingv1.NetworkPolicy{}, ns, "users").Spec.Egress {
				for _, to := range rule.To {
					if to.IPBlock != nil {
						blocks = append(blocks, to.IPBlock.CIDR)
					}
				}
			}
			return blocks
		}
		Expect(blocks()).To(ConsistOf("169.254.0.0/16", nameServer+"/32", "10.0.0.53/32"))
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.NameServers = nil })
		Eventually(blocks).Should(ConsistOf("169.254.0.0/16", nameServer+"/32"))
		settled(ns)
	}, SpecTimeout(suiteTimeout))
})
