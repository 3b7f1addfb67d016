// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package offline

import (
	"fmt"
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/atoll-dev/atoll/api/v1alpha1"
	"github.com/atoll-dev/atoll/internal/condition"
	"github.com/atoll-dev/atoll/internal/graph"
	"github.com/atoll-dev/atoll/internal/names"
)

const (
	// CodeUndeclaredCall says that a value has the address of a service, or of a port of it,
	// that is no dependency.
	CodeUndeclaredCall = "UndeclaredCall"
	// CodeUnknownHost says that a value has the address of a Service that does not exist, and
	// that one with a similar address does.
	CodeUnknownHost = "UnknownHost"
)

// schemePorts are the ports of addresses that name none.
var schemePorts = map[string]int32{"http": 80, "ws": 80, "https": 443, "wss": 443}

// calls looks at the addresses in env, command and args. variables has replaced variables by
// their values.
func (p *podLint) calls() {
	reported := map[string]bool{}
	for _, at := range graph.PodAddresses(p.ms.Namespace, p.pods) {
		if at.Name == "" {
			continue
		}
		if at.Port == 0 && !at.PortUnknown {
			at.Port = schemePorts[at.Scheme]
		}
		key := fmt.Sprintf("%s/%s:%d", at.Namespace, at.Name, at.Port)
		if reported[key] {
			continue
		}
		reported[key] = true
		switch callee := p.world.called(&at); {
		case callee == nil:
			p.unknownHost(&at)
		case callee != p.ms && !p.broken[id("Microservice", callee.Namespace, callee.Name)]:
			p.call(callee, &at)
		}
	}
}

// call looks at the address of a service.
func (p *podLint) call(callee *v1alpha1.Microservice, at *graph.ConfiguredAddress) {
	edges := p.world.indexed().edges[p.ms]
	declared := slices.IndexFunc(edges, func(e graph.Edge) bool { return e.Callee == callee })
	if declared >= 0 && !edges[declared].Resolved() {
		// The dependency is reported.
		return
	}
	object := condition.Object{Kind: "Microservice", Name: callee.Name}
	if callee.Namespace != p.ms.Namespace {
		object.Namespace = callee.Namespace
	}
	say := func(severity Severity, code, cause, remedy string) {
		p.reportAt(severity, code, p.placeOfValue(at), at.Where+": "+condition.Message{Object: object, Cause: cause, Remedy: remedy}.String())
	}
	port, ports := portAt(callee, at)
	if port == nil && at.Host == "" {
		// The text is no address, such as the name and the tag of an image.
		return
	}
	if at.Port != 0 && port == nil {
		remedy := "call port " + strings.Join(ports, " or ")
		if len(ports) == 0 {
			remedy = "remove it: the service is a Worker"
		}
		say(SeverityError, v1alpha1.ReasonPortNotFound, fmt.Sprintf("has no port %d", at.Port), remedy)
	}
	switch {
	case declared < 0:
		cause := "is called and is not in dependencies"
		if denied(p.world.isolationOf(p.ms), p.world.isolationOf(callee)) {
			cause += "; isolation blocks such a call"
		}
		say(SeverityWarning, CodeUndeclaredCall, cause, p.world.declare(p.ms, callee))
	case port != nil && !slices.ContainsFunc(edges[declared].Ports(), func(o *v1alpha1.Port) bool { return o.Name == port.Name }):
		say(SeverityWarning, CodeUndeclaredCall, fmt.Sprintf("is called on port %s, and the dependency is on port %s", port.Name, edges[declared].Port.Name),
			fmt.Sprintf("add %s to morePorts of the dependency", port.Name))
	case port != nil && p.unbalanced(callee, port, at):
		say(SeverityWarning, CodeUnbalanced, fmt.Sprintf("has several pods, and this address of port %s sends all calls of a connection to one of them", port.Name),
			"use the dependency's variable that ends in _URL, or value: Address in its env")
	}
}

// portAt returns the port of a service that an address leads to, or nil, and the ports that it
// may lead to. The headless Service leads to the ports of the pods.
func portAt(callee *v1alpha1.Microservice, at *graph.ConfiguredAddress) (found *v1alpha1.Port, all []string) {
	ports := graph.Ports(callee)
	for i := range ports {
		number := ports[i].Port
		if at.Name != callee.Name {
			number = graph.TargetPort(&ports[i])
		}
		if number == at.Port && found == nil {
			found = &ports[i]
		}
		all = append(all, fmt.Sprintf("%d (%s)", number, ports[i].Name))
	}
	return found, all
}

// unknownHost looks at the address of a Service that is not in the files. It may be in the
// cluster, unless one of the files has nearly the same address.
func (p *podLint) unknownHost(at *graph.ConfiguredAddress) {
	if at.Host == "" || at.Name == "localhost" || p.aliases(at.Host) || p.hasService(at) || p.declares(at) {
		return
	}
	all := p.services()
	var meant []string
	if name := closest(at.Name, namesIn(all, at.Namespace)); name != "" {
		meant = []string{graph.ServiceHost(name, at.Namespace)}
	} else {
		meant = p.sameNameElsewhere(at, all)
	}
	if len(meant) == 0 {
		return
	}
	p.reportAt(SeverityWarning, CodeUnknownHost, p.placeOfValue(at), at.Where+": "+condition.Message{
		Cause:  fmt.Sprintf("Service %q of namespace %q is not in the files; did you mean %s?", at.Name, at.Namespace, strings.Join(meant, " or ")),
		Remedy: "correct the address, or ignore this if the Service is in the cluster"}.String())
}

// sameNameElsewhere returns the addresses of services of the same name: in any namespace if
// the address names none, and otherwise in one with a similar name.
func (p *podLint) sameNameElsewhere(at *graph.ConfiguredAddress, all []place) []string {
	var namespaces []string
	for _, of := range all {
		if of.name == at.Name {
			namespaces = append(namespaces, of.namespace)
		}
	}
	slices.Sort(namespaces)
	if strings.Contains(at.Host, ".") || at.Namespace != p.ms.Namespace {
		namespaces = slices.DeleteFunc(namespaces, func(namespace string) bool { return closest(at.Namespace, []string{namespace}) == "" })
	}
	var meant []string
	for _, namespace := range namespaces {
		meant = append(meant, graph.ServiceHost(at.Name, namespace))
	}
	return meant
}

// aliases reports whether the pods have an address of their own for a host.
func (p *podLint) aliases(host string) bool {
	return slices.ContainsFunc(p.pods.HostAliases, func(alias corev1.HostAlias) bool { return slices.Contains(alias.Hostnames, host) })
}

// declares reports whether the host is a dependency that is not in the files.
func (p *podLint) declares(at *graph.ConfiguredAddress) bool {
	return slices.ContainsFunc(graph.CalleesOf(p.ms), func(callee types.NamespacedName) bool {
		return callee.Namespace == at.Namespace && (callee.Name == at.Name || names.Headless(callee.Name) == at.Name)
	})
}

func namesIn(all []place, namespace string) []string {
	var found []string
	for _, of := range all {
		if of.namespace == namespace {
			found = append(found, of.name)
		}
	}
	return found
}

// hasService reports whether the files have the Service of an address, or Atoll makes it for a
// database.
func (p *podLint) hasService(at *graph.ConfiguredAddress) bool {
	if p.world.kubeServices[types.NamespacedName{Namespace: at.Namespace, Name: at.Name}] != nil {
		return true
	}
	return p.world.databaseOf(at) != nil
}
