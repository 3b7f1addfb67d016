//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/test/shop"
)

// refusalBudget is the maximum time in which orders must respond to a new order.
const refusalBudget = 3 * time.Second

var _ = Describe("Without users, orders", func() {
	It("serves reads, refuses new orders, and accepts them when users is back", func(ctx SpecContext) {
		eventuallyShopReady(ctx)
		user := createUser(ctx)
		order := createOrder(ctx, user)
		users, orders := shopMember("users"), shopMember("orders")
		ready := condition(ctx, orders, v1alpha1.ConditionReady)

		setSuspended(ctx, users, true)
		DeferCleanup(func(ctx SpecContext) { setSuspended(ctx, users, false) }, NodeTimeout(time.Minute))
		eventuallyHas(ctx, users, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
		Eventually(ctx, podsOf).WithArguments(ctx, users, v1alpha1.ComponentService).Should(BeEmpty())

		// Enough requests to open the circuit breaker and to be refused by it.
		slowest := time.Duration(0)
		for range 8 {
			expectReads(ctx, order)
			_, err := createTimedOrder(ctx, user, &slowest)
			expectRefusal(err)
		}
		AddReportEntry("slowest refusal of an order", slowest.Round(time.Millisecond).String())

		eventuallyHas(ctx, orders, v1alpha1.ConditionDependenciesReady, metav1.ConditionFalse, v1alpha1.ReasonDependencyNotReady)
		Expect(condition(ctx, orders, v1alpha1.ConditionReady)).To(Equal(ready), "orders did not stay Ready")

		setSuspended(ctx, users, false)
		eventuallyReady(ctx, users)
		eventuallyTakesOrders(ctx, user)
		eventuallyHas(ctx, orders, v1alpha1.ConditionDependenciesReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
		Expect(condition(ctx, orders, v1alpha1.ConditionReady)).To(Equal(ready), "orders did not stay Ready")
	}, SpecTimeout(specTimeout))

	It("recovers after all pods of users are killed", func(ctx SpecContext) {
		eventuallyShopReady(ctx)
		user := createUser(ctx)
		order := createOrder(ctx, user)
		users, orders := shopMember("users"), shopMember("orders")
		ready := condition(ctx, orders, v1alpha1.ConditionReady)

		pods, err := podsOf(ctx, users, v1alpha1.ComponentService)
		Expect(err).NotTo(HaveOccurred())
		killed := map[types.UID]bool{}
		for i := range pods {
			killed[pods[i].UID] = true
			forceDelete(ctx, &pods[i])
		}

		slowest, accepted, refused := time.Duration(0), 0, 0
		Eventually(ctx, func(g Gomega) {
			expectReads(ctx, order)
			if _, err := createTimedOrder(ctx, user, &slowest); err != nil {
				expectRefusal(err)
				refused++
			} else {
				accepted++
			}
			current, err := podsOf(ctx, users, v1alpha1.ComponentService)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(current).To(HaveLen(len(pods)))
			for i := range current {
				g.Expect(killed).NotTo(HaveKey(current[i].UID))
				g.Expect(&current[i]).To(beReady())
			}
			g.Expect(condition(ctx, users, v1alpha1.ConditionReady)).To(HaveField("Status", metav1.ConditionTrue))
			g.Expect(accepted).To(BeNumerically(">", 0))
		}).Should(Succeed())
		AddReportEntry("orders while users' pods were replaced",
			strconv.Itoa(accepted)+" accepted, "+strconv.Itoa(refused)+" refused, slowest response "+slowest.Round(time.Millisecond).String())
		eventuallyTakesOrders(ctx, user)
		Expect(condition(ctx, orders, v1alpha1.ConditionReady)).To(Equal(ready), "orders did not stay Ready")
	}, SpecTimeout(specTimeout))
})

func setSuspended(ctx context.Context, ms *v1alpha1.Microservice, suspended bool) {
	GinkgoHelper()
	update(ctx, ms, func(ms *v1alpha1.Microservice) { ms.Spec.Suspend = ptr.To(suspended) })
}

// eventuallyTakesOrders waits until every pod of orders reaches users again. Each
// pod has its own circuit breaker, and the gateway balances over the pods.
func eventuallyTakesOrders(ctx context.Context, user shop.User) {
	GinkgoHelper()
	Eventually(ctx, func() error {
		_, err := shopClient.CreateOrder(ctx, newOrder(user))
		return err
	}).WithTimeout(20 * time.Second).MustPassRepeatedly(8).Should(Succeed())
}

// createTimedOrder creates an order within refusalBudget and updates slowest.
func createTimedOrder(ctx context.Context, user shop.User, slowest *time.Duration) (shop.Order, error) {
	begin := time.Now()
	order, err := shopClient.CreateOrder(ctx, newOrder(user))
	*slowest = max(*slowest, time.Since(begin))
	Expect(*slowest).To(BeNumerically("<", refusalBudget))
	return order, err
}

// expectReads expects orders to serve its list and one order.
func expectReads(ctx context.Context, order shop.Order) {
	GinkgoHelper()
	_, err := shopClient.Orders(ctx)
	Expect(err).NotTo(HaveOccurred())
	read, err := shopClient.Order(ctx, order.ID)
	Expect(err).NotTo(HaveOccurred())
	Expect(read).To(Equal(order))
}

// expectRefusal expects status 503 with a Retry-After header.
func expectRefusal(err error) {
	GinkgoHelper()
	var refusal *shop.StatusError
	Expect(errors.As(err, &refusal)).To(BeTrue(), "%v", err)
	Expect(refusal.Code).To(Equal(http.StatusServiceUnavailable), refusal.Error())
	seconds, err := strconv.Atoi(refusal.Header.Get("Retry-After"))
	Expect(err).NotTo(HaveOccurred(), "Retry-After")
	Expect(seconds).To(BeNumerically(">=", 1))
}
