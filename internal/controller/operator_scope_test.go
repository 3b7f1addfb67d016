// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	admissionv1 "k8s.io/api/admissionregistration/v1"
	appsv1 "k8s.io/api/apps/v1"
	authenticationv1 "k8s.io/api/authentication/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// atolls are the labels that Atoll gives its objects.
var atolls = map[string]string{v1alpha1.LabelManagedBy: v1alpha1.ManagedByAtoll, v1alpha1.LabelMicroservice: "users"}

var _ = Describe("The operator's own identity", func() {
	// operator has the operator's name, and all rights: only the policies limit it.
	operator := func() client.Client {
		return clientAs("system:serviceaccount:"+operatorNamespace+":"+operatorAccount, "system:masters")
	}
	secret := func(ns, name string, labels map[string]string, kind corev1.SecretType) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns, Labels: labels}, Type: kind}
	}
	deployment := func(ns string, labels map[string]string, change func(*corev1.PodSpec)) *appsv1.Deployment {
		d := &appsv1.Deployment{ObjectMeta: metav1.ObjectMeta{Name: "mine", Namespace: ns, Labels: labels}}
		d.Spec.Selector = &metav1.LabelSelector{MatchLabels: map[string]string{"app": "mine"}}
		d.Spec.Template.Labels = d.Spec.Selector.MatchLabels
		d.Spec.Template.Spec.Containers = []corev1.Container{{Name: "mine", Image: "mine"}}
		change(&d.Spec.Template.Spec)
		return d
	}
	same := func(*corev1.PodSpec) {}
	account := func(ns string) *corev1.ServiceAccount {
		return &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: "mine", Namespace: ns, Labels: atolls}}
	}
	refused := func(err error, message string) {
		GinkgoHelper()
		Expect(apierrors.IsForbidden(err)).To(BeTrue(), "got %v", err)
		Expect(err).To(MatchError(ContainSubstring(message)))
	}
	const onlyLabelled = "Atoll writes only objects with the label app.kubernetes.io/managed-by: atoll"

	It("creates only what Atoll creates", func(ctx SpecContext) {
		ns, o := newNamespace(ctx), operator()
		Eventually(func() error { return o.Create(ctx, secret(ns, "plain", nil, ""), client.DryRunAll) }).ShouldNot(Succeed())
		refused(o.Create(ctx, secret("kube-system", "mine", atolls, ""), client.DryRunAll), "Atoll writes nothing in namespace kube-system")
		refused(o.Create(ctx, secret(ns, "mine", nil, ""), client.DryRunAll), onlyLabelled)
		refused(o.Create(ctx, secret(ns, "mine", atolls, "example.com/token"), client.DryRunAll), "Atoll writes Secrets of type Opaque only")
		token := secret(ns, "mine", atolls, corev1.SecretTypeServiceAccountToken)
		token.Annotations = map[string]string{corev1.ServiceAccountNameKey: "default"}
		Expect(k8s.Create(ctx, account(ns))).To(Succeed())
		token.Annotations[corev1.ServiceAccountNameKey] = "mine"
		refused(o.Create(ctx, token, client.DryRunAll), "Atoll writes Secrets of type Opaque only")
		refused(o.Create(ctx, deployment(ns, nil, same), client.DryRunAll), onlyLabelled)
		refused(o.Create(ctx, deployment(ns, atolls, func(p *corev1.PodSpec) { p.HostPID = true }), client.DryRunAll), "the pods reach the host by hostPID")
		refused(o.Create(ctx, &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "mine", Labels: atolls}}, client.DryRunAll), "Atoll writes no object without a namespace")
		refused(o.Create(ctx, bare(ns, "users"), client.DryRunAll), "Atoll writes the status of Microservices and Topologies")
		Expect(o.Create(ctx, secret(ns, "mine", atolls, ""), client.DryRunAll)).To(Succeed())
		Expect(o.Create(ctx, deployment(ns, atolls, same), client.DryRunAll)).To(Succeed())
	}, SpecTimeout(suiteTimeout))

	It("changes and deletes only what is Atoll's", func(ctx SpecContext) {
		ns, o := newNamespace(ctx), operator()
		foreign, tls, own := secret(ns, "foreign", nil, ""), secret(ns, "tls", atolls, "example.com/tls"), secret(ns, "own", atolls, "")
		restored := secret(ns, "users-db", nil, "")
		d := deployment(ns, nil, same)
		for _, object := range []client.Object{foreign, tls, own, restored, d} {
			Expect(k8s.Create(ctx, object)).To(Succeed())
		}
		try := func(object client.Object) error {
			object = object.DeepCopyObject().(client.Object)
			Expect(k8s.Get(ctx, client.ObjectKeyFromObject(object), object)).To(Succeed())
			object.SetLabels(atolls)
			object.SetAnnotations(map[string]string{"changed": "yes"})
			return o.Update(ctx, object, client.DryRunAll)
		}
		Eventually(func() error { return try(foreign) }).ShouldNot(Succeed())
		refused(try(foreign), onlyLabelled)
		refused(try(tls), "Atoll writes Secrets of type Opaque only")
		refused(try(d), onlyLabelled)
		refused(o.Delete(ctx, foreign, client.DryRunAll), onlyLabelled)
		refused(o.Delete(ctx, tls, client.DryRunAll), "Atoll writes Secrets of type Opaque only")
		refused(o.Delete(ctx, d, client.DryRunAll), onlyLabelled)
		refused(o.Delete(ctx, restored, client.DryRunAll), onlyLabelled)
		refused(o.DeleteAllOf(ctx, &corev1.Secret{}, client.InNamespace(ns), client.DryRunAll), "Atoll writes")
		Expect(try(own)).To(Succeed())
		Expect(o.Delete(ctx, own, client.DryRunAll)).To(Succeed())
		Expect(try(restored)).To(Succeed(), "the Secret of a database that was restored by hand")
	}, SpecTimeout(suiteTimeout))

	It("changes no spec, and gets no token", func(ctx SpecContext) {
		ns, o := newNamespace(ctx), operator()
		users, shop := bare(ns, "users"), topology(ns)
		Expect(k8s.Create(ctx, users)).To(Succeed())
		Expect(k8s.Create(ctx, shop)).To(Succeed())
		patch := func(object client.Object, text string) error {
			return o.Patch(ctx, object.DeepCopyObject().(client.Object), client.RawPatch("application/merge-patch+json", []byte(text)), client.DryRunAll)
		}
		Eventually(func() error { return patch(users, `{"spec": {"image": "mine"}}`) }).ShouldNot(Succeed())
		refused(patch(users, `{"spec": {"image": "mine"}}`), "Atoll writes the status of Microservices and Topologies")
		refused(patch(users, `{"spec": {"suspend": true}}`), "Atoll writes the status of Microservices and Topologies")
		refused(patch(shop, `{"spec": {"isolation": "None"}}`), "Atoll writes the status of Microservices and Topologies")
		refused(o.Delete(ctx, users, client.DryRunAll), "Atoll writes the status of Microservices and Topologies")
		Expect(patch(users, `{"metadata": {"annotations": {"atoll.dev/default-replicas": "3"}}, "spec": {"scaling": {"replicas": 3}}}`)).To(Succeed())
		for _, object := range []client.Object{users, shop} {
			for _, metadata := range []string{
				`{"ownerReferences": [{"apiVersion": "v1", "kind": "ConfigMap", "name": "gone", "uid": "0"}]}`, `{"finalizers": ["example.com/keep"]}`,
				`{"labels": {"team": "mine"}}`, `{"annotations": {"atoll.dev/rotate-credentials": "1"}}`, `{"annotations": {"atoll.dev/isolation": "audit"}}`,
			} {
				refused(patch(object, `{"metadata": `+metadata+`}`), "Atoll changes no labels, finalizers, owner references and annotations")
			}
		}
		Expect(k8s.Create(ctx, account(ns))).To(Succeed())
		refused(tokenOf(ctx, o, account(ns)), "Atoll does not use serviceaccounts./token")
	}, SpecTimeout(suiteTimeout))
})

