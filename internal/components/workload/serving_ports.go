// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// maxServingPorts is the maximum length of status.ports[].targetPorts.
const maxServingPorts = 16

// ServingPorts returns the ports on which the service's pods listen, by port of the spec.
// A Service targets a port by its name, and so pods of an earlier template too, which may
// listen on another port. That port counts until these pods are gone.
func ServingPorts(in *inputs.Inputs) []v1alpha1.PortStatus {
	ports := graph.Ports(in.Microservice)
	serving := make([]v1alpha1.PortStatus, len(ports))
	for i := range ports {
		serving[i] = v1alpha1.PortStatus{Name: ports[i].Name, TargetPorts: ServingPortsOf(in, &ports[i])}
	}
	return serving
}

// ServingPortsOf returns the ports on which pods listen for one port of the spec, sorted.
func ServingPortsOf(in *inputs.Inputs, port *v1alpha1.Port) []int32 {
	wanted, name := graph.TargetPort(port), graph.ContainerPortName(in.Microservice, port)
	var earlier []int32
	add := func(containers []corev1.Container) {
		for i := range containers {
			for _, p := range containers[i].Ports {
				if p.Name == name && p.ContainerPort != wanted {
					earlier = append(earlier, p.ContainerPort)
				}
			}
		}
	}
	if in.Deployment != nil {
		add(in.Deployment.Spec.Template.Spec.Containers)
	}
	for i := range in.Pods {
		if in.Pods[i].Labels[v1alpha1.LabelComponent] == v1alpha1.ComponentService {
			add(in.Pods[i].Spec.Containers)
		}
	}
	slices.Sort(earlier)
	earlier = slices.Compact(earlier)
	serving := slices.Concat([]int32{wanted}, earlier[:min(len(earlier), maxServingPorts-1)])
	slices.Sort(serving)
	return serving
}
