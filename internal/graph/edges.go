// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

// Package graph knows which service calls which: it resolves declared
// dependencies to ports of existing services, and finds cycles among them. It
// is pure: what it looks at is passed in.
package graph

import (
	"cmp"
	"fmt"
	"net"
	"slices"
	"strconv"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/names"
)

// Edge is a declared dependency and the service and ports that it resolves to.
type Edge struct {
	// Caller is the service that declares the dependency.
	Caller *v1alpha1.Microservice
	// Dependency is the caller's declaration.
	Dependency *v1alpha1.Dependency
	// Callee is the called service. Nil means that it does not exist.
	Callee *v1alpha1.Microservice
	// Port is the called port. Nil means that the callee, or the port, does not exist.
	Port *v1alpha1.Port
	// More are those of its further ports that are there, and Missing is the name of
	// one that is not, if any.
	MorePorts   []*v1alpha1.Port
	MissingPort string
	// Permitted means that the caller may declare the callee as a dependency.
	Permitted bool
}

// Resolve returns an edge for each dependency of caller.
func Resolve(caller *v1alpha1.Microservice, services Services) []Edge {
	if len(caller.Spec.Dependencies) == 0 {
		return nil
	}
	edges := make([]Edge, len(caller.Spec.Dependencies))
	for i := range caller.Spec.Dependencies {
		edges[i] = resolve(caller, &caller.Spec.Dependencies[i], services)
	}
	return edges
}

// ResolveEarlier returns the edges of calls that the caller's status has beyond the spec:
// those that pods of an earlier template may still make. edges are those of the spec.
func ResolveEarlier(caller *v1alpha1.Microservice, edges []Edge, services Services) []Edge {
	if caller.Status.Calls == nil {
		return nil
	}
	var earlier []Edge
	for i := range caller.Status.Calls.Dependencies {
		call := &caller.Status.Calls.Dependencies[i]
		ports := portsBeyond(call, edges)
		if len(ports) > 0 {
			dependency := &v1alpha1.Dependency{Namespace: call.Namespace, Name: call.Name, Port: ports[0], MorePorts: ports[1:]}
			earlier = append(earlier, resolve(caller, dependency, services))
		}
	}
	return earlier
}

// portsBeyond returns the ports of a call that no edge leads to.
func portsBeyond(call *v1alpha1.DependencyCall, edges []Edge) []string {
	var beyond []string
	for _, port := range call.Ports {
		if !slices.ContainsFunc(edges, func(e Edge) bool {
			return e.Dependency.Namespace == call.Namespace && e.Dependency.Name == call.Name && e.calls(port)
		}) {
			beyond = append(beyond, port)
		}
	}
	return beyond
}

// calls reports whether the caller may call the callee's port of a name.
func (e *Edge) calls(port string) bool {
	return e.Permitted && e.Port != nil && (e.Port.Name == port ||
		slices.ContainsFunc(e.MorePorts, func(p *v1alpha1.Port) bool { return p.Name == port }))
}

func resolve(caller *v1alpha1.Microservice, dependency *v1alpha1.Dependency, services Services) Edge {
	e := Edge{Caller: caller, Dependency: dependency, Callee: services.Find(NamespaceOf(caller, dependency), dependency.Name)}
	if e.Callee != nil {
		e.Port = FindPort(e.Callee, dependency.Port)
		e.findMorePorts()
		e.Permitted = !e.callsItself() && services.permits(e.Callee, caller)
	}
	return e
}

func (e *Edge) findMorePorts() {
	for _, name := range e.Dependency.MorePorts {
		switch port := FindPort(e.Callee, name); {
		case port != nil:
			e.MorePorts = append(e.MorePorts, port)
		case e.MissingPort == "":
			e.MissingPort = name
		}
	}
}

// CalleesOf returns the services that a caller's spec and status say it calls, each once.
func CalleesOf(caller *v1alpha1.Microservice) []types.NamespacedName {
	var callees []types.NamespacedName
	add := func(namespace, name string) {
		callee := types.NamespacedName{Namespace: cmp.Or(namespace, caller.Namespace), Name: name}
		if !slices.Contains(callees, callee) {
			callees = append(callees, callee)
		}
	}
	for i := range caller.Spec.Dependencies {
		add(caller.Spec.Dependencies[i].Namespace, caller.Spec.Dependencies[i].Name)
	}
	if calls := caller.Status.Calls; calls != nil {
		for i := range calls.Dependencies {
			add(calls.Dependencies[i].Namespace, calls.Dependencies[i].Name)
		}
	}
	return callees
}

// NamespaceOf returns the namespace of the callee of a dependency.
func NamespaceOf(caller *v1alpha1.Microservice, dependency *v1alpha1.Dependency) string {
	if dependency.Namespace != "" {
		return dependency.Namespace
	}
	return caller.Namespace
}

// callsItself reports whether the callee is the caller. The CRD's validation rule
// cannot detect this if the dependency has a namespace.
func (e *Edge) callsItself() bool {
	return e.Dependency.Name == e.Caller.Name && e.Namespace() == e.Caller.Namespace
}

// Namespace returns the callee's namespace.
func (e *Edge) Namespace() string { return NamespaceOf(e.Caller, e.Dependency) }

// Optional reports whether the caller works without the callee.
func (e *Edge) Optional() bool { return ptr.Deref(e.Dependency.Optional, false) }

// Resolved reports whether the callee and all called ports exist, and the caller may
// call them.
func (e *Edge) Resolved() bool { return e.Port != nil && e.MissingPort == "" && e.Permitted }

