// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package workload

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/inputs"
)

// addEarlierNumbers adds a port to a Service for each number that the spec no longer has and
// that clients may still use: pods of callers, and gateways that have not read a changed
// route.
func addEarlierNumbers(in *inputs.Inputs, s *corev1.Service) {
	for _, earlier := range earlierNumbers(in) {
		if slices.ContainsFunc(s.Spec.Ports, func(p corev1.ServicePort) bool { return p.Port == earlier.Number }) {
			continue
		}
		port, target := portOfNumber(in, earlier)
		if port == nil && target == nil {
			continue
		}
		kept := corev1.ServicePort{Name: earlierNumberName(earlier.Number), Port: earlier.Number, Protocol: corev1.ProtocolTCP}
		if port != nil {
			kept.TargetPort, kept.AppProtocol = targetOf(in, port), appProtocol(port.Protocol)
		} else {
			kept.TargetPort = *target
		}
		s.Spec.Ports = append(s.Spec.Ports, kept)
	}
}

// earlierNumberName is the name of the Service's port for an earlier number. It is too long
// for the name of a port in the spec.
func earlierNumberName(number int32) string { return fmt.Sprintf("earlier-number-%d", number) }

func earlierNumbers(in *inputs.Inputs) []v1alpha1.PortNumber {
	numbers := slices.Clone(in.CalledNumbers)
	if in.Service != nil && in.RoutesBehind {
		for i := range in.Service.Spec.Ports {
			numbers = append(numbers, v1alpha1.PortNumber{Port: in.Service.Spec.Ports[i].Name, Number: in.Service.Spec.Ports[i].Port})
		}
	}
	return numbers
}

// portOfNumber returns the port of the spec to which an earlier number leads now. It has the
// name of the earlier port, or else leads to the same container port. If the spec has neither,
// portOfNumber returns the earlier target instead while pods serve it. Both are nil if nothing
// serves the number.
func portOfNumber(in *inputs.Inputs, earlier v1alpha1.PortNumber) (*v1alpha1.Port, *intstr.IntOrString) {
	if port := graph.FindPort(in.Microservice, earlier.Port); port != nil {
		return port, nil
	}
	target := targetOfNumber(in.Service, earlier.Number)
	if target == nil {
		return nil, nil
	}
	ports, served := graph.Ports(in.Microservice), false
	for _, pod := range serving(in) {
		number := pod.port(*target)
		if at := slices.IndexFunc(ports, func(p v1alpha1.Port) bool { return graph.TargetPort(&p) == number }); at >= 0 {
			return &ports[at], nil
		}
		served = served || number != 0
	}
	if !served {
		return nil, nil
	}
	return nil, target
}

// targetOfNumber returns the target of the live Service's port with a number; nil if there
// is none.
func targetOfNumber(live *corev1.Service, number int32) *intstr.IntOrString {
	if live == nil {
		return nil
	}
	for i := range live.Spec.Ports {
		if live.Spec.Ports[i].Port == number {
			return &live.Spec.Ports[i].TargetPort
		}
	}
	return nil
}
