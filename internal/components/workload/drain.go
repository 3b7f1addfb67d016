// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// How long the preStop hook of a pod that ends delays SIGTERM.
const (
	// proxyDrainSeconds lets gateways and kube-proxies remove the endpoint before the pod
	// stops serving.
	proxyDrainSeconds = 5
	// clientDrainSeconds lets gRPC clients look up the pods that replace this one. They do
	// so at most every 30 seconds (https://pkg.go.dev/google.golang.org/grpc/resolver/dns,
	// MinResolutionInterval), and a name server's answer may be 5 seconds old.
	clientDrainSeconds = 35
)

// defaultEndSeconds is the time after the drain to finish the requests in flight.
const defaultEndSeconds = 40

// drainSeconds returns how long a pod that ends goes on serving. Clients of a service that
// is recreated lose it anyway.
func drainSeconds(ms *v1alpha1.Microservice) int64 {
	if len(graph.GRPCPorts(ms)) > 0 && !inputs.Recreates(ms) {
		return clientDrainSeconds
	}
	return proxyDrainSeconds
}

// gracePeriod returns the whole termination grace period: the drain, and then the time that
// the service has to end.
func gracePeriod(in *inputs.Inputs) int64 {
	return drainSeconds(in.Microservice) + ptr.Deref(in.GracePeriodSeconds(), defaultEndSeconds)
}

// drains reports whether a container has a preStop hook that only sleeps for a number of
// seconds.
func drains(c *corev1.Container, seconds int64) bool {
	return c.Lifecycle != nil && c.Lifecycle.PreStop != nil && c.Lifecycle.PreStop.Sleep != nil && c.Lifecycle.PreStop.Sleep.Seconds == seconds
}
