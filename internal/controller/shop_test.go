// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller_test

import (
	"context"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// topology is a Topology with a gateway.
func topology(ns string) *v1alpha1.Topology {
	return &v1alpha1.Topology{
		ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: ns},
		Spec: v1alpha1.TopologySpec{Gateway: &v1alpha1.TopologyGateway{
			ClassName: className, Hostnames: []v1alpha1.Hostname{"shop.example.com"},
		}},
	}
}

// microservice is a member of that Topology with a database and a route.
func microservice(ns, name string, dependencies ...string) *v1alpha1.Microservice {
	ms := &v1alpha1.Microservice{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns},
		Spec: v1alpha1.MicroserviceSpec{
			TopologyRef: &v1alpha1.TopologyReference{Name: "shop"},
			Image:       "example.com/" + name + ":1",
			Database:    &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL},
			Routes:      []v1alpha1.Route{{Path: "/" + name}},
		},
	}
	for _, dependency := range dependencies {
		ms.Spec.Dependencies = append(ms.Spec.Dependencies, v1alpha1.Dependency{Name: dependency})
	}
	return ms
}

// bare is a Microservice with nothing but an image.
func bare(ns, name string) *v1alpha1.Microservice {
	return &v1alpha1.Microservice{
		ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns},
		Spec:       v1alpha1.MicroserviceSpec{Image: "example.com/" + name + ":1"},
	}
}

// condition reads one condition of an object, past every cache; it is nil when
// there is none.
func condition(ctx context.Context, o client.Object, conditionType string) *metav1.Condition {
	if err := k8s.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
		return nil
	}
	switch o := o.(type) {
	case *v1alpha1.Microservice:
		return meta.FindStatusCondition(o.Status.Conditions, conditionType)
	case *v1alpha1.Topology:
		return meta.FindStatusCondition(o.Status.Conditions, conditionType)
	}
	return nil
}

// conditionOf is a condition, and an empty one where there is none.
func conditionOf(ctx context.Context, o client.Object, conditionType string) metav1.Condition {
	if c := condition(ctx, o, conditionType); c != nil {
		return *c
	}
	return metav1.Condition{}
}

// eventuallyHas waits for a condition of a status and a reason, and returns its
// message.
func eventuallyHas(ctx context.Context, o client.Object, conditionType string, status metav1.ConditionStatus, reason string) string {
	GinkgoHelper()
	message := ""
	Eventually(func(g Gomega) {
		c := condition(ctx, o, conditionType)
		g.Expect(c).NotTo(BeNil(), "%s has no condition %s", o.GetName(), conditionType)
		g.Expect([]any{c.Status, c.Reason, c.ObservedGeneration}).To(Equal([]any{status, reason, o.GetGeneration()}), c.Message)
		message = c.Message
	}).Should(Succeed())
	return message
}

func eventuallyReady(ctx context.Context, objects ...client.Object) {
	GinkgoHelper()
	for _, o := range objects {
		eventuallyHas(ctx, o, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady)
	}
}

// change reads an object, changes it and writes it, again where somebody was
// faster.
func change[T client.Object](ctx context.Context, o T, f func(T)) {
	GinkgoHelper()
	Eventually(func() error {
		if err := k8s.Get(ctx, client.ObjectKeyFromObject(o), o); err != nil {
			return err
		}
		f(o)
		return k8s.Update(ctx, o)
	}).Should(Succeed())
}

// get reads an object by name.
func get[T client.Object](ctx context.Context, o T, ns, name string) T {
	GinkgoHelper()
	Eventually(func() error { return k8s.Get(ctx, client.ObjectKey{Namespace: ns, Name: name}, o) }).Should(Succeed())
	return o
}
