// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	networkingv1 "k8s.io/api/networking/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// withoutRules stores objects while a kind has no CEL rules, as a release from before them did.
func withoutRules(ctx context.Context, plural string, objects ...client.Object) {
	GinkgoHelper()
	crd := &apiextensionsv1.CustomResourceDefinition{}
	key := client.ObjectKey{Name: plural + "." + v1alpha1.GroupVersion.Group}
	Expect(k8s.Get(ctx, key, crd)).To(Succeed())
	original := crd.DeepCopy()
	dropRules(crd.Spec.Versions[0].Schema.OpenAPIV3Schema)
	Expect(k8s.Update(ctx, crd)).To(Succeed())
	restore := func(ctx context.Context) {
		GinkgoHelper()
		change(ctx, &apiextensionsv1.CustomResourceDefinition{ObjectMeta: metav1.ObjectMeta{Name: key.Name}}, func(crd *apiextensionsv1.CustomResourceDefinition) { crd.Spec = original.Spec })
	}
	DeferCleanup(restore)
	for _, o := range objects {
		Eventually(func() error { return k8s.Create(ctx, o) }).Should(Succeed())
	}
	restore(ctx)
	// The rules are in effect again once they refuse a copy.
	for _, o := range objects {
		another := o.DeepCopyObject().(client.Object)
		another.SetName("another")
		another.SetResourceVersion("")
		Eventually(func() error { return k8s.Create(ctx, another, client.DryRunAll) }).ShouldNot(Succeed())
	}
}

func dropRules(schema *apiextensionsv1.JSONSchemaProps) {
	schema.XValidations = nil
	for name, property := range schema.Properties {
		dropRules(&property)
		schema.Properties[name] = property
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		dropRules(schema.Items.Schema)
	}
}

var _ = Describe("An object from before a validation rule", func() {
	It("can be changed in other fields, and has the policy that it had", func(ctx SpecContext) {
		ns := newNamespace(ctx)
		simulate(ns)
		shop, users := topology(ns), memberOf(ns, "users", "shop")
		shop.Spec.Monitoring = &v1alpha1.Monitoring{PodPeer: v1alpha1.PodPeer{PodSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "prometheus"}}}}
		users.Spec.Egress = []v1alpha1.EgressRule{{CIDRs: []string{"10.0.0.1/8"}}}
		withoutRules(ctx, "topologies", shop)
		withoutRules(ctx, "microservices", users)
		eventuallyReady(ctx, users)

		By("changes of other fields")
		change(ctx, users, func(ms *v1alpha1.Microservice) { ms.Spec.Args = []string{"serve"} })
		change(ctx, shop, func(t *v1alpha1.Topology) { t.Spec.DeletionGuard = v1alpha1.DeletionGuardDependents })
		eventuallyReady(ctx, users)
		policy := get(ctx, &networkingv1.NetworkPolicy{}, ns, "users").Spec
		Expect(policy.Egress).To(ContainElement(HaveField("To", ConsistOf(networkingv1.NetworkPolicyPeer{IPBlock: &networkingv1.IPBlock{CIDR: "10.0.0.0/8"}}))))
		Expect(policy.Ingress).To(ContainElement(HaveField("From", ConsistOf(networkingv1.NetworkPolicyPeer{
			NamespaceSelector: &metav1.LabelSelector{MatchLabels: map[string]string{"kubernetes.io/metadata.name": ns}},
			PodSelector:       &metav1.LabelSelector{MatchLabels: map[string]string{"app": "prometheus"}},
		}))))
	}, SpecTimeout(suiteTimeout))
})
