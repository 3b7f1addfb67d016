// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"context"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/wait"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/controller"
)

// BenchmarkUnchangedReconcile measures a reconcile without changes. The cache has 1,000
// Microservices, each with a database, a route, a dependency and 11 children.
func BenchmarkUnchangedReconcile(b *testing.B) {
	const services = 1000
	ctx := context.Background()
	e := startEnvironment(b)
	e.createServices(ctx, b, "bench", services)
	waitUntilStable(ctx, b, e, services)
	reconcile := func(b *testing.B, r *controller.MicroserviceReconciler, i int) {
		b.Helper()
		request := ctrl.Request{NamespacedName: types.NamespacedName{Namespace: "bench", Name: serviceName(i % services)}}
		if _, err := r.Reconcile(ctx, request); err != nil {
			b.Fatal(err)
		}
	}

	// The cost of an event without changes in a running operator.
	b.Run("remembered", func(b *testing.B) {
		r := e.newReconciler()
		for i := range services {
			reconcile(b, r, i)
		}
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			reconcile(b, r, i)
		}
	})
	// The cost of building and comparing everything, as after a restart.
	b.Run("first", func(b *testing.B) {
		b.ReportAllocs()
		var r *controller.MicroserviceReconciler
		for i := 0; b.Loop(); i++ {
			if i%services == 0 {
				r = e.newReconciler()
			}
			reconcile(b, r, i)
		}
	})
}

// waitUntilStable waits until every Microservice is observed and none changes for five
// seconds.
func waitUntilStable(ctx context.Context, b *testing.B, e *environment, n int) {
	b.Helper()
	last, since := "", time.Now()
	err := wait.PollUntilContextTimeout(ctx, 500*time.Millisecond, 10*time.Minute, true, func(ctx context.Context) (bool, error) {
		list := &v1alpha1.MicroserviceList{}
		if err := e.client.List(ctx, list, client.InNamespace("bench")); err != nil {
			return false, err
		}
		observed := 0
		for i := range list.Items {
			if list.Items[i].Status.ObservedGeneration == list.Items[i].Generation && list.Items[i].Status.Database != nil {
				observed++
			}
		}
		if list.ResourceVersion != last || observed < n {
			last, since = list.ResourceVersion, time.Now()
		}
		return time.Since(since) > 5*time.Second, nil
	})
	if err != nil {
		b.Fatalf("waiting for the Microservices to stop changing: %v", err)
	}
}
