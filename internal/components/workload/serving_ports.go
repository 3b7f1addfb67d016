// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"

	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// maxServingPorts is the maximum length of status.ports[].targetPorts.
const maxServingPorts = 16

// ServingPorts returns the ports on which the service's pods listen, by port of the spec.
// Pods of an earlier template may listen on another one, which counts until they are gone.
func ServingPorts(in *inputs.Inputs) []v1alpha1.PortStatus {
	ports := graph.Ports(in.Microservice)
	serving := make([]v1alpha1.PortStatus, len(ports))
	for i := range ports {
		serving[i] = v1alpha1.PortStatus{Name: ports[i].Name, TargetPorts: ServingPortsOf(in, &ports[i])}
	}
	return serving
}

// ServingPortsOf returns the ports on which pods listen for one port of the spec, sorted:
// the port of the spec, and those that the Service's target and the port's name lead to in
// the live pods.
func ServingPortsOf(in *inputs.Inputs, port *v1alpha1.Port) []int32 {
	wanted := graph.TargetPort(port)
	var earlier []int32
	targets := [...]intstr.IntOrString{intstr.FromString(graph.ContainerPortName(in.Microservice, port)), targetOf(in, port)}
	for _, pod := range serving(in) {
		for _, target := range targets {
			if number := pod.port(target); number != 0 && number != wanted {
				earlier = append(earlier, number)
			}
		}
	}
	slices.Sort(earlier)
	earlier = slices.Compact(earlier)
	serving := slices.Concat([]int32{wanted}, earlier[:min(len(earlier), maxServingPorts-1)])
	slices.Sort(serving)
	return serving
}
