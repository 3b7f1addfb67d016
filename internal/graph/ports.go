// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// defaultPorts are the ports of a Server without spec.ports.
var defaultPorts = []v1alpha1.Port{{Name: "http", Port: 8080, Protocol: v1alpha1.ProtocolHTTP}}

// Ports returns the ports of a service, with the default applied. Callers must not
// change the result.
func Ports(ms *v1alpha1.Microservice) []v1alpha1.Port {
	switch {
	case ms.Spec.Type == v1alpha1.WorkloadWorker:
		return nil
	case len(ms.Spec.Ports) == 0:
		return defaultPorts
	}
	return ms.Spec.Ports
}

// GRPCPorts returns the ports of a service that serve gRPC.
func GRPCPorts(ms *v1alpha1.Microservice) []v1alpha1.Port {
	var grpc []v1alpha1.Port
	for _, port := range Ports(ms) {
		if port.Protocol == v1alpha1.ProtocolGRPC {
			grpc = append(grpc, port)
		}
	}
	return grpc
}

// FindPort returns the port of a name. An empty name means the first port. It returns
// nil if there is none.
func FindPort(ms *v1alpha1.Microservice, name string) *v1alpha1.Port {
	ports := Ports(ms)
	for i := range ports {
		if name == "" || ports[i].Name == name {
			return &ports[i]
		}
	}
	return nil
}

// TargetPort returns the port number that the container listens on.
func TargetPort(port *v1alpha1.Port) int32 {
	if port.TargetPort != 0 {
		return port.TargetPort
	}
	return port.Port
}

// ContainerPortName returns the name of the container port for a port: the name of the
// first port with the same target port.
func ContainerPortName(ms *v1alpha1.Microservice, port *v1alpha1.Port) string {
	ports := Ports(ms)
	for i := range ports {
		if TargetPort(&ports[i]) == TargetPort(port) {
			return ports[i].Name
		}
	}
	return port.Name
}

// ServingPorts returns the container ports that serve one of a service's ports: the
// port of the spec, and the ports of earlier pod templates that the status lists. The
// result is sorted.
func ServingPorts(ms *v1alpha1.Microservice, port *v1alpha1.Port) []int32 {
	ports := []int32{TargetPort(port)}
	for i := range ms.Status.Ports {
		if ms.Status.Ports[i].Name == port.Name {
			ports = append(ports, ms.Status.Ports[i].TargetPorts...)
		}
	}
	slices.Sort(ports)
	return slices.Compact(ports)
}
