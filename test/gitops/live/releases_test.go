//go:build e2e

// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package live_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/test/shop"
)

// releases runs the scenarios of one tool.
type releases struct {
	tool       tool
	repository *repository
	// order and payment were made at the beginning.
	order   shop.Order
	payment shop.Payment
}

// restoreSamples releases the samples as they are and waits until production is healthy.
func (r *releases) restoreSamples(ctx context.Context) {
	GinkgoHelper()
	r.repository.restore()
	begin := time.Now()
	r.tool.refresh(ctx)
	r.eventuallyIs(ctx, productionRelease, healthy)
	GinkgoWriter.Printf("the samples were healthy again after %s\n", time.Since(begin).Round(time.Second))
}

// release commits a change and makes the tool read it.
func (r *releases) release(ctx context.Context, message string, change func()) {
	GinkgoHelper()
	By("release: " + message)
	change()
	r.repository.commit(message)
	r.tool.refresh(ctx)
}

// breakOrders names an image of orders that does not exist.
func (r *releases) breakOrders() {
	GinkgoHelper()
	image, tag := splitReference(images["orders"])
	r.repository.replace(production+"/kustomization.yaml", `newName: "`+image+`", newTag: "`+tag+`"`, `newName: "`+image+`", newTag: "missing"`)
}

// eventuallyIs waits until the tool reports a health of the last commit.
func (r *releases) eventuallyIs(ctx context.Context, release string, want health) {
	GinkgoHelper()
	begin := time.Now()
	Eventually(ctx, func(g Gomega) {
		got, err := r.tool.state(ctx, release)
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect([]any{got.health, got.commit}).To(Equal([]any{want, r.repository.head()}), got.message)
	}).Should(Succeed())
	GinkgoWriter.Printf("%s was %s after %s\n", release, want, time.Since(begin).Round(100*time.Millisecond))
}

// health returns what the tool reports of production.
func (r *releases) health(ctx context.Context) (health, error) {
	s, err := r.tool.state(ctx, productionRelease)
	return s.health, client.IgnoreNotFound(err)
}

// reasonOf returns a function that returns the reason of a condition at the current generation.
func (r *releases) reasonOf(name, conditionType string) func(context.Context) (string, error) {
	return func(ctx context.Context) (string, error) {
		ms := member(name)
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms); err != nil {
			return "", err
		}
		condition := meta.FindStatusCondition(ms.Status.Conditions, conditionType)
		if condition == nil || condition.ObservedGeneration != ms.Generation {
			return "", nil
		}
		return condition.Reason, nil
	}
}

// replicas returns the number of pods in the spec of users.
func (r *releases) replicas(ctx context.Context) (int32, error) {
	ms := member("users")
	if err := k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms); err != nil {
		return 0, err
	}
	if ms.Spec.Scaling == nil || ms.Spec.Scaling.Replicas == nil {
		return 0, fmt.Errorf("users has scaling %+v", ms.Spec.Scaling)
	}
	return *ms.Spec.Scaling.Replicas, nil
}

// settings returns the name of the ConfigMap that users reads.
func (r *releases) settings(ctx context.Context) (string, error) {
	ms := member("users")
	if err := k8s.Get(ctx, client.ObjectKeyFromObject(ms), ms); err != nil {
		return "", err
	}
	return ms.Spec.EnvFrom[0].ConfigMapRef.Name, nil
}

// expectNoWrites lets the tool compare three times and checks that nothing was written.
func (r *releases) expectNoWrites(ctx context.Context) {
	GinkgoHelper()
	before := settledSnapshot(ctx, productionNamespace)
	writes := countWrites(ctx)
	for range 3 {
		r.tool.reconcile(ctx)
		Expect(r.health(ctx)).To(Equal(healthy))
	}
	after := takeSnapshot(ctx, productionNamespace)
	Expect(strings.Join(before.changes(after), "\n")).To(BeEmpty())
	Expect(len(before)).To(BeNumerically(">", 40))
	Expect(countWrites(ctx)-writes).To(BeZero(), "requests wrote")
}

// buy makes an order and pays it.
func (r *releases) buy(ctx context.Context) {
	GinkgoHelper()
	user, err := shopClient.CreateUser(ctx, shop.User{Name: "Ada", Email: "ada@example.com"})
	Expect(err).NotTo(HaveOccurred())
	r.order, err = shopClient.CreateOrder(ctx, shop.Order{UserID: user.ID, Currency: "EUR", Items: []shop.Item{{SKU: "tea", Quantity: 2, UnitPriceCents: 1250}}})
	Expect(err).NotTo(HaveOccurred())
	r.payment = r.pay(ctx)
}

// pay pays the order. A second call returns the payment of the first, if the data is kept.
func (r *releases) pay(ctx context.Context) shop.Payment {
	GinkgoHelper()
	payment, err := shopClient.CreatePayment(ctx, "gitops", shop.Payment{OrderID: r.order.ID, AmountCents: r.order.TotalCents, Currency: r.order.Currency})
	Expect(err).NotTo(HaveOccurred())
	return payment
}

// dataOf returns the identities of the claims and Secrets of databases.
func dataOf(ctx context.Context, namespace string) (claims, secrets map[string]string) {
	GinkgoHelper()
	claims, secrets = map[string]string{}, map[string]string{}
	claimList, secretList := &corev1.PersistentVolumeClaimList{}, &corev1.SecretList{}
	Expect(k8s.List(ctx, claimList, client.InNamespace(namespace))).To(Succeed())
	Expect(k8s.List(ctx, secretList, client.InNamespace(namespace))).To(Succeed())
	for i := range claimList.Items {
		claims[claimList.Items[i].Name] = string(claimList.Items[i].UID)
	}
	for i := range secretList.Items {
		secrets[secretList.Items[i].Name] = string(secretList.Items[i].UID)
	}
	return claims, secrets
}

// userPods returns the identities of the pods of users that are not being deleted.
func userPods(ctx context.Context) ([]string, error) {
	pods := &corev1.PodList{}
	err := k8s.List(ctx, pods, client.InNamespace(productionNamespace), client.MatchingLabels{"atoll.dev/microservice": "users", "app.kubernetes.io/component": "service"})
	var out []string
	for i := range pods.Items {
		if pods.Items[i].DeletionTimestamp == nil {
			out = append(out, string(pods.Items[i].UID))
		}
	}
	return out, err
}

// eventuallyGone waits until an object of production is gone.
func eventuallyGone(ctx context.Context, o client.Object, name string) {
	GinkgoHelper()
	Eventually(ctx, func() bool {
		return apierrors.IsNotFound(k8s.Get(ctx, client.ObjectKey{Namespace: productionNamespace, Name: name}, o))
	}).Should(BeTrue(), "%T %s is gone", o, name)
}