var _ = Describe("A manager in a namespace of the cluster's own", func() {
	It("writes its Lease and events there, and nothing else", func(ctx SpecContext) {
		// The installed policy, for another name of the operator.
		policy := &admissionv1.ValidatingAdmissionPolicy{}
		Expect(k8s.Get(ctx, client.ObjectKey{Name: "atoll-operator-scope"}, policy)).To(Succeed())
		policy = &admissionv1.ValidatingAdmissionPolicy{ObjectMeta: metav1.ObjectMeta{Name: "atoll-in-kube-public"}, Spec: policy.Spec}
		policy.Spec.MatchConditions[0].Expression = "request.userInfo.username == 'system:serviceaccount:kube-public:atoll'"
		Expect(k8s.Create(ctx, policy)).To(Succeed())
		binding := &admissionv1.ValidatingAdmissionPolicyBinding{ObjectMeta: metav1.ObjectMeta{Name: policy.Name},
			Spec: admissionv1.ValidatingAdmissionPolicyBindingSpec{PolicyName: policy.Name, ValidationActions: []admissionv1.ValidationAction{admissionv1.Deny}}}
		Expect(k8s.Create(ctx, binding)).To(Succeed())
		DeferCleanup(func(ctx context.Context) {
			Expect(k8s.Delete(ctx, binding)).To(Succeed())
			Expect(k8s.Delete(ctx, policy)).To(Succeed())
		})
		o := clientAs("system:serviceaccount:kube-public:atoll", "system:masters")
		try := func(object client.Object, ns string) error {
			object.SetNamespace(ns)
			object.SetName("manager.atoll.dev")
			return o.Create(ctx, object, client.DryRunAll)
		}
		Eventually(func() error { return try(&corev1.Secret{}, "kube-public") }).Should(MatchError(ContainSubstring("Atoll writes nothing in namespace kube-public")))
		Expect(try(&coordinationv1.Lease{}, "kube-public")).To(Succeed())
		Expect(try(&coordinationv1.Lease{}, "kube-system")).To(MatchError(ContainSubstring("Atoll writes nothing in namespace kube-system")))
	}, SpecTimeout(suiteTimeout))
})

// tokenOf requests a token of a ServiceAccount.
func tokenOf(ctx context.Context, as client.Client, account *corev1.ServiceAccount) error {
	return as.SubResource("token").Create(ctx, account, &authenticationv1.TokenRequest{})
}
