// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Command manager runs Atoll's controllers.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/trace"
	"k8s.io/apimachinery/pkg/runtime"
	utilruntime "k8s.io/apimachinery/pkg/util/runtime"
	"k8s.io/apimachinery/pkg/util/validation"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/components/database"
	"github.com/atoll-dev/atoll/internal/controller"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/nameserver"
	"github.com/atoll-dev/atoll/internal/tracing"
)

// options are the values of the command-line flags.
type options struct {
	metricsAddress         string
	metricsSecure          bool
	metricsCerts           string
	probeAddress           string
	leaderElection         bool
	workers                int
	rcloneImage            string
	cloudNativePGNamespace string
	nameServers            string
	publicPorts            string
	qps                    float64
	namespaces             string
}

func main() {
	var o options
	flag.StringVar(&o.metricsAddress, "metrics-bind-address", "0", "The address of the metrics endpoint, such as :8443. 0 disables it.")
	flag.BoolVar(&o.metricsSecure, "metrics-secure", true, "Serve metrics over HTTPS, to clients that the API server authenticates and authorizes.")
	flag.StringVar(&o.metricsCerts, "metrics-cert-path", "", "The directory with the metrics endpoint's tls.crt and tls.key. Unset means a self-signed certificate.")
	flag.StringVar(&o.probeAddress, "health-probe-bind-address", ":8081", "The address of /healthz and /readyz.")
	flag.BoolVar(&o.leaderElection, "leader-elect", false, "Elect a leader, so that only one of several managers is active.")
	flag.IntVar(&o.workers, "workers", 8, "The number of Microservices to reconcile concurrently.")
	flag.StringVar(&o.rcloneImage, "rclone-image", database.RcloneImage, "The image, with rclone and sh, that copies databases' backups to and from buckets.")
	flag.StringVar(&o.cloudNativePGNamespace, "cloudnative-pg-namespace", database.CloudNativePGNamespace, "The namespace of CloudNativePG's operator. Network policies permit it to reach its databases.")
	flag.StringVar(&o.nameServers, "name-servers", "", "The addresses of the cluster's name servers, separated by commas, at most 16. Network policies permit them. Unset means those in /etc/resolv.conf, if the manager runs in a cluster.")
	flag.StringVar(&o.publicPorts, "public-ports", "", "The ports at which clients outside the cluster reach the ports of Gateways, as pairs separated by commas, such as 80=8080,443=8443. URLs in the status have them. Unset means the same ports.")
	flag.Float64Var(&o.qps, "kube-api-qps", 100, "The maximum number of requests per second to the API server. Bursts may be twice as large.")
	flag.StringVar(&o.namespaces, "namespaces", "", "The namespaces that the manager works in, separated by commas. Empty means all. See docs/security.md.")
	logging := zap.Options{}
	logging.BindFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging)))

	if err := run(o); err != nil {
		ctrl.Log.Error(err, "Manager failed")
		os.Exit(1)
	}
}

