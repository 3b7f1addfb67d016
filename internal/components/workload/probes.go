// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
)

// probes returns the user's probes, or else HTTP probes of probes.path, or else a TCP
// readiness probe of the first port.
func probes(ms *v1alpha1.Microservice) (readiness, liveness, startup *corev1.Probe) {
	ports := graph.Ports(ms)
	own := ms.Spec.Probes
	if own != nil && own.Path != "" {
		readiness = httpProbe(own.Path, ports[0].Name, 5, 3)
		// Under load the readiness probe removes a slow pod from the endpoints well before
		// the liveness probe restarts it.
		liveness = httpProbe(own.Path, ports[0].Name, 10, 6)
		startup = httpProbe(own.Path, ports[0].Name, 2, 150)
	} else if len(ports) > 0 {
		readiness = &corev1.Probe{
			ProbeHandler:  corev1.ProbeHandler{TCPSocket: &corev1.TCPSocketAction{Port: intstr.FromString(ports[0].Name)}},
			PeriodSeconds: 5,
		}
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