// Ports returns the ports of the callee that the caller may call.
func (e *Edge) Ports() []*v1alpha1.Port {
	if e.Port == nil || !e.Permitted {
		return nil
	}
	return append([]*v1alpha1.Port{e.Port}, e.MorePorts...)
}

// Secluded reports whether the callee is in another namespace and does not permit the caller,
// or does not exist there. The caller's team must not learn which: it may have no rights in
// that namespace (https://gateway-api.sigs.k8s.io/api-types/referencegrant/ has the same rule).
func (e *Edge) Secluded() bool { return !e.Permitted && e.Namespace() != e.Caller.Namespace }

// ForCaller returns the edge as the caller's team may know it: of a secluded callee, nothing.
func (e Edge) ForCaller() Edge {
	if e.Secluded() {
		e.Callee, e.Port, e.MorePorts, e.MissingPort = nil, nil, nil, ""
	}
	return e
}

// Problem returns the condition reason and the message for an edge that does not
// resolve. The reason of an edge that resolves is empty.
func (e *Edge) Problem() (reason string, message condition.Message) {
	message.Object = condition.Object{Kind: "Microservice", Name: e.Dependency.Name, Namespace: e.Dependency.Namespace}
	switch {
	case e.callsItself():
		return v1alpha1.ReasonInvalidSpec, condition.Message{Field: "dependencies", Cause: "must not name the service itself",
			Remedy: fmt.Sprintf("remove %q", e.Dependency.Name)}
	case e.Secluded():
		message.Cause = "does not exist, or does not permit this caller"
		message.Remedy = fmt.Sprintf("correct dependencies, or create it with {name: %s, namespace: %s} in its access", e.Caller.Name, e.Caller.Namespace)
		return v1alpha1.ReasonNotPermitted, message
	case e.Callee == nil:
		message.Object.Namespace = ""
		message.Cause, message.Remedy = "does not exist in this namespace", "create it, or remove it from dependencies"
		return v1alpha1.ReasonDependencyNotFound, message
	case e.Port == nil && e.Callee.Spec.Type == v1alpha1.WorkloadWorker:
		message.Cause, message.Remedy = "is a Worker and has no ports", "remove it from dependencies"
		return v1alpha1.ReasonPortNotFound, message
	case e.Port == nil:
		message.Cause, message.Remedy = fmt.Sprintf("has no port %q", e.Dependency.Port), "correct dependencies[].port"
		return v1alpha1.ReasonPortNotFound, message
	case e.MissingPort != "":
		message.Cause, message.Remedy = fmt.Sprintf("has no port %q", e.MissingPort), "correct dependencies[].morePorts"
		return v1alpha1.ReasonPortNotFound, message
	case !e.Permitted:
		message.Object.Namespace = e.Namespace()
		message.Cause = "belongs to another Topology and does not permit this caller"
		message.Remedy = fmt.Sprintf("add {name: %s, namespace: %s} to its access", e.Caller.Name, e.Caller.Namespace)
		return v1alpha1.ReasonNotPermitted, message
	}
	return "", condition.Message{}
}

// assumedPort returns the port for the caller's environment. If the dependency does
// not resolve, it is the most likely port, so that the caller can start.
func (e *Edge) assumedPort() *v1alpha1.Port {
	if e.Port != nil {
		return e.Port
	}
	if e.Callee != nil {
		if first := FindPort(e.Callee, ""); first != nil {
			return first
		}
	}
	return &defaultPorts[0]
}

// PortNumber returns the number of the called port.
func (e *Edge) PortNumber() string { return strconv.Itoa(int(e.assumedPort().Port)) }

// Host returns the host name of the callee's Service inside the cluster. It does not
// depend on the callee's existence, so that services can be created in any order.
func (e *Edge) Host() string { return ServiceHost(e.Dependency.Name, e.Namespace()) }

// HeadlessHost returns the host name of the callee's headless Service, which a service
// with a GRPC port has.
func (e *Edge) HeadlessHost() string { return ServiceHost(e.HeadlessName(), e.Namespace()) }

// HeadlessName returns the name of that Service.
func (e *Edge) HeadlessName() string { return names.Headless(e.Dependency.Name) }

// URL returns the URL of the called port.
func (e *Edge) URL() string { return e.PortURL(e.assumedPort()) }

// PortURL returns the URL of a port of the callee. gRPC clients balance the addresses of
// the scheme dns (https://github.com/grpc/grpc/blob/master/doc/naming.md). A TCP port has
// no scheme, so its URL is host:port.
func (e *Edge) PortURL(port *v1alpha1.Port) string {
	switch port.Protocol {
	case v1alpha1.ProtocolGRPC:
		return "dns:///" + e.PortAddress(port)
	case v1alpha1.ProtocolTCP:
		return e.PortAddress(port)
	}
	return "http://" + e.PortAddress(port)
}

// PortAddress returns host:port of a port of the callee. The host of a GRPC port is the
// headless Service: a client connects to the pods, so the port is the container's.
func (e *Edge) PortAddress(port *v1alpha1.Port) string {
	host, number := e.Host(), port.Port
	if port.Protocol == v1alpha1.ProtocolGRPC {
		host, number = e.HeadlessHost(), TargetPort(port)
	}
	return net.JoinHostPort(host, strconv.Itoa(int(number)))
}

// NamedPort returns the callee's port of a name, or the called port if the name is empty.
// If there is no such port, it is the most likely one.
func (e *Edge) NamedPort(name string) *v1alpha1.Port {
	if name != "" && e.Callee != nil {
		if port := FindPort(e.Callee, name); port != nil {
			return port
		}
	}
	return e.assumedPort()
}

// ServiceHost returns the host name of a Service inside the cluster.
func ServiceHost(name, namespace string) string {
	return name + "." + namespace + ".svc"
}
