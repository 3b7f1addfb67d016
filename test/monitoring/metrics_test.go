// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/kubernetes"
	kubernetesfake "k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/apply"
	operator "github.com/atoll-dev/atoll/internal/controller"
	"github.com/atoll-dev/atoll/internal/metrics"
)

// labelNames are the labels of a metric.
type labelNames map[string]bool

// gatherMetrics returns the labels of all metrics that Prometheus has of a manager.
func gatherMetrics(t *testing.T) map[string]labelNames {
	t.Helper()
	known := map[string]labelNames{"up": {"job": true}}
	for _, family := range families(t) {
		names := labelNames{"job": true}
		for _, label := range family.Metric[0].Label {
			names[label.GetName()] = true
		}
		known[family.GetName()] = names
		if family.GetType() == dto.MetricType_HISTOGRAM {
			known[family.GetName()+"_bucket"], known[family.GetName()+"_sum"], known[family.GetName()+"_count"] = names, names, names
			names["le"] = true
		}
	}
	return known
}

var useLibraries sync.Once

// families returns the metrics of a manager: those of Atoll, for a namespace with services in
// several states, and those of the libraries after they have done something.
func families(t *testing.T) []*dto.MetricFamily {
	t.Helper()
	useLibraries.Do(func() {
		reconcileOnce(t)
		request(t)
		lead(t)
	})
	own := prometheus.NewRegistry()
	activity := metrics.NewActivity("Deployment", "Service")
	activity.Record("Deployment", apply.Repaired)
	activity.Reconciled(metrics.Skipped)
	if err := metrics.Register(own, activity, &metrics.State{Cache: cache(t), Elected: elected()}); err != nil {
		t.Fatal(err)
	}
	found, err := prometheus.Gatherers{own, ctrlmetrics.Registry}.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func elected() <-chan struct{} {
	leads := make(chan struct{})
	close(leads)
	return leads
}

// cache returns a cache with a service that is ready, one that is not, and a Topology.
func cache(t *testing.T) client.Reader {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := v1alpha1.AddToScheme(scheme); err != nil {
		t.Fatal(err)
	}
	named := func(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Namespace: "shop", Name: name} }
	is := func(conditionType string, status metav1.ConditionStatus, reason string) metav1.Condition {
		return metav1.Condition{Type: conditionType, Status: status, Reason: reason, LastTransitionTime: metav1.Time{Time: time.Now().Add(-time.Hour)}}
	}
	database := &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL, Backup: &v1alpha1.DatabaseBackup{}}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(
		&v1alpha1.Microservice{ObjectMeta: named("users"), Spec: v1alpha1.MicroserviceSpec{Database: database}, Status: v1alpha1.MicroserviceStatus{
			Conditions: []metav1.Condition{is(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonReady), is(v1alpha1.ConditionDatabaseReady, metav1.ConditionTrue, v1alpha1.ReasonReady)},
			Database:   &v1alpha1.DatabaseStatus{Engine: v1alpha1.EnginePostgreSQL, Version: "17", LastBackup: &v1alpha1.BackupStatus{Time: metav1.Time{Time: time.Now().Add(-time.Hour)}, Size: 4096}},
		}},
		&v1alpha1.Microservice{ObjectMeta: named("orders"), Status: v1alpha1.MicroserviceStatus{
			Conditions: []metav1.Condition{is(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonImagePullFailed), is(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonImagePullFailed)},
		}},
		&v1alpha1.Topology{ObjectMeta: named("shop"), Status: v1alpha1.TopologyStatus{Conditions: []metav1.Condition{is(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNoGateway)}}},
	).Build()
}

// reconcileOnce runs the controllers of the operator by name, until each has reconciled.
func reconcileOnce(t *testing.T) {
	t.Helper()
	for _, name := range []string{"microservice", "topology"} {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		var tried int
		c, err := controller.NewUnmanaged(name, controller.Options{Reconciler: reconcile.Func(func(context.Context, reconcile.Request) (reconcile.Result, error) {
			if tried++; tried == 2 {
				close(done)
			}
			return reconcile.Result{}, errors.New("no API server")
		})})
		if err != nil {
			t.Fatal(err)
		}
		enqueue := source.Func(func(_ context.Context, queue workqueue.TypedRateLimitingInterface[reconcile.Request]) error {
			queue.Add(reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: "users"}})
			return nil
		})
		if err := c.Watch(enqueue); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- c.Start(ctx) }()
		<-done
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
}

// request sends a request as the manager's clients do.
func request(t *testing.T) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }))
	defer server.Close()
	clients, err := kubernetes.NewForConfig(&rest.Config{Host: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := clients.CoreV1().Secrets("shop").Get(context.Background(), "users-db", metav1.GetOptions{}); err == nil {
		t.Fatal("the request succeeded")
	}
}

// lead holds the lease of the manager for a moment.
func lead(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	clients := kubernetesfake.NewClientset()
	lock, err := resourcelock.New(resourcelock.LeasesResourceLock, "atoll-system", operator.LeaderElectionID, clients.CoreV1(), clients.CoordinationV1(), resourcelock.ResourceLockConfig{Identity: "pod"})
	if err != nil {
		t.Fatal(err)
	}
	elector, err := leaderelection.NewLeaderElector(leaderelection.LeaderElectionConfig{
		Lock: lock, Name: operator.LeaderElectionID, LeaseDuration: 15 * time.Second, RenewDeadline: 10 * time.Second, RetryPeriod: time.Second,
		Callbacks: leaderelection.LeaderCallbacks{OnStartedLeading: func(context.Context) { cancel() }, OnStoppedLeading: func() {}},
	})
	if err != nil {
		t.Fatal(err)
	}
	elector.Run(ctx)
}
