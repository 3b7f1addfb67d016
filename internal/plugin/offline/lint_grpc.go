// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"cmp"
	"fmt"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
)

// CodeUnbalanced says that the calls of a gRPC client all go to one pod.
const CodeUnbalanced = "Unbalanced"

// grpcName is the usual name of a port that serves gRPC.
const grpcName = "grpc"

// grpcPorts finds ports that serve gRPC by their name and have another protocol: callers get
// an address that leads all calls of a connection to one pod.
func (l *linter) grpcPorts(ms *v1alpha1.Microservice) {
	port := graph.FindPort(ms, grpcName)
	if port == nil || port.Protocol == v1alpha1.ProtocolGRPC || !l.severalPods(ms) {
		return
	}
	l.find("Microservice", ms.Namespace, ms.Name, SeverityWarning, CodeUnbalanced, "spec.ports[grpc].protocol", condition.Message{
		Cause:  fmt.Sprintf("is %s, so callers of the port get no address that balances their calls over the pods", cmp.Or(port.Protocol, v1alpha1.ProtocolHTTP)),
		Remedy: "set protocol: GRPC, or give the port another name if it does not serve gRPC"}.String())
}

// unbalanced reports whether an address leads all calls of a gRPC client to one of several
// pods: that of the Service.
func (p *podLint) unbalanced(callee *v1alpha1.Microservice, port *v1alpha1.Port, at *graph.ConfiguredAddress) bool {
	return port.Protocol == v1alpha1.ProtocolGRPC && at.Name == callee.Name && p.severalPods(callee)
}

// severalPods reports whether a service may have more than one pod.
func (l *linter) severalPods(ms *v1alpha1.Microservice) bool {
	in := l.world.inputsOf(ms)
	return !in.Suspended() && in.MaxReplicas() > 1
}
