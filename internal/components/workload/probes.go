// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

const (
	startupPeriodSeconds  = 2
	defaultStartupSeconds = 300
)

// probes returns the user's probes, or else HTTP probes of probes.path, or else a readiness
// probe of the first port.
func probes(ms *v1alpha1.Microservice) (readiness, liveness, startup *corev1.Probe) {
	ports := graph.Ports(ms)
	own := ms.Spec.Probes
	if own != nil && own.Path != "" {
		readiness = httpProbe(own.Path, ports[0].Name, 5, 3)
		// Under load the readiness probe removes a slow pod from the endpoints well before
		// the liveness probe restarts it.
		liveness = httpProbe(own.Path, ports[0].Name, 10, 6)
		startup = httpProbe(own.Path, ports[0].Name, startupPeriodSeconds, (ptr.Deref(own.StartupSeconds, defaultStartupSeconds)+startupPeriodSeconds-1)/startupPeriodSeconds)
	} else if len(ports) > 0 {
		readiness = &corev1.Probe{ProbeHandler: portHandler(&ports[0]), PeriodSeconds: 5}
	}
	if own == nil {
		return readiness, liveness, startup
	}
	if own.Readiness != nil {
		readiness = own.Readiness
	}
	if own.Liveness != nil {
		liveness = own.Liveness
	}
	if own.Startup != nil {
		startup = own.Startup
	}
	return readiness, liveness, startup
}

// portHandler probes a port without a path: by the health service of gRPC
// (https://github.com/grpc/grpc/blob/master/doc/health-checking.md), or by a connection.
func portHandler(port *v1alpha1.Port) corev1.ProbeHandler {
	if port.Protocol == v1alpha1.ProtocolGRPC {
		return corev1.ProbeHandler{GRPC: &corev1.GRPCAction{Port: graph.TargetPort(port)}}
	}
	return corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString(port.Name)}}
}

func httpProbe(path, port string, periodSeconds, failureThreshold int32) *corev1.Probe {
	return &corev1.Probe{
		ProbeHandler:     corev1.ProbeHandler{HTTPGet: &corev1.HTTPGetAction{Path: path, Port: intstr.FromString(port)}},
		PeriodSeconds:    periodSeconds,
		TimeoutSeconds:   3,
		FailureThreshold: failureThreshold,
	}
}

func containerPorts(ms *v1alpha1.Microservice) []corev1.ContainerPort {
	ports := graph.Ports(ms)
	if len(ports) == 0 {
		return nil
	}
	container := make([]corev1.ContainerPort, 0, len(ports))
	for i := range ports {
		// Several ports of the Service may target one port of the container.
		if name := graph.ContainerPortName(ms, &ports[i]); name == ports[i].Name {
			container = append(container, corev1.ContainerPort{Name: name, ContainerPort: graph.TargetPort(&ports[i]), Protocol: corev1.ProtocolTCP})
		}
	}
	return container
}
