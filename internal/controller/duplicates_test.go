// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("A podTemplate with a key twice", func() {
	DescribeTable("is Stalled, and is not retried forever", func(ctx SpecContext, spec, want string) {
		ns := newNamespace(ctx)
		simulate(ns)
		users := withSpec(&v1alpha1.Microservice{}, ns, "users", `{image: users, podTemplate: {spec: {`+spec+`}}}`)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		eventuallyHas(ctx, users, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonInvalidSpec)
		Expect(eventuallyHas(ctx, users, v1alpha1.ConditionWorkloadReady, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec)).To(ContainSubstring(want))
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.PodTemplate = nil })
		eventuallyReady(ctx, users)
	},
		Entry("a variable of a sidecar", `containers: [{name: proxy, image: proxy, env: [{name: A, value: a}, {name: A, value: b}]}]`,
			`spec.containers[proxy].env has "A" twice`, SpecTimeout(suiteTimeout)),
		Entry("a path of an init container", `initContainers: [{name: init, image: init, volumeMounts: [{name: tmp, mountPath: /a}, {name: tmp, mountPath: /a, subPath: b}]}]`,
			`spec.initContainers[init].volumeMounts has "/a" twice`, SpecTimeout(suiteTimeout)),
	)
})
