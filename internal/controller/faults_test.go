// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"net/http"
	"sync/atomic"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("Faults of the API server", func() {
	DescribeTable("are told in the status and got over",
		func(ctx SpecContext, code int, reason metav1.StatusReason, wantReason string) {
			ns := newNamespace(ctx)
			simulate(ns)
			var faults atomic.Int32
			requestsFor.failWith(func(r *http.Request) *http.Response {
				if r.Method != http.MethodPatch || r.URL.Path != "/apis/apps/v1/namespaces/"+ns+"/deployments/users" || faults.Load() == -1 {
					return nil
				}
				faults.Add(1)
				return answer(r, code, reason)
			})
			users := bare(ns, "users")
			Expect(k8s.Create(ctx, users)).To(Succeed())
			eventuallyHas(ctx, users, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, wantReason)
			By("the other children being made all the same")
			Eventually(func() []string { return kinds(everythingIn(ctx, ns)) }).Should(ContainElements("Service/users", "PodDisruptionBudget/users"))
			Eventually(faults.Load).Should(BeNumerically(">", 1))
			faults.Store(-1)
			eventuallyReady(ctx, users)
		},
		Entry("an internal error", http.StatusInternalServerError, metav1.StatusReasonInternalError, v1alpha1.ReasonApplyFailed, SpecTimeout(suiteTimeout)),
		Entry("a timeout", http.StatusGatewayTimeout, metav1.StatusReasonTimeout, v1alpha1.ReasonApplyFailed, SpecTimeout(suiteTimeout)),
		Entry("too many requests", http.StatusTooManyRequests, metav1.StatusReasonTooManyRequests, v1alpha1.ReasonApplyFailed, SpecTimeout(suiteTimeout)),
		Entry("no permission", http.StatusForbidden, metav1.StatusReasonForbidden, v1alpha1.ReasonRefused, SpecTimeout(suiteTimeout)),
	)
})
