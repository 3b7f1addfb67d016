/*
Copyright 2026 The Atoll Authors.

Licensed under the Apache License, Version 2.0 (the "License");
you may not use this file except in compliance with the License.
You may obtain a copy of the License at

    http://www.apache.org/licenses/LICENSE-2.0

Unless required by applicable law or agreed to in writing, software
distributed under the License is distributed on an "AS IS" BASIS,
WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
See the License for the specific language governing permissions and
limitations under the License.
*/

package graph

import (
	"slices"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// defaultPorts is what a Server listens on when it names no ports.
var defaultPorts = []v1alpha1.Port{{Name: "http", Port: 8080, Protocol: v1alpha1.ProtocolHTTP}}

// Ports is what a service listens on, with the default in place. The result
// must not be changed.
func Ports(ms *v1alpha1.Microservice) []v1alpha1.Port {
	switch {
	case ms.Spec.Type == v1alpha1.WorkloadWorker:
		return nil
	case len(ms.Spec.Ports) == 0:
		return defaultPorts
	}
	return ms.Spec.Ports
}

// FindPort finds the port of a name, or the first one when the name is empty.
// It returns nil when there is none.
func FindPort(ms *v1alpha1.Microservice, name string) *v1alpha1.Port {
	ports := Ports(ms)
	for i := range ports {
		if name == "" || ports[i].Name == name {
			return &ports[i]
		}
	}
	return nil
}

// TargetPort is the port that the container listens on.
func TargetPort(port *v1alpha1.Port) int32 {
	if port.TargetPort != 0 {
		return port.TargetPort
	}
	return port.Port
}

// ContainerPort is the name of the container's port that a port leads to: its own, or
// that of the first port which leads to the same number.
func ContainerPortName(ms *v1alpha1.Microservice, port *v1alpha1.Port) string {
	ports := Ports(ms)
	for i := range ports {
		if TargetPort(&ports[i]) == TargetPort(port) {
			return ports[i].Name
		}
	}
	return port.Name
}

// ServingPorts are the ports that the containers of a service listen on for one of
// its ports: what the spec says and, as its status tells, where pods of an earlier
// template still do. They are sorted.
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
