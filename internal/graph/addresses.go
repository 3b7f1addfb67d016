// Copyright 2026 The Atoll Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"

	"github.com/atoll-dev/atoll/api/v1alpha1"
)

// BlockedConnection is a probable connection that Strict isolation of a Topology would
// block.
type BlockedConnection struct {
	From string `json:"from"`
	To   string `json:"to"`
	// Where is the place that names the connection, such as env USERS_URL.
	Where string `json:"where"`
	// Remedy says what would allow the connection.
	Remedy string `json:"do"`
}

// ConfiguredAddress is an address in the command, args or env of a container.
type ConfiguredAddress struct {
	// Where is the place that has it, such as env USERS_URL.
	Where string
	// Container is the name of the container that has it, and Path the field in the container,
	// such as env[USERS_URL] or args[0].
	Container, Path string
	// Host is the host as written. Empty means that the text is an address only if a
	// Service of that name exists.
	Host string
	// Scheme is the scheme of a URL in lower case. Empty means that the text names none.
	Scheme string
	// Namespace and Name are those of the Service, if the address is in the cluster. An
	// empty Name means that it cannot be a Service.
	Namespace, Name string
	// Port is the named port. Zero means none.
	Port int32
	// PortUnknown says that the text has a port that only the cluster or a shell knows, as
	// in http://users:$(PORT).
	PortUnknown bool
}

// ServiceAddresses returns the addresses in the command, args and env of a service,
// its podTemplate included.
func ServiceAddresses(ms *v1alpha1.Microservice) []ConfiguredAddress {
	return resolveAddresses(ms.Namespace, serviceValues(ms))
}

// PodAddresses returns the addresses in the command, args and env of a pod template in
// a namespace.
func PodAddresses(namespace string, pods *corev1.PodSpec) []ConfiguredAddress {
	var all []configuredValue
	containers := slices.Concat(pods.InitContainers, pods.Containers)
	for i := range containers {
		prefix := ""
		if len(containers) > 1 {
			prefix = fmt.Sprintf("container %q, ", containers[i].Name)
		}
		all = append(all, containerValues(prefix, &containers[i])...)
	}
	return resolveAddresses(namespace, all)
}

func resolveAddresses(namespace string, all []configuredValue) []ConfiguredAddress {
	var found []ConfiguredAddress
	for _, given := range all {
		for _, at := range parseAddresses(given.value) {
			of := at.serviceFrom(namespace)
			found = append(found, ConfiguredAddress{Where: given.where, Container: given.container, Path: given.path, Host: at.host, Scheme: at.scheme, Namespace: of.namespace, Name: of.name, Port: at.port, PortUnknown: at.portUnknown})
		}
	}
	return found
}
