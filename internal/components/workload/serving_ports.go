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

package workload

import (
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// maxServingPorts is how many status.ports[].targetPorts may hold.
const maxServingPorts = 16

// ServingPorts are where the service's pods listen, a row for each port of the spec.
// A Service leads to a port by its name, and so to pods of an earlier template too,
// which may listen elsewhere: until these are gone, or while a rollout is held back,
// that stays open.
func ServingPorts(in *inputs.Inputs) []v1alpha1.PortStatus {
	ports := graph.Ports(in.Microservice)
	serving := make([]v1alpha1.PortStatus, len(ports))
	for i := range ports {
		serving[i] = v1alpha1.PortStatus{Name: ports[i].Name, TargetPorts: ServingPortsOf(in, &ports[i])}
	}
	return serving
}

// ServingPortsOf are those of one port, sorted.
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
