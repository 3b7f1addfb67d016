// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package controller

import (
	"context"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// What the reconciler remembers must go with the object that it is about: otherwise a
// cluster in which services come and go fills the memory.

func TestRememberedAppliesGoWithTheChild(t *testing.T) {
	var forgotten []types.UID
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	child := &corev1.Service{ObjectMeta: metav1.ObjectMeta{Name: "orders", Namespace: "shop", UID: "1", Labels: map[string]string{v1alpha1.LabelMicroservice: "orders"}}}
	childEvents(func(uid types.UID) { forgotten = append(forgotten, uid) }).Delete(context.Background(), event.DeleteEvent{Object: child}, queue)
	if len(forgotten) != 1 || forgotten[0] != "1" {
		t.Errorf("forgotten are %v, want the child", forgotten)
	}
	if got, _ := queue.Get(); got.Name != "orders" || got.Namespace != "shop" {
		t.Errorf("reconciled is %v, want the owner", got)
	}
}

func TestRememberedContentGoesWithTheObject(t *testing.T) {
	r := &MicroserviceReconciler{Client: fakeClient(t), Contents: &contentReader{}}
	r.Contents.known.Store(types.UID("1"), &knownContent{content: &inputs.Content{}})
	queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
	defer queue.ShutDown()
	config := &metav1.PartialObjectMetadata{ObjectMeta: metav1.ObjectMeta{Name: "limits", Namespace: "shop", UID: "1"}}
	r.referenceEvents("ConfigMap").Delete(context.Background(), event.DeleteEvent{Object: config}, queue)
	if _, remembered := r.Contents.known.Load(types.UID("1")); remembered {
		t.Error("the content of a ConfigMap that is gone is still remembered")
	}
}

func TestMemoryGoesWithTheMicroservice(t *testing.T) {
	r := &MicroserviceReconciler{Client: fakeClient(t)}
	key := types.NamespacedName{Namespace: "shop", Name: "orders"}
	r.memoryOf(key).converged = "fingerprint"
	r.turns.ask(key)
	r.turns.take(types.NamespacedName{Namespace: "shop", Name: "shop"}, key, time.Now())
	if _, err := r.Reconcile(context.Background(), ctrl.Request{NamespacedName: key}); err != nil {
		t.Fatal(err)
	}
	if _, remembered := r.memories.Load(key); remembered {
		t.Error("a Microservice that is gone is still remembered")
	}
	if r.turns.hasAsked(key) || len(r.turns.since) > 0 {
		t.Errorf("turns of a Microservice that is gone are still remembered: %v", r.turns.since)
	}
}

// A read that is not recorded would leave the reconciler asleep when its object
// changes.
func TestFingerprintRecordsEveryRead(t *testing.T) {
	ctx := context.Background()
	object := func(kind client.Object, change func(client.Object)) client.Object {
		kind.SetName("orders")
		kind.SetNamespace("shop")
		kind.SetUID("1")
		kind.SetGeneration(1)
		kind.SetResourceVersion("1")
		if change != nil {
			change(kind)
		}
		return kind
	}
	newVersion := func(o client.Object) { o.SetResourceVersion("2") }
	newGeneration := func(o client.Object) { o.SetGeneration(2) }
	for name, tc := range map[string]struct {
		kind   func() client.Object
		change func(client.Object)
		same   bool
	}{
		"a Secret's version":      {kind: func() client.Object { return &corev1.Secret{} }, change: newVersion},
		"a Pod's version":         {kind: func() client.Object { return &corev1.Pod{} }, change: newVersion},
		"a Topology's spec":       {kind: func() client.Object { return &v1alpha1.Topology{} }, change: newGeneration},
		"a Topology's status":     {kind: func() client.Object { return &v1alpha1.Topology{} }, change: newVersion, same: true},
		"a Topology's annotation": {kind: func() client.Object { return &v1alpha1.Topology{} }, change: func(o client.Object) { o.SetAnnotations(map[string]string{v1alpha1.AnnotationIsolation: "audit"}) }},
		"a neighbour's spec":      {kind: func() client.Object { return &v1alpha1.Microservice{} }, change: newGeneration},
		"a neighbour's pods":      {kind: func() client.Object { return &v1alpha1.Microservice{} }, change: newVersion, same: true},
		"a neighbour's readiness": {kind: func() client.Object { return &v1alpha1.Microservice{} }, change: func(o client.Object) {
			o.(*v1alpha1.Microservice).Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: metav1.ConditionTrue}}
		}},
		"one that goes away": {kind: func() client.Object { return &corev1.Secret{} }},
	} {
		t.Run(name, func(t *testing.T) {
			fingerprintOf := func(objects ...client.Object) string {
				seen := &fingerprint{}
				reader := recordingReader{fakeClient(t, objects...), seen}
				_ = reader.Get(ctx, types.NamespacedName{Namespace: "shop", Name: "orders"}, tc.kind())
				return seen.String()
			}
			before := fingerprintOf(object(tc.kind(), nil))
			var after string
			if tc.change != nil {
				after = fingerprintOf(object(tc.kind(), tc.change))
			} else {
				after = fingerprintOf()
			}
			if (before == after) != tc.same {
				t.Errorf("before %q, after %q: want the same: %t", before, after, tc.same)
			}
		})
	}
}

func fakeClient(t *testing.T, objects ...client.Object) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{corev1.AddToScheme, v1alpha1.AddToScheme} {
		if err := add(scheme); err != nil {
			t.Fatal(err)
		}
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects...).
		WithIndex(&v1alpha1.Microservice{}, indexReference, byReference).Build()
}
