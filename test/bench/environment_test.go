// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package bench measures the operator against a real API server. Run it with make bench;
// docs/performance.md explains the results.
package bench

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	logf "sigs.k8s.io/controller-runtime/pkg/log"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/controller"
)

// workers is the parallelism of the operator and of the programs that it is compared with.
const workers = 8

// environment is an API server with the operator running on it.
type environment struct {
	server   *rest.Config
	client   client.Client
	manager  ctrl.Manager
	foreign  cache.Cache
	optional *controller.OptionalKinds
}

// startEnvironment starts an API server and the operator until the benchmark ends.
func startEnvironment(b *testing.B) *environment {
	b.Helper()
	logf.SetLogger(logr.Discard())
	scheme := runtime.NewScheme()
	for _, add := range []func(*runtime.Scheme) error{clientgoscheme.AddToScheme, v1alpha1.AddToScheme, gatewayv1.Install} {
		must(b, add(scheme))
	}
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/gateway-api").Output()
	must(b, err)
	server := &envtest.Environment{CRDDirectoryPaths: []string{
		filepath.Join("..", "..", "config", "crd", "bases"),
		filepath.Join(strings.TrimSpace(string(dir)), "config", "crd", "standard"),
	}}
	// The default range has only 254 addresses for Services.
	server.ControlPlane.GetAPIServer().Configure().Set("service-cluster-ip-range", "10.0.0.0/16")
	e := &environment{}
	e.server, err = server.Start()
	must(b, err)
	b.Cleanup(func() { _ = server.Stop() })
	e.server.QPS, e.server.Burst = 5000, 5000
	e.client, err = client.New(e.server, client.Options{Scheme: scheme})
	must(b, err)

	e.manager, err = ctrl.NewManager(e.server, ctrl.Options{
		Scheme:     scheme,
		Cache:      controller.CacheOptions(),
		Client:     controller.ClientOptions(),
		Metrics:    metricsserver.Options{BindAddress: "0"},
		Controller: config.Controller{SkipNameValidation: new(true)},
	})
	must(b, err)
	e.foreign, err = controller.NewForeignCache(e.manager)
	must(b, err)
	e.optional = controller.NewOptionalKinds(e.manager, e.foreign, nil)
	must(b, e.newReconciler().SetupWithManager(e.manager, e.foreign, workers))
	must(b, e.optional.SetupWithManager(e.manager))
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- e.manager.Start(ctx) }()
	b.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			b.Error(err)
		}
	})
	if !e.manager.GetCache().WaitForCacheSync(ctx) {
		b.Fatal("the caches did not sync")
	}
	return e
}

// newReconciler returns a reconciler with an empty memory.
func (e *environment) newReconciler() *controller.MicroserviceReconciler {
	return controller.NewMicroserviceReconciler(e.manager, e.foreign, e.optional)
}

// createServices creates a Topology and n members with a database, a route and a
// dependency each.
func (e *environment) createServices(ctx context.Context, b *testing.B, namespace string, n int) {
	b.Helper()
	must(b, e.client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}))
	must(b, e.client.Create(ctx, &v1alpha1.Topology{
		ObjectMeta: metav1.ObjectMeta{Name: "shop", Namespace: namespace},
		Spec: v1alpha1.TopologySpec{Gateway: &v1alpha1.TopologyGateway{
			ClassName: "any", Hostnames: []v1alpha1.Hostname{"shop.example.com"},
		}},
	}))
	runParallel(n, func(i int) error {
		ms := &v1alpha1.Microservice{
			ObjectMeta: metav1.ObjectMeta{Name: serviceName(i), Namespace: namespace},
			Spec: v1alpha1.MicroserviceSpec{
				TopologyRef: &v1alpha1.TopologyReference{Name: "shop"},
				Image:       "example.com/service:1",
				Database:    &v1alpha1.Database{Engine: v1alpha1.EnginePostgreSQL},
				Routes:      []v1alpha1.Route{{Path: "/" + serviceName(i)}},
				Env:         []corev1.EnvVar{{Name: "LOG_LEVEL", Value: "info"}},
				Probes:      &v1alpha1.Probes{Path: "/healthz"},
			},
		}
		if i > 0 {
			ms.Spec.Dependencies = []v1alpha1.Dependency{{Name: serviceName(i - 1)}}
		}
		return e.client.Create(ctx, ms)
	}, b)
}

func serviceName(i int) string { return fmt.Sprintf("service-%04d", i) }

// runParallel calls f for 0 to n-1 with the given number of workers.
func runParallel(n int, f func(i int) error, b *testing.B) {
	b.Helper()
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				if err := f(i); err != nil {
					b.Error(err)
				}
			}
		})
	}
	for i := range n {
		next <- i
	}
	close(next)
	wg.Wait()
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