func run(o options) error {
	scheme := runtime.NewScheme()
	utilruntime.Must(clientgoscheme.AddToScheme(scheme))
	utilruntime.Must(v1alpha1.AddToScheme(scheme))
	utilruntime.Must(gatewayv1.Install(scheme))

	config, err := ctrl.GetConfig()
	if err != nil {
		return fmt.Errorf("reading the kubeconfig: %w", err)
	}
	config.QPS, config.Burst = float32(o.qps), int(2*o.qps)
	namespaces, err := parseNamespaces(o.namespaces)
	if err != nil {
		return err
	}
	mgr, err := ctrl.NewManager(config, ctrl.Options{
		Scheme:                 scheme,
		Cache:                  controller.CacheOptions(namespaces...),
		Client:                 controller.ClientOptions(),
		Metrics:                metricsOptions(o),
		HealthProbeBindAddress: o.probeAddress,
		LeaderElection:         o.leaderElection,
		LeaderElectionID:       controller.LeaderElectionID,
		// After the manager stops, the process only exports traces. So the next leader does
		// not have to wait until the lease expires.
		LeaderElectionReleaseOnCancel: true,
		GracefulShutdownTimeout:       ptr.To(20 * time.Second),
	})
	if err != nil {
		return fmt.Errorf("creating the manager: %w", err)
	}
	servers, err := nameServers(o.nameServers)
	if err != nil {
		return err
	}
	ports, err := inputs.ParsePublicPorts(o.publicPorts)
	if err != nil {
		return fmt.Errorf("reading --public-ports: %w", err)
	}
	traces, exportLastTraces, err := traces()
	if err != nil {
		return err
	}
	if err := setup(mgr, controller.Settings{Workers: o.workers, RcloneImage: o.rcloneImage, CloudNativePGNamespace: o.cloudNativePGNamespace, NameServers: servers, PublicPorts: ports, Namespaces: namespaces,
		Metrics: ctrlmetrics.Registry, Traces: traces}); err != nil {
		return err
	}
	defer exportLastTraces()
	return mgr.Start(ctrl.SetupSignalHandler())
}

// traces returns what makes spans of reconciles; nil if the environment names no endpoint for
// them. exportLast exports those that are left, and does not fail the manager if it can't.
func traces() (provider trace.TracerProvider, exportLast func(), err error) {
	exporting, err := tracing.NewProvider(context.Background(), os.Getenv)
	if err != nil || exporting == nil {
		return nil, func() {}, err
	}
	log := ctrl.Log.WithName("traces")
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Error(err, "Export failed") }))
	log.Info("Exporting traces")
	return exporting, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		if err := exporting.Shutdown(ctx); err != nil {
			log.Error(err, "Export of the last traces failed")
		}
	}, nil
}

// nameServers returns the name servers of a flag, or else those that pods of the cluster use.
func nameServers(flag string) ([]string, error) {
	if flag != "" {
		servers, err := nameserver.ParseList(flag)
		if err != nil {
			return nil, fmt.Errorf("reading --name-servers: %w", err)
		}
		return servers, nil
	}
	// The kubelet sets the variable in each container.
	if os.Getenv("KUBERNETES_SERVICE_HOST") == "" {
		return nil, nil
	}
	file, err := os.Open("/etc/resolv.conf")
	if err != nil {
		return nil, fmt.Errorf("finding the cluster's name servers: %w", err)
	}
	servers, err := nameserver.FromResolvConf(file)
	return servers, errors.Join(err, file.Close())
}

func setup(mgr ctrl.Manager, settings controller.Settings) error {
	foreign, err := controller.NewForeignCache(mgr, settings.Namespaces...)
	if err != nil {
		return fmt.Errorf("creating the cache of foreign objects: %w", err)
	}
	if err := controller.Setup(mgr, foreign, settings); err != nil {
		return err
	}
	if err := mgr.AddHealthzCheck("ping", healthz.Ping); err != nil {
		return err
	}
	return mgr.AddReadyzCheck("ping", healthz.Ping)
}

// parseNamespaces returns the namespaces of a list that is separated by commas.
func parseNamespaces(list string) ([]string, error) {
	if list == "" {
		return nil, nil
	}
	namespaces := strings.Split(list, ",")
	for _, namespace := range namespaces {
		if wrong := validation.IsDNS1123Label(namespace); len(wrong) > 0 {
			return nil, fmt.Errorf("--namespaces: %q: %s", namespace, strings.Join(wrong, ", "))
		}
	}
	return namespaces, nil
}

func metricsOptions(o options) metricsserver.Options {
	m := metricsserver.Options{
		BindAddress:   o.metricsAddress,
		SecureServing: o.metricsSecure,
		CertDir:       o.metricsCerts,
		// HTTP/2 is disabled because of its rapid resets (CVE-2023-44487, CVE-2023-39325).
		TLSOpts: []func(*tls.Config){func(c *tls.Config) { c.NextProtos = []string{"http/1.1"} }},
	}
	if o.metricsSecure {
		m.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	return m
}
