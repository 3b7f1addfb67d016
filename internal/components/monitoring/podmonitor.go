// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
	"github.com/atoll-dev/atoll/internal/kube"
	"github.com/atoll-dev/atoll/internal/names"
)

// PodMonitorKind is the kind by which the Prometheus operator finds pods to scrape
// (https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.PodMonitor).
// Atoll knows it by its fields only, and so depends on no version of its Go types.
var PodMonitorKind = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"}

const (
	// metricsPort is the name of the port that serves metrics, where a service has one
	// of that name.
	metricsPort = "metrics"
	metricsPath = "/metrics"
)

// PodMonitorCRD is the name of the definition of PodMonitors.
const PodMonitorCRD = "podmonitors.monitoring.coreos.com"

// PodMonitors returns the PodMonitor of a member whose Topology sets monitoring.
func PodMonitors(in *inputs.Inputs) ([]kube.Object, error) {
	ms := in.Microservice
	port := scrapedPort(ms)
	if settings(in) == nil || port == "" {
		return nil, nil
	}
	matchLabels := map[string]any{}
	for label, value := range names.PodSelector(ms) {
		matchLabels[label] = value
	}
	monitor := &unstructured.Unstructured{Object: map[string]any{"spec": map[string]any{
		"selector":            map[string]any{"matchLabels": matchLabels},
		"podMetricsEndpoints": []any{map[string]any{"port": port, "path": metricsPath}},
	}}}
	monitor.SetGroupVersionKind(PodMonitorKind)
	monitor.SetNamespace(ms.Namespace)
	monitor.SetName(ms.Name)
	monitor.SetLabels(labels(in))
	return kube.One(monitor)
}

// scrapedPort returns the container port that serves metrics: the one named metrics,
// or else the first that speaks HTTP; empty where there is neither.
func scrapedPort(ms *v1alpha1.Microservice) string {
	ports := graph.Ports(ms)
	at := slices.IndexFunc(ports, func(p v1alpha1.Port) bool { return p.Name == metricsPort })
	if at < 0 {
		at = slices.IndexFunc(ports, func(p v1alpha1.Port) bool { return p.Protocol == v1alpha1.ProtocolHTTP || p.Protocol == "" })
	}
	if at < 0 {
		return ""
	}
	return graph.ContainerPortName(ms, &ports[at])
}
