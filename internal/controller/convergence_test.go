/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package controller_test

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

var _ = Describe("Convergence", func() {
	It("makes a Deployment of a Microservice", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		ms := &v1alpha1.Microservice{ObjectMeta: metav1.ObjectMeta{Name: "users", Namespace: ns}, Spec: v1alpha1.MicroserviceSpec{
			Image: "users:1", Database: &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL},
		}}
		Expect(k8s.Create(ctx, ms)).To(Succeed())
		Eventually(func(g Gomega) {
			d := &appsv1.Deployment{}
			g.Expect(k8s.Get(ctx, types.NamespacedName{Namespace: ns, Name: "users"}, d)).To(Succeed())
			g.Expect(k8s.Get(ctx, types.NamespacedName{Namespace: ns, Name: "users"}, ms)).To(Succeed())
			g.Expect(ms.Status.Conditions).NotTo(BeEmpty())
		}).Should(Succeed())
		Consistently(func() []string { return requests.in(ns) }, "1s").Should(HaveLen(len(requests.in(ns))))
		GinkgoWriter.Println(requests.in(ns), ms.Status)
	})
})
